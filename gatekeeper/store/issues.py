"""Issues: numbered without gaps, changed only by who saw the latest version."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, func, insert, select, update

from gatekeeper.domain.identity import IssueId, RowId, row_id
from gatekeeper.domain.instants import Instant, to_datetime
from gatekeeper.store import fields, keys
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import OPEN_STATES, counters, issues, messages
from gatekeeper.store.tx import Tx, insert_or

REPORTED: Final = "reported"
"""The state in which an issue begins (design 01)."""

_I: Final = issues.c


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    """An issue; `tag` is its opaque name outside, `reporter` as the report's From wrote it.

    `owner` who of the team has taken it, "" if nobody · `message_count` counts the messages
    handled into it · `legal_hold` that nothing of it may be erased.
    """

    id: RowId
    product: RowId
    issue_id: IssueId
    tag: str
    subject: str
    reporter: str
    state: str
    version: int
    opened_at: Instant
    updated_at: Instant
    owner: str
    message_count: int
    legal_hold: bool = False


def open_issue(
    tx: Tx, *, product: RowId, prefix: str, tag: str, subject: str, reporter: str, now: Instant
) -> IssueRow:
    """Open an issue under the product's next number of `now`'s UTC year.

    The number is taken in this transaction, so a rollback leaves no gap.
    """
    year = to_datetime(now).year
    made = keys.new_id()
    values = {
        "id": made,
        "product": product,
        "prefix": prefix,
        "year": year,
        "number": _next_number(tx, product, year),
        "tag": tag,
        "subject": fields.seal_text(tx, _I.subject, made, subject),
        "reporter": fields.seal_text(tx, _I.reporter, made, reporter),
        "state": REPORTED,
        "version": 1,
        "opened_at": now,
        "updated_at": now,
    }
    tx.connection.execute(insert(issues).values(values))
    return by_row(tx, made)


def get(tx: Tx, issue_id: IssueId) -> IssueRow | None:
    """Return the issue with that public-facing id, or None."""
    found = tx.connection.execute(
        _query().where(
            _I.prefix == issue_id.prefix, _I.year == issue_id.year, _I.number == issue_id.number
        )
    ).one_or_none()
    return _issue(tx, found) if found is not None else None


def by_row(tx: Tx, issue: RowId) -> IssueRow:
    """Return the issue of that row; Conflict when there is none."""
    found = tx.connection.execute(_query().where(_I.id == issue)).one_or_none()
    if found is None:
        raise Conflict("there is no such issue")
    return _issue(tx, found)


def list_all(tx: Tx) -> tuple[IssueRow, ...]:
    """Return all issues by prefix, year and number."""
    rows = tx.connection.execute(_query().order_by(_I.prefix, _I.year, _I.number))
    return tuple(_issue(tx, row) for row in rows)


def touch(tx: Tx, *, issue: RowId, version: int, now: Instant) -> None:
    """Move the issue to its next version; Conflict when `version` is not the latest."""
    statement = (
        update(issues)
        .where(_I.id == issue, _I.version == version)
        .values(version=version + 1, updated_at=now)
    )
    if tx.connection.execute(statement).rowcount != 1:
        raise Conflict("the issue was changed meanwhile", remedy="look at it again and repeat")


def set_owner(tx: Tx, *, issue: RowId, owner: str, now: Instant) -> None:
    """Write down who has taken the issue, "" for nobody; Conflict when there is no such issue.

    The version stays: whoever takes it last has it, and nothing else depends on it.
    """
    sealed = fields.seal_text(tx, _I.owner, issue, owner) if owner else None
    statement = update(issues).where(_I.id == issue).values(owner=sealed, updated_at=now)
    if tx.connection.execute(statement).rowcount != 1:
        raise Conflict("there is no such issue")


def hold(tx: Tx, *, issue: RowId, on: bool) -> bool:
    """Put the issue under legal hold or take it off; say whether that changed anything.

    Neither its version nor when it was last changed moves. Conflict when there is no such issue.
    """
    query = select(_I.legal_hold).where(_I.id == issue).with_for_update()
    before = tx.connection.scalar(query)
    if before is None:
        raise Conflict("there is no such issue")
    tx.connection.execute(update(issues).where(_I.id == issue).values(legal_hold=on))
    return bool(before) is not on


def locked_unchanged(tx: Tx, issue: RowId, *, before: Instant) -> bool:
    """Let nobody change the issue until this transaction ends; say whether it may be erased.

    It may when it is closed, not on hold, and was last changed before.
    """
    query = select(_I.state, _I.updated_at, _I.legal_hold).where(_I.id == issue)
    found = tx.connection.execute(query.with_for_update()).one()
    return found.state not in OPEN_STATES and not found.legal_hold and found.updated_at < before


def _next_number(tx: Tx, product: RowId, year: int) -> int:
    first = insert_or(tx, counters).values(product=product, year=year, value=1)
    statement = first.on_conflict_do_update(
        index_elements=[counters.c.product, counters.c.year],
        set_={"value": counters.c.value + 1},
    )
    return int(tx.connection.execute(statement.returning(counters.c.value)).scalar_one())


def _query() -> Select[Any]:
    count = (
        select(func.count())
        .select_from(messages)
        .where(messages.c.issue == _I.id)
        .scalar_subquery()
    )
    return select(issues, count.label("message_count"))


def _issue(tx: Tx, row: Row[Any]) -> IssueRow:
    return IssueRow(
        id=row_id(row.id),
        product=row_id(row.product),
        issue_id=IssueId(prefix=row.prefix, year=row.year, number=row.number),
        tag=row.tag,
        subject=fields.unseal_text(tx, _I.subject, row.id, row.subject),
        reporter=fields.unseal_text(tx, _I.reporter, row.id, row.reporter),
        state=row.state,
        version=row.version,
        opened_at=Instant(row.opened_at),
        updated_at=Instant(row.updated_at),
        owner=fields.unseal_text(tx, _I.owner, row.id, row.owner),
        message_count=row.message_count,
        legal_hold=row.legal_hold,
    )
