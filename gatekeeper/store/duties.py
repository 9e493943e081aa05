"""Duties: work that one process at a time does, each holder under a term that ends the last one's.

Leases alone cannot tell a process that stood still that its time is over. So every transaction of
a duty begins with `require`: whoever was replaced meanwhile writes nothing (a fencing token).
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select, update

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store.faults import stale_lease
from gatekeeper.store.running import duties
from gatekeeper.store.tx import POSTGRESQL, Tx, insert_or

_D: Final = duties.c

STILL_SECONDS: Final = 30
"""How long a holder may stand still inside a transaction until PostgreSQL ends that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """That `holder` has a duty; `number` is greater than that of every holder before."""

    name: str
    holder: RowId
    number: int


def take(tx: Tx, *, name: str, holder: RowId, now: Instant, lease: int) -> Term | None:
    """Take a duty that nobody has or whose lease ended, or keep it; None while another has it.

    `lease` in microseconds from `now`. None, too, while a transaction of another holder is open,
    however long it stands still: nothing is waited for.
    """
    until = later(now, lease)
    mine = update(duties).where(_D.name == name, _D.holder == holder).values(until=until)
    number = tx.connection.scalar(mine.returning(_D.term))
    if number is None:
        vacant = insert_or(tx, duties).values(name=name, holder=None, term=0, until=0)
        tx.connection.execute(vacant.on_conflict_do_nothing(index_elements=[_D.name]))
        free = or_(_D.holder.is_(None), _D.until <= now)
        query = select(_D.name).where(_D.name == name, free).with_for_update(skip_locked=True)
        if tx.connection.execute(query).one_or_none() is None:
            return None
        taken = update(duties).where(_D.name == name)
        values = {"holder": holder, "term": _D.term + 1, "until": until}
        number = tx.connection.execute(taken.values(values).returning(_D.term)).scalar_one()
    return Term(name=name, holder=holder, number=number)


def require(tx: Tx, term: Term) -> None:
    """Refuse, as StaleLease, what a holder does whom another one replaced.

    Until this transaction ends nobody replaces it; so one whose process stands still in it is
    ended by the server, lest the duty wait for that process.
    """
    if tx.dialect == POSTGRESQL:
        limit = func.set_config("idle_in_transaction_session_timeout", f"{STILL_SECONDS}s", True)
        tx.connection.execute(select(limit))
    query = (
        select(_D.term)
        .where(_D.name == term.name, _D.holder == term.holder, _D.term == term.number)
        .with_for_update(read=True)
    )
    if tx.connection.execute(query).one_or_none() is None:
        raise stale_lease("duty")


def release(tx: Tx, term: Term) -> None:
    """Give a duty up, so that the next one need not wait; nothing happens when it was lost."""
    statement = update(duties).where(
        _D.name == term.name, _D.holder == term.holder, _D.term == term.number
    )
    tx.connection.execute(statement.values(holder=None, until=0))


def holder(tx: Tx, name: str) -> RowId | None:
    """Return who has a duty, as far as the table says; its lease may have ended."""
    found = tx.connection.scalar(select(_D.holder).where(_D.name == name))
    return RowId(found) if found is not None else None
