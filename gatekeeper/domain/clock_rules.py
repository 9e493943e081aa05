"""Clocks that run for an issue: each from its own event, the earliest cap wins (R-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.domain.instants import DAY, Instant
from gatekeeper.domain.process_policy import (
    OWN_CLOCK,
    CapAction,
    ClockRule,
    EmbargoPolicy,
    StartEvent,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One clock that runs: by which rule, since when."""

    rule: ClockRule
    started_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """When a clock ends: no date is later than `instant`, and at it `action` is due.

    `last` is the last instant under the cap at which something may become public.
    """

    clock: str
    instant: Instant
    last: Instant
    action: CapAction


class AtCap(StrEnum):
    """What is to be done at an instant because of a cap."""

    NOTHING = "nothing"
    ESCALATE = "escalate"
    PUBLISH = "publish"


def started(policy: EmbargoPolicy, event: StartEvent, at: Instant) -> tuple[Running, ...]:
    """Return the clocks that `event` starts."""
    return tuple(
        Running(rule=rule, started_at=at) for rule in policy.all_clocks if rule.start is event
    )


def caps(running: Sequence[Running], policy: EmbargoPolicy) -> tuple[Cap, ...]:
    """Return the cap of every clock that runs, the earliest first."""
    found = [_cap(each, policy) for each in running]
    return tuple(sorted(found, key=lambda each: (each.instant, each.clock)))


def _cap(running: Running, policy: EmbargoPolicy) -> Cap:
    instant = running.rule.cap(running.started_at, policy.calendar)
    last = policy.calendar.previous_allowed(instant)
    return Cap(clock=running.rule.name, instant=instant, last=last, action=policy.cap_action)


def own(reported_at: Instant, policy: EmbargoPolicy) -> Running:
    """Return the clock that every issue has: policy's own, since the report."""
    clock = policy.clock(OWN_CLOCK)
    if clock is None:
        message = "every policy has its own clock"
        raise ValueError(message)
    return Running(rule=clock, started_at=reported_at)


def due(cap: Cap, *, now: Instant, frozen: bool) -> AtCap:
    """Return what a cap asks for at `now` of an issue that is not public.

    `frozen` says that its package is frozen and approved: only such a one is ever published by a
    cap; in all other cases people are told, louder every day. It never just sits there.
    """
    if now < cap.instant:
        return AtCap.NOTHING
    if cap.action is CapAction.PUBLISH and frozen:
        return AtCap.PUBLISH
    return AtCap.ESCALATE


def days_over(cap: Cap, now: Instant) -> int:
    """Return how many whole days `now` is after the cap; 0 up to and within the first one."""
    return max(now - cap.instant, 0) // DAY
