"""The disclosure timeline that is proposed to a reporter (R-1), by the team's calendar (R-7)."""

from dataclasses import dataclass
from datetime import date, timedelta

from gatekeeper.domain.calendar import day_of
from gatekeeper.domain.instants import MINUTE, Instant, later
from gatekeeper.domain.process_policy import Counted, EmbargoPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """When the pre-disclosure list is told, and when everybody is; whole minutes, in this order."""

    predisclosure: Instant
    public: Instant

    def __post_init__(self) -> None:
        """Refuse instants in the wrong order, and those that no text could show exactly."""
        if self.predisclosure >= self.public:
            message = "the pre-disclosure is before the disclosure"
            raise ValueError(message)
        if self.predisclosure % MINUTE or self.public % MINUTE:
            message = "the instants of a timeline are whole minutes"
            raise ValueError(message)


def proposed(received_at: Instant, policy: EmbargoPolicy) -> Timeline:
    """Return the timeline for a report received at `received_at`.

    Days are counted from the day after the report's day in UTC: a report on Thursday 2026-09-03
    leads to 2026-09-10 and 2026-09-24 by the default policy (R-1). Where the minimum lead would
    not be kept, the disclosure moves to the first allowed day that keeps it (R-7); where it would
    be after the policy's cap, to the last one before that. OverflowError beyond the year 9999.
    """
    calendar = policy.calendar
    told = _after(day_of(received_at), policy.predisclosure_days, policy)
    predisclosure = calendar.on(told)
    kept = calendar.next_allowed(later(predisclosure, policy.minimum_lead))
    public = max(calendar.on(_after(told, policy.public_days, policy)), kept)
    return _under_the_cap(received_at, predisclosure, public, policy)


def found_with_tools(received_at: Instant, policy: EmbargoPolicy) -> Timeline:
    """Return the timeline for what anybody may find with public tools: never a later one.

    The list is told on the first allowed day after the report, and everybody on the last one
    within the policy's `tools_span` of it, or as soon as the minimum lead is kept.
    """
    usual, calendar = proposed(received_at, policy), policy.calendar
    told = calendar.on(calendar.after(day_of(received_at), 1))
    kept = calendar.next_allowed(later(told, policy.minimum_lead))
    if kept == told:
        kept = calendar.next_allowed(later(told, 1))
    public = max(calendar.previous_allowed(later(received_at, policy.tools_span)), kept)
    return usual if public > usual.public else Timeline(predisclosure=told, public=public)


def _after(day: date, count: int, policy: EmbargoPolicy) -> date:
    """Return the allowed day that is `count` days of the policy's sort after `day`."""
    calendar = policy.calendar
    if policy.counted is Counted.WORKING:
        return calendar.after(day, count)
    return calendar.after(day + timedelta(days=count - 1), 1)


def _under_the_cap(
    received_at: Instant, predisclosure: Instant, public: Instant, policy: EmbargoPolicy
) -> Timeline:
    """Return both instants, brought forward where the policy's own clock ends before.

    Where the calendar has no room for the lead between report and cap, they stay as they are: the
    cap then escalates, as every cap does.
    """
    calendar = policy.calendar
    cap = policy.own_clock.cap(received_at, calendar)
    last = calendar.previous_allowed(cap)
    first = calendar.previous_allowed(later(last, -max(policy.minimum_lead, MINUTE)))
    if public > last and day_of(first) > day_of(received_at):
        return Timeline(predisclosure=min(predisclosure, first), public=last)
    return Timeline(predisclosure=predisclosure, public=public)
