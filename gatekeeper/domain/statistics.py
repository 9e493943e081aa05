"""What is measured of issues: how long each part of the process took, and what is open how long.

The two spans of T-3: an issue is privately vulnerable from the report until it is public, and
publicly vulnerable from then until there is a fix, which is no time at all if the fix was first.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant
from gatekeeper.domain.process import Fact, IssueState, Severity, Track


class Milestone(StrEnum):
    """What happens once in the life of an issue; the first time counts."""

    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    TRIAGED = "triaged"
    FIX_READY = "fix-ready"
    PREDISCLOSED = "pre-disclosed"
    PUBLIC = "public"
    CLOSED = "closed"


_M = Milestone

EVENTS: Final[Mapping[str, tuple[Milestone, ...]]] = MappingProxyType(
    {
        "issue.opened": (_M.REPORTED,),
        "reporter.answered": (_M.ACKNOWLEDGED,),
        "issue.replied": (_M.ANSWERED,),
        "issue.accepted": (_M.ANSWERED, _M.TRIAGED),
        "issue.rejected": (_M.ANSWERED, _M.TRIAGED, _M.CLOSED),
        "issue.merged": (_M.ANSWERED, _M.TRIAGED, _M.CLOSED),
        "issue.handed_over": (_M.ANSWERED, _M.TRIAGED, _M.CLOSED),
        "issue.predisclosed": (_M.PREDISCLOSED,),
        "issue.disclosed": (_M.PUBLIC, _M.CLOSED),
    }
)
"""Which entries of the event log are which milestone, by their kind.

A decision on a report is an answer to the reporter, who is told of it by whoever decided.
"""

ANSWERS: Final = tuple(kind for kind, reached in EVENTS.items() if _M.ANSWERED in reached)
"""The kinds of entries by which a person has answered."""

FACTS: Final[Mapping[Fact, Milestone]] = MappingProxyType(
    {
        Fact.TRIAGED: _M.TRIAGED,
        Fact.FIX_READY: _M.FIX_READY,
        Fact.FIXED: _M.FIX_READY,
        Fact.PREDISCLOSED: _M.PREDISCLOSED,
        Fact.PUBLIC_ALREADY: _M.PUBLIC,
        Fact.PUBLIC: _M.PUBLIC,
    }
)
"""Which facts are which milestone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One issue as it is measured: when it reached which milestone."""

    issue: str
    state: IssueState
    track: Track | None
    severity: Severity | None
    at: Mapping[Milestone, Instant]

    def __post_init__(self) -> None:
        """Refuse an issue that was never reported."""
        if Milestone.REPORTED not in self.at:
            message = "the life of an issue begins with its report"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one milestone to another: `name` for programs, `title` for people."""

    name: str
    title: str
    start: Milestone
    end: Milestone

    def of(self, life: Life) -> int | None:
        """Return how long it took, in microseconds, never negative; None while it is not over."""
        start, end = life.at.get(self.start), life.at.get(self.end)
        return None if start is None or end is None else max(0, end - start)

    def runs_since(self, life: Life) -> Instant | None:
        """Return since when it runs, None if it does not; a closed issue may wait for its fix."""
        if self.end in life.at or not (life.state.is_open or self.end is _M.FIX_READY):
            return None
        if life.state in {IssueState.REJECTED, IssueState.HANDED_OVER}:
            return None
        return life.at.get(self.start)


SPANS: Final = (
    Span(name="acknowledge", title="to acknowledge", start=_M.REPORTED, end=_M.ACKNOWLEDGED),
    Span(
        name="answer", title="to the first answer by a person", start=_M.REPORTED, end=_M.ANSWERED
    ),
    Span(name="triage", title="to a decision", start=_M.REPORTED, end=_M.TRIAGED),
    Span(name="fix", title="to a fix", start=_M.REPORTED, end=_M.FIX_READY),
    Span(
        name="privately_vulnerable", title="privately vulnerable", start=_M.REPORTED, end=_M.PUBLIC
    ),
    Span(
        name="embargo", title="members told before the public", start=_M.PREDISCLOSED, end=_M.PUBLIC
    ),
    Span(
        name="publicly_vulnerable", title="publicly vulnerable", start=_M.PUBLIC, end=_M.FIX_READY
    ),
)
"""What is measured (S-3, T-3)."""

AGES: Final = (
    ("under 7 days", 7 * DAY),
    ("7 to 30 days", 30 * DAY),
    ("30 to 90 days", 90 * DAY),
    ("over 90 days", None),
)
"""Ages of open issues: what they are called, and until when, in microseconds; None for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One span over many issues, in microseconds: `count` are over, `running` are not.

    `median`, `most` (nine of ten took no longer) and `longest` are of those that are over, None
    when none is; `oldest` is how long the one takes that runs longest, None when none runs.
    """

    span: Span
    count: int
    median: int | None
    most: int | None
    longest: int | None
    running: int
    oldest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What there is to tell of issues: how many in each state, how long, and open how long."""

    issues: int
    states: Mapping[IssueState, int]
    spans: tuple[Measured, ...]
    open_by_age: Mapping[str, int]


def measured(lives: Sequence[Life], now: Instant) -> Statistics:
    """Return the statistics of these issues at `now`."""
    states = Counter(life.state for life in lives)
    ages = Counter(_age(life, now) for life in lives if life.state.is_open)
    return Statistics(
        issues=len(lives),
        states=MappingProxyType({state: states[state] for state in IssueState}),
        spans=tuple(_measured(span, lives, now) for span in SPANS),
        open_by_age=MappingProxyType({name: ages[name] for name, _ in AGES}),
    )


def reported_between(
    lives: Sequence[Life], since: Instant | None, until: Instant | None
) -> tuple[Life, ...]:
    """Return the issues that were reported from `since` on and before `until`; None for no end."""
    return tuple(
        life
        for life in lives
        if (since is None or life.at[_M.REPORTED] >= since)
        and (until is None or life.at[_M.REPORTED] < until)
    )


def said(span: int | None) -> str:
    """Return a span as people read it, to its two largest units: `2 d 4 h`; a dash for None."""
    if span is None:
        return "-"
    parts = list(_parts(span))
    return " ".join(parts[:2]) or "under 1 min"


def _parts(span: int) -> Iterator[str]:
    begun = False
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        number, span = divmod(span, unit)
        if number:
            yield f"{number} {name}"
        elif begun:
            return
        begun = begun or bool(number)


def _measured(span: Span, lives: Sequence[Life], now: Instant) -> Measured:
    over = sorted(each for life in lives if (each := span.of(life)) is not None)
    since = [each for life in lives if (each := span.runs_since(life)) is not None]
    return Measured(
        span=span,
        count=len(over),
        median=_within(over, 50),
        most=_within(over, 90),
        longest=over[-1] if over else None,
        running=len(since),
        oldest=max(0, now - min(since)) if since else None,
    )


def _within(over: Sequence[int], percent: int) -> int | None:
    """Return the shortest of the sorted spans that so many percent do not exceed."""
    return over[math.ceil(len(over) * percent / 100) - 1] if over else None


def _age(life: Life, now: Instant) -> str:
    age = now - life.at[_M.REPORTED]
    return next(name for name, end in AGES if end is None or age < end)
