"""Time until the service is ready and until --help is printed, and memory at rest."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import dev
from tests.bench import meters
from tests.bench.figures import Figure, median, milliseconds, turns
from tests.bench.ground import Ground
from tests.running import free_port, make_site, serving

IMPORTS = "import sqlalchemy, pydantic"
_MEMORY = "; print(open('/proc/self/status').read().partition('VmRSS:')[2].split()[0])"


def run(ground: Ground) -> Iterator[Figure]:
    """Measure in turn with an interpreter that does nothing and one that only imports."""
    rounds = ground.scale.choose(1, 7, 7)
    site = make_site(ground.place(), relay=free_port())
    with serving(site):
        pass  # the first start makes the database
    nothing, imports, answered, ready, memory, bare = [], [], [], [], [], []
    for _ in turns(rounds, 30):
        nothing.append(meters.seconds(lambda: _python("-c", "pass")))
        imports.append(meters.seconds(lambda: _python("-c", IMPORTS)))
        answered.append(meters.seconds(lambda: _python("-m", "gatekeeper", "--help")))
        bare.append(int(_python("-c", IMPORTS + _MEMORY)) * 1024 / 1e6)
        began = time.perf_counter()
        with serving(site) as process:
            ready.append(time.perf_counter() - began)
            memory.append(meters.memory_of(process.pid) / 1e6)
    yield _times("gatekeeper --help", answered, "an empty program", nothing, "<= 300 ms")
    yield _times("start-up to ready", ready, IMPORTS, imports, "<= 2000 ms")
    yield Figure(
        what="memory at rest",
        ours=f"{median(memory):.0f} MB",
        theirs=f"{IMPORTS} {median(bare):.0f} MB",
        ratios=_each(memory, bare),
        bar="<= 120 MB",
    )


def _times(
    what: str, ours: Sequence[float], other: str, theirs: Sequence[float], bar: str
) -> Figure:
    return Figure(
        what=what,
        ours=milliseconds(median(ours)),
        theirs=f"{other} {milliseconds(median(theirs))}",
        ratios=_each(ours, theirs),
        bar=bar,
    )


def _each(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    return tuple(our / their for our, their in zip(ours, theirs, strict=True))


def _python(*words: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=dev.ROOT, capture_output=True, check=True)
    return done.stdout.decode()
