"""The disclosure timeline that is proposed to a reporter (R-1), by the team's calendar (R-7)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from gatekeeper.domain.instants import MINUTE, Instant, from_datetime, later, to_datetime
from gatekeeper.domain.policy import TimelinePolicy


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


def proposed(received_at: Instant, policy: TimelinePolicy) -> Timeline:
    """Return the timeline for a report received at `received_at`.

    Working days are counted from the day after the report's day in UTC: a report on Thursday
    2026-09-03 leads to 2026-09-10 and 2026-09-24 by the default policy (R-1). Where the minimum
    lead would not be kept, the disclosure moves to the first working day that keeps it (R-7).
    OverflowError beyond the year 9999.
    """
    told = _after(to_datetime(received_at).date(), policy.predisclosure_days, policy)
    predisclosure = _instant(told, policy)
    day = _after(told, policy.public_days, policy)
    while _instant(day, policy) < later(predisclosure, policy.minimum_lead):
        day = _after(day, 1, policy)
    return Timeline(predisclosure=predisclosure, public=_instant(day, policy))


def _after(day: date, count: int, policy: TimelinePolicy) -> date:
    """Return the `count`-th working day after `day`."""
    left = count
    while left:
        day += timedelta(days=1)
        left -= policy.works_on(day)
    return day


def _instant(day: date, policy: TimelinePolicy) -> Instant:
    midnight = from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return later(midnight, policy.at)
