"""Disclosure dates: every change of an issue's date is kept, and one at most stands."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, func, select, update

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields
from gatekeeper.store.faults import Conflict
from gatekeeper.store.procedure import DATE_STATES, dates
from gatekeeper.store.tx import Tx, insert_or

PROPOSED: Final = "proposed"
AGREED: Final = "agreed"
ENDED: Final = "ended"

_T: Final = dates.c


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRow:
    """One change of an issue's date, the `number`-th.

    `instant` when it is public · `predisclosure` when the lists are told, None if they are not ·
    `state` proposed, agreed or ended · `by` whose word it is (`reporter`, `policy-default`, a name)
    · `via` how it was given, `reason` why, "" for not said · `at` when it was written down ·
    `ended_at` when the next change came, None while it stands.
    """

    issue: RowId
    number: int
    instant: Instant
    predisclosure: Instant | None = None
    state: str
    by: str
    via: str = ""
    reason: str = ""
    at: Instant
    ended_at: Instant | None = None

    def __post_init__(self) -> None:
        """Refuse a state that there is not, and a change that nobody made."""
        if self.state not in DATE_STATES or self.number < 1 or not self.by:
            message = "a date is proposed, agreed or ended by somebody"
            raise ValueError(message)


def add(tx: Tx, date: DateRow) -> None:
    """Write down the next change of an issue's date; the one that stood ends at `date.at`.

    `date.number` is one more than that of the last change that the caller saw, 1 for the first:
    Conflict when there was another change meanwhile. What has ended does not stand itself.
    """
    issue, number = date.issue, date.number
    last = tx.connection.scalar(select(func.max(_T.number)).where(_T.issue == issue)) or 0
    if number != last + 1:
        raise _changed()
    stands = (_T.issue == issue, _T.ended_at.is_(None))
    tx.connection.execute(update(dates).where(*stands).values(ended_at=date.at))
    row = _place(issue, number)
    values = {
        "issue": issue,
        "number": number,
        "instant": date.instant,
        "predisclosure": date.predisclosure,
        "state": date.state,
        "by": fields.seal_text(tx, _T.by, row, date.by),
        "via": fields.seal_text(tx, _T.via, row, date.via) if date.via else None,
        "reason": fields.seal_text(tx, _T.reason, row, date.reason) if date.reason else None,
        "at": date.at,
        "ended_at": date.at if date.state == ENDED else None,
    }
    statement = insert_or(tx, dates).values(values).on_conflict_do_nothing()
    if tx.connection.scalar(statement.returning(_T.number)) is None:
        raise _changed()


def history(tx: Tx, issue: RowId) -> tuple[DateRow, ...]:
    """Return all changes of an issue's date, oldest first."""
    return _listed(tx, select(dates).where(_T.issue == issue).order_by(_T.number))


def standing(tx: Tx, issue: RowId) -> DateRow | None:
    """Return the date that stands, proposed or agreed; None when there is none, or it has ended."""
    found = _listed(tx, select(dates).where(_T.issue == issue, _T.ended_at.is_(None)))
    return found[0] if found else None


def all_standing(tx: Tx) -> tuple[DateRow, ...]:
    """Return the dates of all issues that stand, the earliest first."""
    query = select(dates).where(_T.ended_at.is_(None))
    return _listed(tx, query.order_by(_T.instant, _T.issue))


def _changed() -> Conflict:
    return Conflict("the date was changed meanwhile", remedy="look at the issue again and repeat")


def _place(issue: bytes, number: int) -> bytes:
    return issue + number.to_bytes(4)


def _listed(tx: Tx, query: Select[Any]) -> tuple[DateRow, ...]:
    return tuple(_date(tx, row) for row in tx.connection.execute(query).all())


def _date(tx: Tx, row: Row[Any]) -> DateRow:
    place = _place(row.issue, row.number)
    return DateRow(
        issue=row_id(row.issue),
        number=row.number,
        instant=Instant(row.instant),
        predisclosure=Instant(row.predisclosure) if row.predisclosure is not None else None,
        state=row.state,
        by=fields.unseal_text(tx, _T.by, place, row.by),
        via=fields.unseal_text(tx, _T.via, place, row.via),
        reason=fields.unseal_text(tx, _T.reason, place, row.reason),
        at=Instant(row.at),
        ended_at=Instant(row.ended_at) if row.ended_at is not None else None,
    )
