"""The same mail into a list server, Mailman 3, and into ours: until it is durable, and to all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.bench import mailman, team, traffic
from tests.bench.figures import Figure, median, milliseconds, turns
from tests.bench.ground import NAMES, Ground
from tests.bench.intake import Taker, taking
from tests.bench.mailman import Mailman
from tests.bench.meters import Cost
from tests.running import free_port, make_site, serving

SIZE = 5_000
"""Bytes of the report that goes to all; Mailman holds back what is over 40 KB."""

NAMED = (("Mailman, a mail for each,", True), ("Mailman, one for all,", False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to get a mail to all members, and what it took, round by round."""

    name: str
    work: Callable[[bytes], Cost]
    members: int
    costs: list[Cost] = field(default_factory=list)

    def cpu(self) -> list[float]:
        """Return the seconds of CPU for each recipient."""
        return [cost.cpu / self.members for cost in self.costs]

    def rates(self) -> list[float]:
        """Return how many recipients a second had theirs."""
        return [self.members / cost.clock for cost in self.costs]


def run(ground: Ground) -> Iterator[Figure]:
    """Compare the intake, then the way to all members; Skipped without Mailman or Postfix."""
    mailman.find()
    traffic.program("smtp-source")
    yield from _durable(ground)
    yield from _to_all(ground)


def _durable(ground: Ground) -> Iterator[Figure]:
    """Compare stages 1 and 2 with the runner that writes to Mailman's queue, both by LMTP."""
    count, rounds = ground.scale.choose(50, 300, 1000), ground.scale.choose(1, 3, 5)
    place = ground.place()
    with mailman.mailman_list(place, relay=free_port(), runners=mailman.TAKING) as other:
        for sessions in (10, 50)[: ground.scale.choose(1, 2, 2)]:
            yield from _in_turn(ground, other, sessions, count, rounds)


def _in_turn(
    ground: Ground, other: Mailman, sessions: int, count: int, rounds: int
) -> Iterator[Figure]:
    theirs: list[float] = []
    before, used = other.waiting(), other.cpu()
    with ExitStack() as stack:
        takers = {
            dialect: stack.enter_context(taking(ground.ready(dialect), lmtp=True))
            for dialect in ground.dialects
        }
        for _ in turns(rounds):
            rate = traffic.flood(other.port, sessions=sessions, messages=count, lmtp=True)
            theirs.append(rate)
            for taker in takers.values():
                taker.measure(sessions, count)
    assert before + count * len(theirs) == other.waiting()
    cpu = (other.cpu() - used) / (count * len(theirs))
    for dialect, taker in takers.items():
        yield _taken(f"{sessions} sessions, {NAMES[dialect]}", taker, theirs, cpu)


def _taken(what: str, taker: Taker, theirs: list[float], cpu: float) -> Figure:
    mine = milliseconds(median(taker.cpu))
    return Figure(
        what=f"5 KB by LMTP, {what}",
        ours=f"ours {median(taker.rates):.0f}/s with {mine} of CPU each",
        theirs=f"Mailman {median(theirs):.0f}/s with {milliseconds(cpu)}",
        ratios=tuple(our / their for our, their in zip(taker.rates, theirs, strict=True)),
        bar="none",
    )


def _to_all(ground: Ground) -> Iterator[Figure]:
    """Compare the whole service, which seals a mail for each, with Mailman, which passes it on."""
    lent = team.members(ground.scale.choose(3, 50, 500))
    addresses = [address for address, _ in lent.people]
    with ExitStack() as stack:
        relay = stack.enter_context(traffic.sink(ground.place()))
        site = make_site(ground.place(), relay=relay)
        team.enrol(site, lent)
        process = stack.enter_context(serving(site))
        ours = stack.enter_context(team.Whole.lend(site, process.pid))
        mine = Way(name="the service", work=ours.work, members=ours.members)
        others = []
        for name, each in NAMED[: ground.scale.choose(1, 2, 2)]:
            lending = mailman.mailman_list(
                ground.place(), relay=relay, addresses=addresses, each=each
            )
            other = stack.enter_context(lending)
            others.append(Way(name=name, work=other.work, members=other.members))
        _rounds(ours.certificate, [mine, *others], ground.scale.choose(1, 3, 3))
    for way in others:
        yield from _passed_on(mine, way)


def _rounds(certificate: bytes, ways: Sequence[Way], rounds: int) -> None:
    """Let each have its turn in every round, after a first mail that is not measured."""
    for way in ways:
        way.work(team.report(certificate, 1_000, 1))
    for number in turns(rounds):
        mail = team.report(certificate, SIZE, number)
        for way in ways:
            way.costs.append(way.work(mail))


def _passed_on(mine: Way, other: Way) -> Iterator[Figure]:
    """Yield both ratios such that more is better for us."""
    what = f"5 KB to {mine.members} members"
    yield Figure(
        what=f"{what}, recipients a second",
        ours=f"{mine.name} {median(mine.rates()):.0f}/s",
        theirs=f"{other.name} {median(other.rates()):.0f}/s",
        ratios=tuple(our / their for our, their in zip(mine.rates(), other.rates(), strict=True)),
        bar="none",
    )
    yield Figure(
        what=f"{what}, CPU a recipient",
        ours=f"{mine.name} {milliseconds(median(mine.cpu()))}",
        theirs=f"{other.name} {milliseconds(median(other.cpu()))}",
        ratios=tuple(their / our for their, our in zip(other.cpu(), mine.cpu(), strict=True)),
        bar="none",
    )
