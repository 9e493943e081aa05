"""Messages a second until they are durable, with few and with many stored already."""

from collections.abc import Iterator

from gatekeeper.store.engine import Store
from tests.bench import traffic
from tests.bench.figures import Figure, median, turns
from tests.bench.filling import PER_ISSUE, fill
from tests.bench.ground import CODEC, NAMES, Ground
from tests.bench.receiving import receiving
from tests.running import free_port


def run(ground: Ground) -> Iterator[Figure]:
    """Compare on each database, in turn."""
    traffic.program("smtp-source")
    few = ground.scale.choose(20, 1_000, 1_000)
    many = ground.scale.choose(200, 10_000, 100_000)
    count, rounds = ground.scale.choose(20, 300, 500), ground.scale.choose(1, 5, 9)
    for dialect in ground.dialects:
        small, large = free_port(), free_port()
        with (
            receiving(_filled(ground, dialect, few), small),
            receiving(_filled(ground, dialect, many), large),
        ):
            rates: dict[int, list[float]] = {small: [], large: []}
            for _ in turns(rounds):
                for port, found in rates.items():
                    found.append(traffic.flood(port, sessions=10, messages=count))
        yield Figure(
            what=f"intake with {many} messages stored against {few}, {NAMES[dialect]}",
            ours=f"{median(rates[large]):.0f}/s with {many}",
            theirs=f"{median(rates[small]):.0f}/s with {few}",
            ratios=tuple(a / b for a, b in zip(rates[small], rates[large], strict=True)),
            bar="<= 2",
        )


def _filled(ground: Ground, dialect: str, count: int) -> str:
    url = ground.ready(dialect)
    store = Store.open(url, CODEC)
    fill(store, count // PER_ISSUE, 1)
    store.close()
    return url
