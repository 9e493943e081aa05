"""What was decided of an issue as a whole, changed only by who saw its latest version."""

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.process import IssueState, Severity, Track
from gatekeeper.store import fields
from gatekeeper.store.faults import Conflict
from gatekeeper.store.procedure import MERGED_INTO, SPLIT_FROM, issue_links
from gatekeeper.store.tables import OPEN_STATES, issues
from gatekeeper.store.tx import Tx

_I: Final = issues.c
_L: Final = issue_links.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How an issue stands.

    `track` None until it is chosen, `severity` until it is judged · `reason` why it was rejected or
    handed over, "" else · `merged_into` and `split_from` the other issue (R-8) · `version` grows
    with each change · `updated_at` when the last one was.
    """

    issue: RowId
    state: IssueState
    track: Track | None = None
    severity: Severity | None = None
    reason: str = ""
    merged_into: RowId | None = None
    split_from: RowId | None = None
    version: int
    updated_at: Instant


def get(tx: Tx, issue: RowId) -> Decided:
    """Return how the issue stands; Conflict when there is none."""
    found = tx.connection.execute(select(issues).where(_I.id == issue)).one_or_none()
    if found is None:
        raise Conflict("there is no such issue")
    return _decided(tx, found)


def all_open(tx: Tx) -> tuple[Decided, ...]:
    """Return how all issues stand that are not closed, oldest first."""
    query = select(issues).where(_I.state.in_(OPEN_STATES)).order_by(_I.opened_at, _I.id)
    return tuple(_decided(tx, row) for row in tx.connection.execute(query).all())


def save(tx: Tx, changed: Decided, *, now: Instant) -> Decided:
    """Keep what was decided, and return it in its next version.

    `changed` is what `get` returned with other values; Conflict when the issue was changed since.
    """
    issue = changed.issue
    values = {
        "state": str(changed.state),
        "track": _sealed(tx, _I.track, issue, changed.track),
        "severity": _sealed(tx, _I.severity, issue, changed.severity),
        "reason": _sealed(tx, _I.reason, issue, changed.reason),
        "version": changed.version + 1,
        "updated_at": now,
    }
    same = (_I.id == issue, _I.version == changed.version)
    if tx.connection.execute(update(issues).where(*same).values(values)).rowcount != 1:
        raise Conflict("the issue was changed meanwhile", remedy="look at it again and repeat")
    before = _links(tx, issue)
    for kind, other in ((MERGED_INTO, changed.merged_into), (SPLIT_FROM, changed.split_from)):
        if before.get(kind) != other:
            _link(tx, issue, kind, other, now)
    return replace(changed, version=changed.version + 1, updated_at=now)


def merged(tx: Tx, into: RowId) -> tuple[RowId, ...]:
    """Return the issues that were merged into this one, in that order."""
    return _others(tx, MERGED_INTO, into)


def split_off(tx: Tx, off: RowId) -> tuple[RowId, ...]:
    """Return the issues that were split from this one, in that order."""
    return _others(tx, SPLIT_FROM, off)


def _others(tx: Tx, kind: str, issue: RowId) -> tuple[RowId, ...]:
    query = select(_L.issue).where(_L.kind == kind, _L.other == issue)
    return tuple(row_id(each) for each in tx.connection.scalars(query.order_by(_L.at, _L.issue)))


def _links(tx: Tx, issue: bytes) -> dict[str, RowId]:
    query = select(_L.kind, _L.other).where(_L.issue == issue)
    return {row.kind: row_id(row.other) for row in tx.connection.execute(query)}


def _link(tx: Tx, issue: RowId, kind: str, other: RowId | None, now: Instant) -> None:
    tx.connection.execute(delete(issue_links).where(_L.issue == issue, _L.kind == kind))
    if other is not None:
        values = {"issue": issue, "kind": kind, "other": other, "at": now}
        tx.connection.execute(insert(issue_links).values(values))


def _sealed(tx: Tx, column: fields.Sealable, issue: RowId, word: str | None) -> bytes | None:
    return fields.seal_text(tx, column, issue, word) if word else None


def _decided(tx: Tx, row: Row[Any]) -> Decided:
    track = fields.unseal_text(tx, _I.track, row.id, row.track)
    severity = fields.unseal_text(tx, _I.severity, row.id, row.severity)
    links = _links(tx, row.id)
    return Decided(
        issue=row_id(row.id),
        state=IssueState(row.state),
        track=Track(track) if track else None,
        severity=Severity(severity) if severity else None,
        reason=fields.unseal_text(tx, _I.reason, row.id, row.reason),
        merged_into=links.get(MERGED_INTO),
        split_from=links.get(SPLIT_FROM),
        version=row.version,
        updated_at=Instant(row.updated_at),
    )
