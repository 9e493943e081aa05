"""Wishes for a date: who wants which instant, how that is proven, and what is held already."""

from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.domain.ceilings import REPORTER, Ceiling
from gatekeeper.domain.clock_rules import Running
from gatekeeper.domain.date_state import By, DateState
from gatekeeper.domain.instants import MINUTE, Instant


class WishKind(StrEnum):
    """What is wanted of the date.

    PROPOSE: the team suggests it to the reporter · MOVE: the team moves it · WISH: who holds a date
    wants this one · AGREE: who holds a date promises silence until then · SILENCE: the reporter
    said nothing to what is proposed · CLOCK: a clock began to run that ends then.
    """

    PROPOSE = "propose"
    MOVE = "move"
    WISH = "wish"
    AGREE = "agree"
    SILENCE = "silence"
    CLOCK = "clock"


class Proof(StrEnum):
    """How it is known that who holds a date said so (design 02, "Who a reporter is").

    PROVEN: by the pinned key's signature, or the code that we mailed to them · RECORD: one of the
    team says so, and another has to · NONE: a mail with their From, which proves nothing.
    """

    PROVEN = "proven"
    RECORD = "record"
    NONE = "none"


class Authority(StrEnum):
    """What the team has given to a wish so far: nothing, one person's word, all approvals."""

    NOBODY = "nobody"
    ONE = "one"
    APPROVED = "approved"


_HOLDERS = frozenset({WishKind.WISH, WishKind.AGREE, WishKind.CLOCK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One wish; `instant` in whole minutes, `holder` "" for the team's own."""

    kind: WishKind
    instant: Instant
    holder: str = ""
    proof: Proof = Proof.NONE

    def __post_init__(self) -> None:
        """Refuse a wish that nobody has, and an instant that no text could show exactly."""
        if self.instant % MINUTE:
            message = "the instant of a wish is a whole minute"
            raise ValueError(message)
        if (self.kind in _HOLDERS) != bool(self.holder):
            message = f"a {self.kind} is {'somebody' if self.kind in _HOLDERS else 'nobody'}'s"
            raise ValueError(message)

    @property
    def is_reporters(self) -> bool:
        """Say whether the reporter has it."""
        return self.holder == REPORTER and self.kind is not WishKind.CLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The one active date of an issue; whole minutes.

    `predisclosure` when the members of the list are told, None where that is not planned · `by` of
    an agreed one · `seconded` says that policy itself proposed it or enough people approved it: a
    date of one person alone is never bound by silence · `since` when it was set.
    """

    instant: Instant
    predisclosure: Instant | None
    state: DateState
    since: Instant
    by: By | None = None
    seconded: bool = False

    def __post_init__(self) -> None:
        """Refuse a date that is agreed by nobody, and instants in the wrong order."""
        if (self.state is DateState.AGREED) != (self.by is not None):
            message = "an agreed date, and no other, says what made it one"
            raise ValueError(message)
        if self.instant % MINUTE:
            message = "a date is a whole minute"
            raise ValueError(message)
        if self.predisclosure is not None and self.predisclosure > self.instant:
            message = "the pre-disclosure is not after the disclosure"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All that a decision about a date depends on.

    `clocks` are those that run · `predisclosed_at` when the list was told, None while it was not ·
    `mentioned` the instants that a mail with a holder's From named without proof since the date was
    last set.
    """

    date: Standing
    ceilings: tuple[Ceiling, ...]
    clocks: tuple[Running, ...]
    predisclosed_at: Instant | None = None
    mentioned: frozenset[Instant] = frozenset()
