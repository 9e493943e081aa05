"""How an issue stands now: what was decided and is known, which date holds, what comes next."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.process import Fact, IssueState, Next, Severity, Track, onward, steps
from gatekeeper.store import dates, deciding, issue_facts
from gatekeeper.store.dates import DateRow
from gatekeeper.store.deciding import Decided
from gatekeeper.store.engine import Tx
from gatekeeper.store.issue_facts import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One issue at `now`: `known` is what was stated, `date` the one that stands, if one does."""

    decided: Decided
    known: Mapping[Fact, Known]
    date: DateRow | None
    now: Instant

    @property
    def state(self) -> IssueState:
        """The state of the issue."""
        return self.decided.state

    @property
    def track(self) -> Track | None:
        """The track of the issue, None until it is chosen."""
        return self.decided.track

    @property
    def facts(self) -> frozenset[Fact]:
        """All facts, also those that follow from what was decided and from the date."""
        return all_facts(self.known, self.decided.severity, self.date, now=self.now)

    @property
    def next(self) -> tuple[Next, ...]:
        """What may come next, with what is missing for it."""
        return steps(self.state, self.track, self.facts)

    @property
    def told(self) -> bool:
        """Say whether the members of the list know."""
        return Fact.PREDISCLOSED in self.known

    @property
    def onward(self) -> str:
        """What brings it nearer to its end, in words, "" when nothing does."""
        return onward(self.state, self.track, self.facts)


def all_facts(
    known: Collection[Fact], severity: Severity | None, date: DateRow | None, *, now: Instant
) -> frozenset[Fact]:
    """Return what is known with what follows from the severity and from the date that stands."""
    found = set(known)
    if severity is not None:
        found.add(Fact.SEVERITY)
    if date is not None and date.state == dates.AGREED:
        found.add(Fact.AGREED_DATE)
        if date.instant <= now:
            found.add(Fact.DATE_REACHED)
    return frozenset(found)


def standing(tx: Tx, issue: RowId, *, now: Instant) -> Standing:
    """Return how an issue stands; Conflict when there is none."""
    return Standing(
        decided=deciding.get(tx, issue),
        known=issue_facts.of_issue(tx, issue),
        date=dates.standing(tx, issue),
        now=now,
    )


def end_date(tx: Tx, issue: RowId, *, by: str, reason: str, now: Instant) -> bool:
    """Write down that the date of an issue is waited for no more; say whether one stood."""
    stood = dates.standing(tx, issue)
    if stood is None:
        return False
    ended = DateRow(
        issue=issue,
        number=stood.number + 1,
        instant=stood.instant,
        predisclosure=stood.predisclosure,
        state=dates.ENDED,
        by=by,
        reason=reason,
        at=now,
    )
    dates.add(tx, ended)
    return True
