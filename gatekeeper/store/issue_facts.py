"""Facts: what is known of an issue, each with its instant and who said so."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.process import Fact
from gatekeeper.store import fields, keys
from gatekeeper.store.procedure import issue_facts
from gatekeeper.store.tx import Tx, insert_or

_F: Final = issue_facts.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One fact of one issue: since when it holds, who said so, and what there is to it, or ""."""

    issue: RowId
    fact: Fact
    at: Instant
    by: str
    value: str = ""


def put(tx: Tx, known: Known) -> None:
    """Keep a fact, in place of what was known of it before."""
    key = _key(tx, known.issue, known.fact)
    row = known.issue + key
    values = {
        "fact": fields.seal_text(tx, _F.fact, row, known.fact),
        "by": fields.seal_text(tx, _F.by, row, known.by),
        "value": fields.seal_text(tx, _F.value, row, known.value) if known.value else None,
        "at": known.at,
    }
    statement = insert_or(tx, issue_facts).values(issue=known.issue, fact_key=key, **values)
    tx.connection.execute(
        statement.on_conflict_do_update(index_elements=[_F.issue, _F.fact_key], set_=values)
    )


def drop(tx: Tx, *, issue: RowId, fact: Fact) -> bool:
    """Take a fact back, and say whether it was known."""
    this = (_F.issue == issue, _F.fact_key == _key(tx, issue, fact))
    return tx.connection.execute(delete(issue_facts).where(*this)).rowcount > 0


def of_issue(tx: Tx, issue: RowId) -> dict[Fact, Known]:
    """Return all that is known of an issue, the oldest fact first."""
    query = select(issue_facts).where(_F.issue == issue).order_by(_F.at, _F.fact_key)
    found: dict[Fact, Known] = {}
    for row in tx.connection.execute(query):
        place = row.issue + row.fact_key
        fact = Fact(fields.unseal_text(tx, _F.fact, place, row.fact))
        found[fact] = Known(
            issue=row_id(row.issue),
            fact=fact,
            at=Instant(row.at),
            by=fields.unseal_text(tx, _F.by, place, row.by),
            value=fields.unseal_text(tx, _F.value, place, row.value),
        )
    return found


def _key(tx: Tx, issue: RowId, fact: Fact) -> bytes:
    return keys.of_word(tx, "fact", fact, issue=issue)
