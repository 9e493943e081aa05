"""What bounds a date: the present, the calendar, the lead, caps, ceilings; all reasons at once."""

from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.domain.calendar import day_of
from gatekeeper.domain.ceilings import CeilingKind, held_below
from gatekeeper.domain.clock_rules import caps
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, later, spoken, to_datetime
from gatekeeper.domain.process_policy import EmbargoPolicy, Roll
from gatekeeper.domain.wishes import Held

Nearest = tuple[Instant | None, Instant | None]
"""The allowed instants before and after one that is not; None where there is none."""


class Limit(StrEnum):
    """What bounds a date, by which who is outside learns no name of others."""

    PAST = "past"
    DAY = "day"
    HOUR = "hour"
    CAP = "cap"
    CEILING = "ceiling"
    LEAD = "lead"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One reason why nothing may become public at an instant; `words` are for the team."""

    limit: Limit
    words: str


def objections(
    instant: Instant, held: Held, policy: EmbargoPolicy, now: Instant, *, besides: str = ""
) -> tuple[Objection, ...]:
    """Return why nothing may become public at `instant`, all reasons at once; () when it may.

    `besides` names a holder whose own ceiling does not count, because it is they who ask.
    """
    day, at = day_of(instant), policy.calendar.at
    found: list[tuple[Limit, str]] = []
    if instant <= now:
        found.append((Limit.PAST, "it is in the past"))
    if not policy.calendar.works_on(day):
        words = f"{to_datetime(instant):%A %Y-%m-%d} is a day on which nothing is published"
        found.append((Limit.DAY, words))
    if instant != policy.calendar.on(day):
        found.append((Limit.HOUR, f"things are published at {_hour(at)} UTC only"))
    found += [
        (Limit.CAP, f"it is after {spoken(cap.instant)}, when the clock {cap.clock} ends")
        for cap in caps(held.clocks, policy)
        if instant > cap.instant
    ]
    found += [
        (
            Limit.CEILING,
            f"the {each.holder} {_SAID[each.kind]} {spoken(each.instant)} and no later date",
        )
        for each in held_below(instant, held.ceilings)
        if each.holder != besides
    ]
    if instant > now and not leaves_lead(instant, held, policy, now):
        span = _span(policy.minimum_lead)
        found.append((Limit.LEAD, f"it leaves less than {span} for those told early"))
    return tuple(Objection(limit=limit, words=words) for limit, words in found)


_SAID = {CeilingKind.AGREED: "agreed to", CeilingKind.WISHED: "asked for"}


def nearest(
    instant: Instant, held: Held, policy: EmbargoPolicy, now: Instant, *, besides: str = ""
) -> Nearest:
    """Return the last allowed instant up to `instant`, and the first one from it on."""
    first = lead_ends(held, policy, now)
    top = last_possible(held, policy, besides=besides)
    before = policy.calendar.previous_allowed(min(instant, top))
    wanted = max(instant, first)
    # Beyond the top nothing is looked for: an instant of the last year there is has no next one.
    after = policy.calendar.next_allowed(wanted) if wanted <= top else None
    return (
        before if before >= first else None,
        after if after is not None and after <= top else None,
    )


def last_possible(held: Held, policy: EmbargoPolicy, *, besides: str = "") -> Instant:
    """Return what no date is later than: the earliest of all caps and ceilings."""
    found = [cap.instant for cap in caps(held.clocks, policy)]
    found += [each.instant for each in held.ceilings if each.holder != besides]
    if not found:
        message = "every issue has at least the clock of policy"
        raise ValueError(message)
    return min(found)


def lead_ends(held: Held, policy: EmbargoPolicy, now: Instant) -> Instant:
    """Return the first instant that leaves the minimum lead and is after `now` (R-7)."""
    told = held.predisclosed_at if held.predisclosed_at is not None else now
    return max(later(told, policy.minimum_lead), later(now, 1))


def leaves_lead(instant: Instant, held: Held, policy: EmbargoPolicy, now: Instant) -> bool:
    """Say whether those told early have the minimum lead before `instant`, told now at best."""
    return instant >= lead_ends(held, policy, now)


def honouring(instant: Instant, policy: EmbargoPolicy, now: Instant) -> Instant | None:
    """Return the date by which a wish to be public no later than `instant` is kept.

    The last allowed instant up to it; where that has passed, `instant` itself, on whatever day it
    is; None when it has passed, too.
    """
    snapped = policy.calendar.previous_allowed(instant)
    if snapped > now:
        return snapped
    return instant if instant > now else None


def on_calendar(instant: Instant, policy: EmbargoPolicy) -> Instant:
    """Return `instant`, or the next allowed one where policy rolls dates forward off such days."""
    if policy.roll is Roll.FORWARD and not policy.calendar.works_on(day_of(instant)):
        return policy.calendar.next_allowed(instant)
    return instant


def told_at(instant: Instant, held: Held, policy: EmbargoPolicy, now: Instant) -> Instant | None:
    """Return when the list is told before a disclosure at `instant`.

    When it was, or as planned, or the last allowed instant that leaves the lead; None when none is
    left.
    """
    if held.predisclosed_at is not None:
        return min(held.predisclosed_at, instant)
    last = later(instant, -max(policy.minimum_lead, MINUTE))
    planned = held.date.predisclosure
    if planned is not None and planned <= last:
        return planned
    snapped = policy.calendar.previous_allowed(last)
    return snapped if snapped > now else None


def _hour(at: int) -> str:
    return f"{at // HOUR:02}:{at % HOUR // MINUTE:02}"


def _span(microseconds: int) -> str:
    if microseconds % DAY == 0:
        days = microseconds // DAY
        return "1 day" if days == 1 else f"{days} days"
    return f"{microseconds // HOUR} hours"
