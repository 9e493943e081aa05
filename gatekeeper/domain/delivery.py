"""Deliveries: one transition table, the retry schedule, and what a relay's answer means."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant, later


class DeliveryState(StrEnum):
    """Where one message to one recipient stands."""

    PENDING = "pending"
    BLOCKED = "blocked"
    SEALED = "sealed"
    CLAIMED = "claimed"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryEvent(StrEnum):
    """What happens to a delivery."""

    SEAL = "seal"
    BLOCK = "block"
    CLAIM = "claim"
    DELIVER = "deliver"
    DEFER = "defer"
    DOUBT = "doubt"
    FAIL = "fail"
    RETRY = "retry"
    RELEASE = "release"
    RETURN = "return"
    WITHHOLD = "withhold"


_S = DeliveryState
_E = DeliveryEvent

TRANSITIONS: Final[Mapping[DeliveryState, Mapping[DeliveryEvent, DeliveryState]]] = (
    MappingProxyType(
        {
            _S.PENDING: {_E.SEAL: _S.SEALED, _E.BLOCK: _S.BLOCKED, _E.WITHHOLD: _S.BLOCKED},
            _S.BLOCKED: {_E.RETRY: _S.PENDING},
            _S.SEALED: {_E.CLAIM: _S.CLAIMED, _E.WITHHOLD: _S.BLOCKED},
            _S.CLAIMED: {
                _E.CLAIM: _S.CLAIMED,
                _E.DELIVER: _S.DELIVERED,
                _E.DEFER: _S.DEFERRED,
                _E.DOUBT: _S.IN_DOUBT,
                _E.FAIL: _S.FAILED,
                _E.BLOCK: _S.BLOCKED,
                _E.RELEASE: _S.DEFERRED,
                _E.RETURN: _S.FAILED,
                _E.WITHHOLD: _S.BLOCKED,
            },
            _S.DEFERRED: {
                _E.CLAIM: _S.CLAIMED,
                _E.RETRY: _S.DEFERRED,
                _E.WITHHOLD: _S.BLOCKED,
            },
            _S.IN_DOUBT: {
                _E.CLAIM: _S.CLAIMED,
                _E.RETRY: _S.IN_DOUBT,
                _E.RETURN: _S.FAILED,
                _E.WITHHOLD: _S.BLOCKED,
            },
            _S.DELIVERED: {_E.RETURN: _S.FAILED},
            _S.FAILED: {_E.RETRY: _S.DEFERRED},
        }
    )
)
"""State -> event -> state; a claimed delivery is claimed again only when its lease has ended.

It is released when its holder did not begin to send it. It is returned when a bounce says for
good that it did not get there, which may be known before we have recorded that it left. It is
withheld when the database was put back to an earlier state: it may have been sent since.
"""

CLAIMABLE: Final = frozenset(
    state for state, moves in TRANSITIONS.items() if _E.CLAIM in moves and state is not _S.CLAIMED
)
"""States from which a delivery is claimed as soon as it is due."""

FINAL: Final = frozenset({_S.DELIVERED, _S.FAILED, _S.BLOCKED})
"""States that no worker leaves by itself; a person sees the last two listed."""


def move(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """Return the state after `event`; an event the table does not know there is a ValueError."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        message = f"a {state} delivery does not know '{event}'"
        raise ValueError(message) from None


class Outcome(StrEnum):
    """What one attempt came to."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    NOT_NOW = "not now"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The relay's answer to one attempt; `reply` is its text and may name addresses."""

    outcome: Outcome
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What follows from an attempt: the event, and when the delivery is due again."""

    event: DeliveryEvent
    due_at: Instant


RETRY_AFTER: Final = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE)
RETRY_THEN: Final = 1 * HOUR
GIVE_UP_AFTER: Final = 5 * DAY
"""The schedule of the design (mail engine, "Out"); RFC 5321 §4.5.4.1 asks for 4-5 days."""

URGENT_RETRY_AFTER: Final = (
    10 * SECOND,
    30 * SECOND,
    1 * MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
)
"""What is urgent is tried more often at first; it is given up no sooner."""


def after(
    attempt: Attempt,
    *,
    attempts: int,
    doubts: int,
    first_at: Instant,
    now: Instant,
    urgent: bool = False,
) -> Next:
    """Return what to do after an attempt.

    `attempts` made so far with this one, `doubts` how many of them ended in doubt, `first_at`
    when the delivery was first due. A delivery in doubt goes once more at once with the same
    bytes, then follows the schedule, which is closer when it is urgent; after five days it fails
    visibly, never silently. ValueError when no attempt was made.
    """
    if attempts < 1:
        message = "what follows from an attempt is asked after one"
        raise ValueError(message)
    if attempt.outcome is Outcome.DELIVERED:
        return Next(event=DeliveryEvent.DELIVER, due_at=now)
    if attempt.outcome is Outcome.REFUSED or now - first_at >= GIVE_UP_AFTER:
        return Next(event=DeliveryEvent.FAIL, due_at=now)
    if attempt.outcome is Outcome.IN_DOUBT and doubts <= 1:
        return Next(event=DeliveryEvent.DOUBT, due_at=now)
    waits = URGENT_RETRY_AFTER if urgent else RETRY_AFTER
    wait = waits[attempts - 1] if attempts <= len(waits) else RETRY_THEN
    return Next(event=DeliveryEvent.DEFER, due_at=later(now, wait))
