"""Ceilings: until when each holder of a date agreed to be silent, and never longer (T-8)."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select, update

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, keys
from gatekeeper.store.faults import Conflict
from gatekeeper.store.procedure import ceilings
from gatekeeper.store.tx import Tx, insert_or

_C: Final = ceilings.c


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingRow:
    """Until when one holder is silent.

    `holder` who, in our words (`reporter`, an organisation's name) · `kind` as what, one word ·
    `by` who wrote it down · `via` how it was given, "" for by mail · `ended_at` since when it binds
    no more, None while it does.
    """

    id: RowId
    issue: RowId
    holder: str
    kind: str
    instant: Instant
    by: str
    via: str = ""
    at: Instant
    ended_at: Instant | None = None


def put(
    tx: Tx,
    *,
    issue: RowId,
    holder: str,
    kind: str,
    instant: Instant,
    by: str,
    now: Instant,
    via: str = "",
) -> RowId:
    """Write down until when a holder is silent, in place of what bound this holder before.

    Conflict when somebody else wrote down another date of theirs at the same time.
    """
    key = _key(tx, issue, holder)
    _end(tx, issue, key, now)
    made = keys.new_id()
    values = {
        "id": made,
        "issue": issue,
        "holder_key": key,
        "holder": fields.seal_text(tx, _C.holder, made, holder),
        "kind": fields.seal_text(tx, _C.kind, made, kind),
        "instant": instant,
        "by": fields.seal_text(tx, _C.by, made, by),
        "via": fields.seal_text(tx, _C.via, made, via) if via else None,
        "at": now,
    }
    statement = insert_or(tx, ceilings).values(values).on_conflict_do_nothing()
    if tx.connection.scalar(statement.returning(_C.id)) is None:
        raise Conflict("the date was changed meanwhile", remedy="look at the issue and repeat")
    return made


def lift(tx: Tx, *, issue: RowId, holder: str, now: Instant) -> None:
    """Let what bound a holder bind no more; Conflict when nothing did."""
    if not _end(tx, issue, _key(tx, issue, holder), now):
        raise Conflict("nobody of that name holds a date of the issue")


def of_issue(tx: Tx, issue: RowId) -> tuple[CeilingRow, ...]:
    """Return all that ever bound in the issue, oldest first."""
    query = select(ceilings).where(_C.issue == issue).order_by(_C.at, _C.id)
    return tuple(_ceiling(tx, row) for row in tx.connection.execute(query))


def binding(tx: Tx, issue: RowId) -> tuple[CeilingRow, ...]:
    """Return what binds in the issue now, the earliest instant first."""
    found = [row for row in of_issue(tx, issue) if row.ended_at is None]
    return tuple(sorted(found, key=lambda row: row.instant))


def _key(tx: Tx, issue: RowId, holder: str) -> bytes:
    """Return the look-up of a holder; spaces and case make no other one."""
    return keys.of_word(tx, "holder", " ".join(holder.casefold().split()), issue=issue)


def _end(tx: Tx, issue: RowId, key: bytes, now: Instant) -> bool:
    binds = (_C.issue == issue, _C.holder_key == key, _C.ended_at.is_(None))
    return tx.connection.execute(update(ceilings).where(*binds).values(ended_at=now)).rowcount > 0


def _ceiling(tx: Tx, row: Row[Any]) -> CeilingRow:
    return CeilingRow(
        id=row_id(row.id),
        issue=row_id(row.issue),
        holder=fields.unseal_text(tx, _C.holder, row.id, row.holder),
        kind=fields.unseal_text(tx, _C.kind, row.id, row.kind),
        instant=Instant(row.instant),
        by=fields.unseal_text(tx, _C.by, row.id, row.by),
        via=fields.unseal_text(tx, _C.via, row.id, row.via),
        at=Instant(row.at),
        ended_at=Instant(row.ended_at) if row.ended_at is not None else None,
    )
