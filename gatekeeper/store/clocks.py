"""Clocks: when a rule of policy began to run for an issue, each once (R-6)."""

from typing import Final

from sqlalchemy import delete, select

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, keys
from gatekeeper.store.procedure import clocks
from gatekeeper.store.tx import Tx, insert_or

_C: Final = clocks.c


def start(tx: Tx, *, issue: RowId, rule: str, at: Instant) -> bool:
    """Let a clock of policy run for an issue from `at`; False when it runs already, as it did."""
    key = _key(tx, issue, rule)
    sealed = fields.seal_text(tx, _C.rule, issue + key, rule)
    values = {"issue": issue, "rule_key": key, "rule": sealed, "started_at": at}
    statement = insert_or(tx, clocks).values(values).on_conflict_do_nothing()
    return tx.connection.scalar(statement.returning(_C.rule_key)) is not None


def stop(tx: Tx, *, issue: RowId, rule: str) -> bool:
    """Let a clock run no more, and say whether it did."""
    this = (_C.issue == issue, _C.rule_key == _key(tx, issue, rule))
    return tx.connection.execute(delete(clocks).where(*this)).rowcount > 0


def of_issue(tx: Tx, issue: RowId) -> dict[str, Instant]:
    """Return when each clock that runs for an issue began, by the name of its rule."""
    query = select(clocks).where(_C.issue == issue).order_by(_C.started_at, _C.rule_key)
    return {
        fields.unseal_text(tx, _C.rule, row.issue + row.rule_key, row.rule): Instant(row.started_at)
        for row in tx.connection.execute(query)
    }


def _key(tx: Tx, issue: RowId, rule: str) -> bytes:
    return keys.of_word(tx, "clock", rule, issue=issue)
