"""CPU of the whole program for each recipient, from the mail coming in to the relay's last 250.

Held against Schleuder, which encrypts a mail for each subscriber by itself.
"""

from collections.abc import Iterator
from itertools import islice

from tests.bench import schleuder, team
from tests.bench.figures import Figure, median, milliseconds, turns
from tests.bench.ground import Ground
from tests.bench.traffic import sink
from tests.house import alias_key
from tests.running import make_site, serving

# size in bytes -> name, the bar
SIZES = {5_000: ("5 KB", ">= 25"), 1_000_000: ("1 MB", ">= 80")}


def run(ground: Ground) -> Iterator[Figure]:
    """Compare for each size, with one list of members; Skipped without Schleuder."""
    schleuder.find()
    lent = team.members(ground.scale.choose(3, 20, 500))
    rounds = ground.scale.choose(1, 3, 1)
    sizes = islice(SIZES.items(), ground.scale.choose(1, 2, 2))
    with sink(ground.place()) as relay:
        site = make_site(ground.place(), relay=relay)
        team.enrol(site, lent)
        listed = schleuder.schleuder_list(
            ground.place(), relay=relay, certificates=lent.certificates, people=lent.people
        )
        with serving(site) as process, listed as other, team.Whole.lend(site, process.pid) as ours:
            for size, (name, bar) in sizes:
                yield _compared(ours, other, size=size, rounds=rounds, told=(name, bar))


def _compared(
    ours: team.Whole, other: schleuder.Schleuder, *, size: int, rounds: int, told: tuple[str, str]
) -> Figure:
    """Measure one size in turn; what one mail costs is shared by its recipients."""
    mine: list[float] = []
    theirs: list[float] = []
    ours.work(team.report(ours.certificate, 1_000, 1))
    for number in turns(rounds):
        cost = ours.work(team.report(ours.certificate, size, number))
        mine.append(cost.cpu / ours.members)
        mail = team.report(alias_key().public, size, number)
        theirs.append(other.work(mail) / ours.members)
    name, bar = told
    return Figure(
        what=f"{name} to {ours.members} members, CPU a recipient",
        ours=f"the service {milliseconds(median(mine))}, {ours.memory():.0f} MB",
        theirs=f"Schleuder {milliseconds(median(theirs))}",
        ratios=tuple(their / our for their, our in zip(theirs, mine, strict=True)),
        bar=f"{bar} for 500 members",
    )
