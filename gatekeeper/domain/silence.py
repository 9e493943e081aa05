"""Silence: when the reporter is owed a word, and when the reporter's own counts (R-2, S-2)."""

from dataclasses import dataclass
from datetime import timedelta

from gatekeeper.domain.calendar import Calendar, day_of
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.process_policy import EmbargoPolicy


def working_days_after(instant: Instant, days: int, calendar: Calendar) -> Instant:
    """Return the same time of day so many working days later.

    What happens on a day that is not worked on counts from the end of that day: a report on
    Saturday is answered within Monday, at the same hour as one of Friday.
    """
    day = day_of(instant)
    wanted = calendar.after(day, days)
    return later(instant, (wanted - day) // timedelta(days=1) * DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """What a reporter's silence about a proposed date asks for now.

    `reminder` the number of the reminder that is due, from 1; 0 for none · `binds` that the
    proposed date binds from now on · `binds_at` when it does if nothing is said.
    """

    reminder: int
    binds: bool
    binds_at: Instant


def silent(
    proposed_at: Instant, heard_at: Instant | None, policy: EmbargoPolicy, now: Instant
) -> Silent:
    """Return what is due because the reporter said nothing since a date was proposed (R-2).

    `heard_at` is their last mail: whoever writes is not silent, so it counts from then. Of several
    reminders that were missed only the last is due. What binds is judged by `dates.decide`, which
    counts from the proposal.
    """
    begun = proposed_at if heard_at is None else max(proposed_at, heard_at)
    binds_at = later(begun, policy.binds_after)
    passed = [after for after in policy.reminded_after if later(begun, after) <= now]
    over = now >= binds_at
    return Silent(reminder=0 if over else len(passed), binds=over, binds_at=binds_at)


def status_due(sent_at: Instant, days: int, calendar: Calendar) -> Instant:
    """Return when a reporter is owed a status mail: so many working days after our last mail."""
    return working_days_after(sent_at, days, calendar)
