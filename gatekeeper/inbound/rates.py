"""How often something may happen in a minute, by a clock that only goes forward."""

import time
from typing import Final

from gatekeeper.domain.instants import MINUTE


def monotonic() -> int:
    """Return the microseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1000


class Rate:
    """A bucket of tokens that fills by itself: it holds what is allowed in a minute, full at first.

    `at` is microseconds of a clock that only goes forward.
    """

    __slots__ = ("_at", "_left", "_per_minute")

    def __init__(self, per_minute: int, at: int) -> None:
        self._per_minute: Final = per_minute
        self._left = float(per_minute)
        self._at = at

    def take(self, at: int) -> bool:
        """Say whether it may happen now, and count it if so."""
        self._fill(at)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def full(self, at: int) -> bool:
        """Say whether nothing happened lately."""
        self._fill(at)
        return self._left >= self._per_minute

    def _fill(self, at: int) -> None:
        passed = max(0, at - self._at)
        self._at = at
        self._left = min(self._per_minute, self._left + passed * self._per_minute / MINUTE)
