"""Everything that can be approved: each kind of request and what carries it out, in one table.

It stands above all that ask, so that asking needs nothing of it; `approving` looks here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import Refusal
from gatekeeper.issues import (
    closing,
    date_effects,
    deciding,
    governing,
    merging,
    people,
    requesting,
    roster_acts,
)
from gatekeeper.issues.asking import Effect

_TABLE: Final = (
    requesting.CLEAR_EFFECT,
    requesting.KEY_EFFECT,
    *governing.EFFECTS.values(),
    roster_acts.EFFECT,
    deciding.TRACK_EFFECT,
    closing.REJECT_EFFECT,
    closing.HAND_OVER_EFFECT,
    merging.MERGE_EFFECT,
    people.INVITE_EFFECT,
    people.REMOVE_EFFECT,
    date_effects.MOVE_EFFECT,
    date_effects.AGREEMENT_EFFECT,
)

EFFECTS: Final[Mapping[RequestKind, Effect]] = MappingProxyType(
    {effect.kind: effect for effect in _TABLE}
)
"""What is done of each kind once enough people approved it."""


def known(kind: str) -> Effect | None:
    """Return the effect of a stored request; None for one of another version's."""
    return next((effect for effect in EFFECTS.values() if effect.kind == kind), None)


def effect_of(kind: str) -> Effect:
    """Return the effect of a stored request; Refusal for one of another version's."""
    found = known(kind)
    if found is None:
        raise Refusal(
            f"this version does not know how to do what waits as {kind}",
            remedy="update gatekeeper, or ask for it again",
        )
    return found
