"""What may stand in policy.yaml about the process: dates, approvals, reminders."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from gatekeeper.config.scalars import ClockName, Day, Duration, TimeOfDay, Weekday
from gatekeeper.config.section import Section, misplaced
from gatekeeper.domain.calendar import Calendar
from gatekeeper.domain.instants import DAY, HOUR
from gatekeeper.domain.process_policy import (
    APPROVALS,
    EMBARGO,
    OWN_CLOCK,
    REMINDERS,
    CapAction,
    ClockRule,
    Counted,
    EmbargoPolicy,
    Employers,
    Roll,
    StartEvent,
)

_YEAR: Final = 366
"""Days; no span of a timeline is longer, so that every timeline has a date."""

Days = Annotated[int, Field(ge=1, le=_YEAR)]
People = Annotated[int, Field(ge=2, le=10)]
Reminders = Annotated[int, Field(ge=1, le=10)]
Share = Annotated[int, Field(ge=1, le=100)]


def _span(microseconds: int) -> int:
    if not HOUR <= microseconds <= _YEAR * DAY:
        message = f"is not between an hour and a year; write 1h to {_YEAR}d"
        raise ValueError(message)
    return microseconds


Span = Annotated[Duration, AfterValidator(_span)]
Spans = Annotated[tuple[Span, ...], Field(max_length=10)]


class ClockSection(Section):
    """One clock of others, from its own event."""

    name: ClockName = Field(examples=["linux-distros"])
    start: StartEvent = Field(examples=["distros-posted"])
    span: Duration = Field(examples=["14d"])
    hour: TimeOfDay | None = None
    roll: Roll = Roll.NONE

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        if self.span % DAY or self.span > _YEAR * DAY:
            raise misplaced("span", f"is not whole days, at most a year; write 1d to {_YEAR}d")
        if self.name == OWN_CLOCK:
            raise misplaced("name", "is the name of the cap max_embargo; choose another")
        return self

    def rule(self) -> ClockRule:
        """Return the clock as the rules take it."""
        return ClockRule(**self.model_dump())


def _shipped_clocks() -> tuple[ClockSection, ...]:
    return tuple(
        ClockSection(
            name=rule.name, start=rule.start, span=rule.span, hour=rule.hour, roll=rule.roll
        )
        for rule in EMBARGO.clocks
    )


class EmbargoSection(Section):
    """What is proposed to a reporter, and how far a date may move."""

    predisclosure_days: Days = EMBARGO.predisclosure_days
    public_days: Days = EMBARGO.public_days
    counted: Counted = EMBARGO.counted
    hour: TimeOfDay = EMBARGO.calendar.at
    weekdays: Annotated[frozenset[Weekday], Field(min_length=1)] = EMBARGO.calendar.weekdays
    holidays: frozenset[Day] = EMBARGO.calendar.holidays
    minimum_lead: Duration = EMBARGO.minimum_lead
    tools_span: Duration = EMBARGO.tools_span
    max_embargo: Duration = EMBARGO.max_embargo
    roll: Roll = EMBARGO.roll
    cap_action: CapAction = EMBARGO.cap_action
    clocks: Annotated[tuple[ClockSection, ...], Field(max_length=20)] = _shipped_clocks()
    reporter_reminders: Reminders = EMBARGO.reporter_reminders
    reminder_days: Days = EMBARGO.reminder_days

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for field in ("minimum_lead", "tools_span", "max_embargo"):
            if getattr(self, field) > _YEAR * DAY:
                raise misplaced(field, f"is longer than a year; write {_YEAR}d or less")
        if self.max_embargo % DAY:
            raise misplaced("max_embargo", "is not whole days; write it such as 90d")
        if self.tools_span < DAY:
            raise misplaced("tools_span", "is shorter than a day; write 1d or more")
        spans = (self.predisclosure_days + self.public_days) * DAY
        if self.max_embargo < max(spans, self.minimum_lead, self.tools_span):
            text = (
                "is shorter than the timeline that is proposed (predisclosure_days and public_days "
                "together, minimum_lead, tools_span); raise it"
            )
            raise misplaced("max_embargo", text)
        return self

    @model_validator(mode="after")
    def _names_and_reminders(self) -> Self:
        names = [clock.name for clock in self.clocks]
        if len(set(names)) != len(names):
            raise misplaced("clocks", "holds two clocks of one name; rename or remove one")
        if self.reminder_days < self.reporter_reminders:
            text = "is less than reporter_reminders, one reminder a day is the most; raise it"
            raise misplaced("reminder_days", text)
        return self

    def policy(self) -> EmbargoPolicy:
        """Return the numbers as the rules take them."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        calendar = Calendar(
            at=given.pop("hour"), weekdays=given.pop("weekdays"), holidays=given.pop("holidays")
        )
        clocks = tuple(clock.rule() for clock in given.pop("clocks"))
        return EmbargoPolicy(calendar=calendar, clocks=clocks, **given)


class ApprovalsSection(Section):
    """Who must approve what moves a date later, or is as grave."""

    people: People = APPROVALS.people
    employers: Employers = APPROVALS.employers
    expiry: Span = APPROVALS.expiry
    alone_allowed: bool = APPROVALS.alone_allowed
    employer_share: Share = APPROVALS.employer_share


class RemindersSection(Section):
    """When the program reminds."""

    unacknowledged_days: Days = REMINDERS.unacknowledged_days
    stale_critical: Span = REMINDERS.stale_critical
    stale_high: Span = REMINDERS.stale_high
    stale_moderate: Span = REMINDERS.stale_moderate
    stale_low: Span = REMINDERS.stale_low
    stale_unrated: Span = REMINDERS.stale_unrated
    before_date: Annotated[Spans, Field(min_length=1)] = REMINDERS.before_date
    before_cap: Annotated[Spans, Field(min_length=1)] = REMINDERS.before_cap
    status_days: Days = REMINDERS.status_days
    approval_after: Span = REMINDERS.approval_after
    approvers_before: Span = REMINDERS.approvers_before
    escalate_after: Span = REMINDERS.escalate_after
    obligations: Spans = REMINDERS.obligations
    daily_at: TimeOfDay = REMINDERS.daily_at

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for field in ("before_date", "before_cap"):
            given = getattr(self, field)
            if list(given) != sorted(set(given), reverse=True):
                raise misplaced(field, "is not in order; write the longest span first, each once")
        if list(self.obligations) != sorted(set(self.obligations)):
            raise misplaced("obligations", "is not in order; write the shortest first, each once")
        return self
