"""Messages a second until they are durable, against Postfix accepting into its hold queue."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from gatekeeper.store import messages
from gatekeeper.store.engine import Store
from tests.bench import meters, traffic
from tests.bench.figures import Figure, Scale, median, milliseconds, turns
from tests.bench.ground import CODEC, NAMES, Ground
from tests.bench.receiving import receiving
from tests.postfix import Postfix
from tests.running import free_port, make_site, serving

BARS = {
    ("sqlite", 10): ">= 0.7",
    ("sqlite", 50): ">= 1.0",
    ("postgresql", 10): ">= 0.6",
    ("postgresql", 50): ">= 0.8",
}
CPU_BAR = "<= 1.3 ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """A program of ours that takes mail on a port, and what was measured of it so far."""

    port: int
    pid: int
    lmtp: bool = False
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def measure(self, sessions: int, count: int) -> None:
        """Send it messages; keep the rate, and the seconds of its CPU for each."""
        before = meters.cpu_of(self.pid)
        rate = traffic.flood(self.port, sessions=sessions, messages=count, lmtp=self.lmtp)
        self.rates.append(rate)
        self.cpu.append((meters.cpu_of(self.pid) - before) / count)
        self.sent.append(count)


def run(ground: Ground) -> Iterator[Figure]:
    """Compare stages 1 and 2 alone, then the whole service while it handles what came in."""
    count = ground.scale.choose(100, 500, 1000)
    rounds = ground.scale.choose(1, 5, 5)
    with traffic.holding_postfix() as postfix:
        for sessions in (10, 50)[: ground.scale.choose(1, 2, 2)]:
            yield from _alone(ground, postfix, sessions, count, rounds)
        if ground.scale is not Scale.QUICK:
            yield from _whole(ground, postfix, 10, count // 2, 3)


def _alone(
    ground: Ground, postfix: Postfix, sessions: int, count: int, rounds: int
) -> Iterator[Figure]:
    with ExitStack() as stack:
        takers = {
            dialect: stack.enter_context(taking(ground.ready(dialect)))
            for dialect in ground.dialects
        }
        theirs = _in_turn(postfix, takers, sessions, count, rounds)
    for dialect, taker in takers.items():
        cpu = f" with {milliseconds(median(taker.cpu))} of CPU each (bar {CPU_BAR})"
        what = f"5 KB, {sessions} sessions, {NAMES[dialect]}"
        yield _figure(what, taker, cpu, theirs, BARS[dialect, sessions])


def _whole(
    ground: Ground, postfix: Postfix, sessions: int, count: int, rounds: int
) -> Iterator[Figure]:
    """Measure `gatekeeper serve`, whose other stages begin with the first message at once."""
    for dialect in ground.dialects:
        place = ground.place()
        url = None if dialect == "sqlite" else ground.empty(dialect)
        with traffic.sink(place) as relay:
            site = make_site(place, relay=relay, database=url)
            with serving(site) as process:
                taker = Taker(port=site.port, pid=process.pid)
                theirs = _in_turn(postfix, {dialect: taker}, sessions, count, rounds)
        what = f"the same into the whole service at work, {sessions} sessions, {NAMES[dialect]}"
        yield _figure(what, taker, "", theirs, "none")


def _in_turn(
    postfix: Postfix, takers: Mapping[str, Taker], sessions: int, count: int, rounds: int
) -> list[float]:
    """Measure all in turn, so that what else the machine does meets each; return Postfix's."""
    before = traffic.held(postfix)
    theirs = []
    for _ in turns(rounds):
        theirs.append(traffic.flood(postfix.port, sessions=sessions, messages=count))
        for taker in takers.values():
            taker.measure(sessions, count)
    assert before + count * len(theirs) == traffic.held(postfix)
    return theirs


def _figure(what: str, taker: Taker, cpu: str, theirs: list[float], bar: str) -> Figure:
    return Figure(
        what=what,
        ours=f"ours {median(taker.rates):.0f}/s{cpu}",
        theirs=f"Postfix {median(theirs):.0f}/s",
        ratios=tuple(our / their for our, their in zip(taker.rates, theirs, strict=True)),
        bar=bar,
    )


@contextmanager
def taking(url: str, *, lmtp: bool = False) -> Iterator[Taker]:
    """Run stages 1 and 2 in a process of their own; at the end all that was sent is there."""
    port = free_port()
    with receiving(url, port, protocol="lmtp" if lmtp else "smtp") as process:
        taker = Taker(port=port, pid=process.pid, lmtp=lmtp)
        yield taker
    store = Store.open(url, CODEC)
    stored = sum(store.read(messages.counts).values())
    store.close()
    assert sum(taker.sent) == stored
