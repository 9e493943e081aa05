"""All open issues at one look, with what reminders depend on: a few queries, however many."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, and_, case, func, not_, or_, select

from gatekeeper.domain.identity import IssueId, RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.participants import Part
from gatekeeper.domain.process import Fact, IssueState, Severity, Track
from gatekeeper.store import fields
from gatekeeper.store.conversation import correspondents
from gatekeeper.store.procedure import clocks, issue_facts
from gatekeeper.store.tables import OPEN_STATES, deliveries, events, issues, messages
from gatekeeper.store.tx import Tx

_I: Final = issues.c
_E: Final = events.c
_C: Final = correspondents.c
_D: Final = deliveries.c
_M: Final = messages.c
_F: Final = issue_facts.c
_K: Final = clocks.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One open issue.

    `owner` "" for nobody · `answered_at` when a person first answered the reporter, `active_at`
    when something last happened in it · `reporter` who reported it, if there is somebody to write
    to, `written_at` when we last wrote to them, `heard_at` when they last wrote since · `facts`
    since when each holds · `clocks` when each began to run, by its rule.
    """

    issue: RowId
    issue_id: IssueId
    subject: str
    owner: str
    state: IssueState
    track: Track | None
    severity: Severity | None
    opened_at: Instant
    answered_at: Instant | None
    active_at: Instant
    reporter: RowId | None
    written_at: Instant | None
    heard_at: Instant | None
    facts: dict[Fact, Instant]
    clocks: dict[str, Instant]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outside:
    reporter: RowId
    written_at: Instant | None
    heard_at: Instant | None


def open_issues(
    tx: Tx, *, quiet: Collection[str], answers: Collection[str]
) -> tuple[Followed, ...]:
    """Return all open issues, oldest first.

    `quiet` is how the kinds of entries of the event log begin by which nothing happens in an issue,
    `answers` the kinds of those by which a person answered.
    """
    happened = _happened(tx, quiet, answers)
    outside, facts, begun = _outside(tx), _facts(tx), _begun(tx)
    query = select(issues).where(_I.state.in_(OPEN_STATES))
    rows = tx.connection.execute(query.order_by(_I.opened_at, _I.id)).all()
    return tuple(
        _followed(
            tx,
            row,
            happened=happened.get(row.id, (None, None)),
            outside=outside.get(row.id),
            facts=facts.get(row.id, {}),
            begun=begun.get(row.id, {}),
        )
        for row in rows
    )


def _followed(
    tx: Tx,
    row: Row[Any],
    *,
    happened: tuple[Instant | None, Instant | None],
    outside: _Outside | None,
    facts: dict[Fact, Instant],
    begun: dict[str, Instant],
) -> Followed:
    active_at, answered_at = happened
    track = fields.unseal_text(tx, _I.track, row.id, row.track)
    severity = fields.unseal_text(tx, _I.severity, row.id, row.severity)
    return Followed(
        issue=row_id(row.id),
        issue_id=IssueId(prefix=row.prefix, year=row.year, number=row.number),
        subject=fields.unseal_text(tx, _I.subject, row.id, row.subject),
        owner=fields.unseal_text(tx, _I.owner, row.id, row.owner),
        state=IssueState(row.state),
        track=Track(track) if track else None,
        severity=Severity(severity) if severity else None,
        opened_at=Instant(row.opened_at),
        answered_at=answered_at,
        active_at=active_at if active_at is not None else Instant(row.opened_at),
        reporter=outside.reporter if outside else None,
        written_at=outside.written_at if outside else None,
        heard_at=outside.heard_at if outside else None,
        facts=facts,
        clocks=begun,
    )


def _open() -> Select[tuple[bytes]]:
    return select(_I.id).where(_I.state.in_(OPEN_STATES))


def _happened(
    tx: Tx, quiet: Collection[str], answers: Collection[str]
) -> dict[bytes, tuple[Instant | None, Instant | None]]:
    """Return of each issue when something last happened, and when it was first answered."""
    silent = or_(*(_E.kind.startswith(each, autoescape=True) for each in quiet))
    query = (
        select(
            _E.issue,
            func.max(case((not_(silent), _E.at))).label("active_at"),
            func.min(case((_E.kind.in_(answers), _E.at))).label("answered_at"),
        )
        .where(_E.issue.in_(_open()))
        .group_by(_E.issue)
    )
    return {
        row.issue: (_instant(row.active_at), _instant(row.answered_at))
        for row in tx.connection.execute(query)
    }


def _outside(tx: Tx) -> dict[bytes, _Outside]:
    """Return of each issue who reported it, when we last wrote to them, and when they did."""
    written = (
        select(func.max(_D.created_at))
        .where(_D.issue == _C.issue, _D.correspondent == _C.id)
        .scalar_subquery()
    )
    heard = (
        select(func.max(_M.received_at))
        .where(_M.issue == _C.issue, _M.sender == _C.address_key)
        .scalar_subquery()
    )
    query = select(_C.issue, _C.id, written.label("written_at"), heard.label("heard_at")).where(
        and_(_C.issue.in_(_open()), _C.role == Part.REPORTER, _C.removed_at.is_(None))
    )
    found: dict[bytes, _Outside] = {}
    for row in tx.connection.execute(query.order_by(_C.created_at.desc(), _C.id)):
        found[row.issue] = _Outside(
            reporter=row_id(row.id),
            written_at=_instant(row.written_at),
            heard_at=_instant(row.heard_at),
        )
    return found


def _facts(tx: Tx) -> dict[bytes, dict[Fact, Instant]]:
    query = select(_F.issue, _F.fact_key, _F.fact, _F.at).where(_F.issue.in_(_open()))
    found: dict[bytes, dict[Fact, Instant]] = {}
    for row in tx.connection.execute(query):
        fact = Fact(fields.unseal_text(tx, _F.fact, row.issue + row.fact_key, row.fact))
        found.setdefault(row.issue, {})[fact] = Instant(row.at)
    return found


def _begun(tx: Tx) -> dict[bytes, dict[str, Instant]]:
    query = select(_K.issue, _K.rule_key, _K.rule, _K.started_at).where(_K.issue.in_(_open()))
    found: dict[bytes, dict[str, Instant]] = {}
    for row in tx.connection.execute(query):
        rule = fields.unseal_text(tx, _K.rule, row.issue + row.rule_key, row.rule)
        found.setdefault(row.issue, {})[rule] = Instant(row.started_at)
    return found


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)
