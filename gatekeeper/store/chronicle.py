"""When issues reached what is measured of them: from the event log, and from facts."""

from typing import Final

from sqlalchemy import func, select

from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.process import Fact, IssueState, Severity, Track
from gatekeeper.domain.statistics import EVENTS, FACTS, Life, Milestone
from gatekeeper.store import fields
from gatekeeper.store.procedure import issue_facts
from gatekeeper.store.tables import events, issues
from gatekeeper.store.tx import Tx

_I: Final = issues.c
_E: Final = events.c
_F: Final = issue_facts.c


def lives(tx: Tx) -> tuple[Life, ...]:
    """Return all issues as they are measured, oldest first, also those that were erased.

    What was rejected and then reopened counts as closed when it was closed for good.
    """
    at: dict[bytes, dict[Milestone, Instant]] = {}
    for issue, milestone, instant in [*_of_events(tx), *_of_facts(tx)]:
        known = at.setdefault(issue, {})
        decides = max if milestone is Milestone.CLOSED else min
        known[milestone] = decides(known.get(milestone, instant), instant)
    query = select(issues).order_by(_I.opened_at, _I.prefix, _I.year, _I.number)
    found = []
    for row in tx.connection.execute(query):
        state = IssueState(row.state)
        reached = {Milestone.REPORTED: Instant(row.opened_at), **at.get(row.id, {})}
        if state.is_open:
            reached.pop(Milestone.CLOSED, None)
        track = fields.unseal_text(tx, _I.track, row.id, row.track)
        severity = fields.unseal_text(tx, _I.severity, row.id, row.severity)
        found.append(
            Life(
                issue=str(IssueId(prefix=row.prefix, year=row.year, number=row.number)),
                state=state,
                track=Track(track) if track else None,
                severity=Severity(severity) if severity else None,
                at=reached,
            )
        )
    return tuple(found)


def _of_events(tx: Tx) -> list[tuple[bytes, Milestone, Instant]]:
    query = (
        select(_E.issue, _E.kind, func.min(_E.at).label("first"), func.max(_E.at).label("last"))
        .where(_E.kind.in_(EVENTS), _E.issue.is_not(None))
        .group_by(_E.issue, _E.kind)
    )
    return [
        (row.issue, each, Instant(row.last if each is Milestone.CLOSED else row.first))
        for row in tx.connection.execute(query)
        for each in EVENTS[row.kind]
    ]


def _of_facts(tx: Tx) -> list[tuple[bytes, Milestone, Instant]]:
    found = []
    for row in tx.connection.execute(select(_F.issue, _F.fact_key, _F.fact, _F.at)):
        fact = Fact(fields.unseal_text(tx, _F.fact, row.issue + row.fact_key, row.fact))
        if fact in FACTS:
            found.append((row.issue, FACTS[fact], Instant(row.at)))
    return found
