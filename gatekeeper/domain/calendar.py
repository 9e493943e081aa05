"""The days and the hour at which something may become public (R-7); all of it in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, from_datetime, later, to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The allowed days and their hour.

    A day is allowed when it is one of `weekdays` (Monday is 0) and not among `holidays`; an
    instant is allowed when it is at `at`, microseconds after midnight in whole minutes, on an
    allowed day. Every day is a day in UTC. The functions raise OverflowError for what lies outside
    of the years 1 to 9999.
    """

    weekdays: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()
    at: int = 12 * HOUR

    def __post_init__(self) -> None:
        """Refuse a calendar without a single allowed instant, and an hour nobody could write."""
        if not 0 <= self.at < DAY or self.at % MINUTE:
            message = "the time of day is a whole minute between 00:00 and 23:59"
            raise ValueError(message)
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            message = "a calendar needs at least one weekday, Monday is 0 and Sunday 6"
            raise ValueError(message)

    def works_on(self, day: date) -> bool:
        """Say whether `day` is allowed."""
        return day.weekday() in self.weekdays and day not in self.holidays

    def allows(self, instant: Instant) -> bool:
        """Say whether something may become public at `instant`: on an allowed day, on the hour."""
        return instant == self.on(day_of(instant)) and self.works_on(day_of(instant))

    def on(self, day: date) -> Instant:
        """Return the instant of the hour on `day`, whether the day is allowed or not."""
        midnight = from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
        return later(midnight, self.at)

    def after(self, day: date, count: int) -> date:
        """Return the `count`-th allowed day after `day`; `day` itself when `count` is 0."""
        left = count
        while left > 0:
            day += timedelta(days=1)
            left -= self.works_on(day)
        return day

    def next_allowed(self, instant: Instant) -> Instant:
        """Return the first allowed instant at or after `instant`."""
        day = day_of(instant)
        while not self.works_on(day) or self.on(day) < instant:
            day += timedelta(days=1)
        return self.on(day)

    def previous_allowed(self, instant: Instant) -> Instant:
        """Return the last allowed instant at or before `instant`."""
        day = day_of(instant)
        while not self.works_on(day) or self.on(day) > instant:
            day -= timedelta(days=1)
        return self.on(day)

    def nearest(self, instant: Instant) -> tuple[Instant, Instant]:
        """Return the allowed instants before and after `instant`; both are it when it is allowed.

        They are what a person is offered who asked for an instant that is not allowed.
        """
        return self.previous_allowed(instant), self.next_allowed(instant)


EVERY_WORKING_DAY: Final = Calendar()
"""Monday to Friday at 12:00 UTC (R-1)."""


def day_of(instant: Instant) -> date:
    """Return the day in UTC on which `instant` lies."""
    return to_datetime(instant).date()
