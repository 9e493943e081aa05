"""The same work done in several ways, turn about, and what each costs in CPU and by the clock."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench import meters
from tests.bench.figures import median, milliseconds, turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do some work, and the seconds that it took for each time, round by round."""

    name: str
    work: Callable[[], object]
    cpu: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)

    def told(self) -> str:
        """Return its name and its medians."""
        return f"{self.name} {milliseconds(median(self.cpu))} CPU, {self.rate():.0f}/s"

    def rate(self) -> float:
        """Return how often a second it was done, one after the other."""
        return 1 / median(self.clock)

    def once(self, times: int, agents: Sequence[int]) -> None:
        """Do it so many times and note what it took; the gpg-agents' CPU counts too."""
        cpu, began = meters.cpu_with(agents), time.perf_counter()
        for _ in range(times):
            self.work()
        self.clock.append((time.perf_counter() - began) / times)
        self.cpu.append((meters.cpu_with(agents) - cpu) / times)


def hold(ways: Sequence[Way], *, rounds: int, times: int, agents: Sequence[int]) -> None:
    """Let all ways have their turn in every round; the first time of each is not measured."""
    for way in ways:
        way.work()
    for number in turns(rounds):
        for way in _from(ways, number):
            way.once(times, agents)


def _from(ways: Sequence[Way], number: int) -> Iterator[Way]:
    """Yield all, beginning with another each round: none always follows the same one."""
    start = number % len(ways)
    yield from ways[start:]
    yield from ways[:start]


def ratios(first: Way, second: Way) -> tuple[float, ...]:
    """Return each round's CPU of the first in those of the second."""
    return tuple(one / other for one, other in zip(first.cpu, second.cpu, strict=True))
