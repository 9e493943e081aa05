"""The numbers of the process: dates and caps, approvals, reminders (R-1 to R-7, S-2, T-11)."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from gatekeeper.domain.calendar import EVERY_WORKING_DAY, Calendar, day_of
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant

OWN_CLOCK: Final = "policy"
"""The name of the clock that every issue has: our own cap, since the report."""

_WEEKENDS_OFF: Final = Calendar()
CLOCK_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)


class Counted(StrEnum):
    """Which days count in the spans of a proposal."""

    WORKING = "working"
    CALENDAR = "calendar"


class Roll(StrEnum):
    """Where a cap on a Saturday or Sunday goes: nowhere, or on to Monday."""

    NONE = "none"
    FORWARD = "forward"


class CapAction(StrEnum):
    """What happens when an issue is not public at its cap (R-6)."""

    ESCALATE = "escalate"
    PUBLISH = "publish"


class StartEvent(StrEnum):
    """What starts a clock; a clock runs only from its own event (R-6)."""

    REPORTED = "reported"
    FIX_READY = "fix-ready"
    PREDISCLOSED = "pre-disclosed"
    DISTROS_POSTED = "distros-posted"
    CERT_CONTACTED = "cert-contacted"


class Employers(StrEnum):
    """Whether two approvals come from two employers (T-11)."""

    DISTINCT_IF_AVAILABLE = "distinct_if_available"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessText:
    """What the policy page says of the process in words (T-1).

    `preset` is the name of the preset that it comes from, "" for none; paragraphs of `text` are
    parted by empty lines. No number of the policy stands in it: those are printed after it.
    """

    preset: str = ""
    text: str = ""


NO_TEXT: Final = ProcessText()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """One clock: until when an issue becomes public at the latest, once `start` has happened.

    `span` are whole days in microseconds, counted in days of the calendar in UTC from the day of
    the event on: an event at any hour of day 0 ends on day `span`, at `hour` (microseconds after
    midnight; None for the hour of the policy's calendar). With `roll` FORWARD, an end on a weekend
    moves to Monday; our own holidays move nobody's clock.
    """

    name: str
    start: StartEvent
    span: int
    hour: int | None = None
    roll: Roll = Roll.NONE

    def __post_init__(self) -> None:
        """Refuse a clock that could not be named, or that never or at once ends."""
        if not CLOCK_NAME.fullmatch(self.name):
            message = "a clock is named in small letters, digits and hyphens, at most 32"
            raise ValueError(message)
        if self.span < DAY or self.span % DAY:
            message = "the span of a clock is whole days, at least one"
            raise ValueError(message)
        if self.hour is not None and (not 0 <= self.hour < DAY or self.hour % MINUTE):
            message = "the hour of a clock is a whole minute between 00:00 and 23:59"
            raise ValueError(message)

    def cap(self, started_at: Instant, calendar: Calendar) -> Instant:
        """Return when the clock ends that was started at `started_at`; whole minutes.

        The cap itself need not be an allowed instant; the last date under it is
        `calendar.previous_allowed(cap)`.
        """
        day = day_of(started_at) + timedelta(days=self.span // DAY)
        if self.roll is Roll.FORWARD:
            day = _WEEKENDS_OFF.after(day - timedelta(days=1), 1)
        hours = calendar if self.hour is None else replace(calendar, at=self.hour)
        return hours.on(day)


_CLOCKS: Final = (
    ClockRule(name="linux-distros", start=StartEvent.DISTROS_POSTED, span=14 * DAY),
    ClockRule(
        name="cert-cc",
        start=StartEvent.CERT_CONTACTED,
        span=45 * DAY,
        hour=12 * HOUR,
        roll=Roll.FORWARD,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbargoPolicy:
    """What is proposed to a reporter, and how far a date may move (R-1 to R-7).

    A proposal counts `predisclosure_days` from the report to the pre-disclosure and `public_days`
    from there to the disclosure, in working days (the calendar's allowed days) or in days of the
    calendar, as `counted` says; `minimum_lead` microseconds lie between the two at least. What was
    found with public tools or models is proposed to be public within `tools_span` of the report.
    No date is later than `max_embargo` after the report, in whole days; with `roll` FORWARD a cap
    on a weekend moves to Monday. `clocks` are those of others, each from its own event.
    A silent reporter is reminded `reporter_reminders` times within `reminder_days` days; then the
    proposed date binds.
    """

    predisclosure_days: int = 5
    public_days: int = 10
    counted: Counted = Counted.WORKING
    calendar: Calendar = EVERY_WORKING_DAY
    minimum_lead: int = 5 * DAY
    tools_span: int = 14 * DAY
    max_embargo: int = 90 * DAY
    roll: Roll = Roll.NONE
    cap_action: CapAction = CapAction.ESCALATE
    clocks: tuple[ClockRule, ...] = _CLOCKS
    reporter_reminders: int = 2
    reminder_days: int = 10

    def __post_init__(self) -> None:
        """Refuse numbers by which no date could be proposed, or every proposal is over the cap."""
        if self.predisclosure_days < 1 or self.public_days < 1:
            message = "each span of a timeline is at least one day"
            raise ValueError(message)
        if self.minimum_lead < 0:
            message = "the minimum lead is not negative"
            raise ValueError(message)
        if self.tools_span < DAY or self.max_embargo < DAY or self.max_embargo % DAY:
            message = "an embargo is at most so many whole days, and one at least"
            raise ValueError(message)
        spans = (self.predisclosure_days + self.public_days) * DAY
        if self.max_embargo < max(spans, self.tools_span, self.minimum_lead):
            message = "the longest embargo has room for the timeline that is proposed"
            raise ValueError(message)
        if len({OWN_CLOCK, *(clock.name for clock in self.clocks)}) != len(self.clocks) + 1:
            message = f"each clock has a name of its own, and {OWN_CLOCK!r} is the policy's"
            raise ValueError(message)
        if self.reporter_reminders < 1 or self.reminder_days < self.reporter_reminders:
            message = "a reporter is reminded at least once, and once a day at most"
            raise ValueError(message)

    @property
    def own_clock(self) -> ClockRule:
        """The clock of every issue: `max_embargo` after the report."""
        return ClockRule(
            name=OWN_CLOCK, start=StartEvent.REPORTED, span=self.max_embargo, roll=self.roll
        )

    @property
    def all_clocks(self) -> tuple[ClockRule, ...]:
        """The policy's own clock and those of others."""
        return (self.own_clock, *self.clocks)

    def clock(self, name: str) -> ClockRule | None:
        """Return the clock of that name; None when the policy has none."""
        return next((clock for clock in self.all_clocks if clock.name == name), None)

    @property
    def reminded_after(self) -> tuple[int, ...]:
        """When a silent reporter is reminded, since the date was proposed; evenly spread."""
        parts = self.reporter_reminders + 1
        return tuple(self.binds_after * part // parts for part in range(1, parts))

    @property
    def binds_after(self) -> int:
        """When a proposed date binds to which the reporter said nothing, since it was proposed."""
        return self.reminder_days * DAY


EMBARGO: Final = EmbargoPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """Who must approve what moves a date later, or is as grave (T-11, P-8).

    `people` signatures are needed, from as many employers as `employers` says. What waits longer
    than `expiry` microseconds ends unapproved. With `alone_allowed`, a team that has fewer people
    or employers works with those it has, and says so; without, it waits. A share of one employer
    in the team above `employer_share` percent is warned about.
    """

    people: int = 2
    employers: Employers = Employers.DISTINCT_IF_AVAILABLE
    expiry: int = 7 * DAY
    alone_allowed: bool = True
    employer_share: int = 50

    def __post_init__(self) -> None:
        """Refuse approvals that nobody, or nobody in time, could give."""
        if self.people < 2:
            message = "two pairs of eyes are two people at least"
            raise ValueError(message)
        if self.expiry < HOUR:
            message = "people have an hour to approve at least"
            raise ValueError(message)
        if not 1 <= self.employer_share <= 100:
            message = "a share is between 1 and 100 percent"
            raise ValueError(message)


APPROVALS: Final = ApprovalPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderPolicy:
    """When the program reminds, in microseconds unless a name says days, which are working days.

    `unacknowledged_days`: a report that no person has answered · `stale_…`: an issue in which
    nothing happened, by severity, `stale_unrated` before it has one · `before_date` and
    `before_cap`: so long before a date and a cap, the longest first · `status_days`: the reporter
    has heard nothing · `approval_after`: something waits for approval, and again as long before it
    ends · `approvers_before`: those who are away at the date · `escalate_after`: nobody acted on a
    reminder, so that the whole team is told · `obligations`: since an issue is known to be
    exploited (S-6), empty for none · `daily_at`: after midnight UTC, the mail with what is not
    urgent.
    """

    unacknowledged_days: int = 1
    stale_critical: int = 1 * DAY
    stale_high: int = 3 * DAY
    stale_moderate: int = 7 * DAY
    stale_low: int = 14 * DAY
    stale_unrated: int = 3 * DAY
    before_date: tuple[int, ...] = (7 * DAY, DAY, HOUR)
    before_cap: tuple[int, ...] = (14 * DAY, 7 * DAY, DAY)
    status_days: int = 5
    approval_after: int = DAY
    approvers_before: int = 7 * DAY
    escalate_after: int = 2 * DAY
    obligations: tuple[int, ...] = (DAY, 3 * DAY, 14 * DAY)
    daily_at: int = 8 * HOUR

    def __post_init__(self) -> None:
        """Refuse reminders that would never come, or always."""
        if min(self.unacknowledged_days, self.status_days) < 1:
            message = "a reminder comes after one working day at least"
            raise ValueError(message)
        stale = (
            *(self.stale_critical, self.stale_high, self.stale_moderate, self.stale_low),
            *(self.stale_unrated, self.approval_after, self.approvers_before, self.escalate_after),
        )
        if min((*stale, *self.before_date, *self.before_cap, *self.obligations)) < HOUR:
            message = "no reminder has a span shorter than an hour"
            raise ValueError(message)
        for spans in (self.before_date, self.before_cap):
            if not spans or list(spans) != sorted(set(spans), reverse=True):
                message = "reminders before an instant are one or more, the longest span first"
                raise ValueError(message)
        if list(self.obligations) != sorted(set(self.obligations)):
            message = "obligations are in the order in which they are due, each once"
            raise ValueError(message)
        if not 0 <= self.daily_at < DAY or self.daily_at % MINUTE:
            message = "the daily mail has a whole minute between 00:00 and 23:59"
            raise ValueError(message)


REMINDERS: Final = ReminderPolicy()
