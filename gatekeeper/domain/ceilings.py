"""Ceilings: until when those who hold a date agreed to be silent; the earliest one wins (T-8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatekeeper.domain.instants import MINUTE, Instant

REPORTER: Final = "reporter"
"""The holder whose agreement makes a date an agreed one."""


class CeilingKind(StrEnum):
    """Where a ceiling comes from: an agreement, or an earlier wish that binds at once (R-2)."""

    AGREED = "agreed"
    WISHED = "wished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """No date of the issue moves past `instant`, whatever approvals say; whole minutes.

    `holder` is our word for who holds it: `reporter`, or a vendor's, a coordinator's, a second
    finder's name.
    """

    holder: str
    instant: Instant
    kind: CeilingKind

    def __post_init__(self) -> None:
        """Refuse a ceiling nobody holds, and an instant that no text could show exactly."""
        if not self.holder or not self.holder.isprintable():
            message = "a ceiling has a holder"
            raise ValueError(message)
        if self.instant % MINUTE:
            message = "the instant of a ceiling is a whole minute"
            raise ValueError(message)


def held_below(instant: Instant, ceilings: Sequence[Ceiling]) -> tuple[Ceiling, ...]:
    """Return the ceilings that `instant` is later than, the earliest first."""
    over = [each for each in ceilings if instant > each.instant]
    return tuple(sorted(over, key=lambda each: (each.instant, each.holder)))


def earliest(ceilings: Sequence[Ceiling]) -> Ceiling | None:
    """Return the ceiling that wins; None when nobody holds one."""
    return min(ceilings, key=lambda each: (each.instant, each.holder), default=None)


def with_ceiling(ceilings: Sequence[Ceiling], made: Ceiling) -> tuple[Ceiling, ...]:
    """Return the ceilings with `made` in the place of its holder's earlier one."""
    others = [each for each in ceilings if each.holder != made.holder]
    return tuple(sorted([*others, made], key=lambda each: each.holder))
