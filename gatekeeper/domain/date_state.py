"""The disclosure date of an issue as a state machine: proposed, agreed, ended (design 01)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.errors import Refusal


class DateState(StrEnum):
    """How far a date binds."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    ENDED = "ended"


class By(StrEnum):
    """What made a date an agreed one: the reporter's word, or their silence and policy (R-2)."""

    REPORTER = "reporter"
    POLICY_DEFAULT = "policy-default"


class DateEvent(StrEnum):
    """What happens to a date."""

    PROPOSE = "propose"
    AGREE = "agree"
    BIND = "bind"
    MOVE = "move"
    END = "end"


_D = DateState
_E = DateEvent

TRANSITIONS: Final[Mapping[DateState, Mapping[DateEvent, DateState]]] = MappingProxyType(
    {
        _D.PROPOSED: MappingProxyType(
            {
                _E.PROPOSE: _D.PROPOSED,
                _E.AGREE: _D.AGREED,
                _E.BIND: _D.AGREED,
                _E.END: _D.ENDED,
            }
        ),
        _D.AGREED: MappingProxyType({_E.AGREE: _D.AGREED, _E.MOVE: _D.AGREED, _E.END: _D.ENDED}),
        _D.ENDED: MappingProxyType({_E.PROPOSE: _D.PROPOSED}),
    }
)
"""From each state, what may happen and where it leads; an issue that is reopened begins anew."""


def after(state: DateState, event: DateEvent) -> DateState:
    """Return the state after `event`; Refusal when it cannot happen in `state`."""
    then = TRANSITIONS[state].get(event)
    if then is None:
        possible = ", ".join(TRANSITIONS[state])
        raise Refusal(
            f"a date that is {state} cannot take the step {event}", remedy=f"possible: {possible}"
        )
    return then
