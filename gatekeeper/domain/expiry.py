"""When people are told that a key ends: 60, 30 and 7 days before it does, and once it has."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import DAY, Instant, spoken


class Stage(StrEnum):
    """How near the end of a key is, the least urgent first (design: OpenPGP, "Keys")."""

    SIXTY_DAYS = "60 days"
    THIRTY_DAYS = "30 days"
    SEVEN_DAYS = "7 days"
    ENDED = "ended"


BEFORE: Final[Mapping[Stage, int]] = MappingProxyType(
    {
        Stage.SIXTY_DAYS: 60 * DAY,
        Stage.THIRTY_DAYS: 30 * DAY,
        Stage.SEVEN_DAYS: 7 * DAY,
        Stage.ENDED: 0,
    }
)
"""How long before its end a key enters each stage, in microseconds."""


def stage(end: Instant, now: Instant) -> Stage | None:
    """Return the most urgent stage that a key which ends at `end` is in, None if in none yet."""
    reached = [each for each in Stage if end - now <= BEFORE[each]]
    return reached[-1] if reached else None


def due(end: Instant, now: Instant, told: Collection[Stage]) -> Stage | None:
    """Return the stage that is to be told of now, None if there is nothing new to tell.

    `told` are the stages of this key and this very end that were told before: an end that is moved
    begins anew. Of several stages that passed unseen only the most urgent is told, and after a
    stage none that is less urgent, whatever the clock does.
    """
    reached = stage(end, now)
    if reached is None:
        return None
    order = list(Stage)
    if any(order.index(each) >= order.index(reached) for each in told):
        return None
    return reached


def said(end: Instant, now: Instant) -> str:
    """Return for people when a key ends: `ends Thu 2026-09-03 12:00:00Z, in 7 days`."""
    if end <= now:
        return f"ended {spoken(end)}"
    days = (end - now) // DAY
    left = {0: "within a day", 1: "in 1 day"}.get(days, f"in {days} days")
    return f"ends {spoken(end)}, {left}"
