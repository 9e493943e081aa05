"""What a benchmark finds: ratios of one run, each with its range, and the line that tells it."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Scale(IntEnum):
    """How much is measured: enough to see that it works, enough to compare, or all."""

    QUICK = 0
    ORDINARY = 1
    FULL = 2

    def choose(self, quick: int, ordinary: int, full: int) -> int:
        """Return the number for this scale."""
        return (quick, ordinary, full)[self]


def turns(most: int, allowance: float = 15.0) -> Iterator[int]:
    """Count rounds, at least one; none begins after `allowance` seconds, so that a run ends."""
    until = time.monotonic() + allowance
    for number in range(most):
        if number and time.monotonic() > until:
            return
        yield number


class Skipped(Exception):
    """Says what is missing on this machine, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One comparison: `ours` and `theirs` in words, one ratio for each round, the design's bar."""

    what: str
    ours: str
    theirs: str
    ratios: tuple[float, ...]
    bar: str

    def line(self) -> str:
        """Return it as one line; the ratio is the rounds' median."""
        ratio = f"ratio {number(median(self.ratios))}"
        if len(self.ratios) > 1:
            ratio += f" ({number(min(self.ratios))} to {number(max(self.ratios))})"
        return f"{self.what}: {self.ours}, {self.theirs}: {ratio}; bar {self.bar}"


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def number(value: float) -> str:
    """Write a ratio as exactly as it was measured, which is not very."""
    if value < 1:
        return f"{value:.2g}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def milliseconds(seconds: float) -> str:
    """Write a short time."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"
