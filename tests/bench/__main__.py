"""Measures the project against something real in the same run, and prints the ratios.

    .venv/bin/python -m tests.bench [--quick | --full] [NAME ...]

NAME is fanout, strict, inbound, intake, answers, attack, memory, growth, outbound, start, lookup,
rivals or mailman; all without one. Nothing passes or fails by time: a machine that others use too
is no defect of the program. What a machine lacks is said.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.bench import (
    answers,
    attack,
    fanout,
    growth,
    inbound,
    intake,
    listserver,
    lookup,
    memory,
    outbound,
    rivals,
    start,
    strict,
)
from tests.bench.figures import Figure, Scale, Skipped
from tests.bench.ground import Ground, lend_ground

BENCHES: dict[str, Callable[[Ground], Iterator[Figure]]] = {
    "fanout": fanout.run,
    "strict": strict.run,
    "inbound": inbound.run,
    "intake": intake.run,
    "answers": answers.run,
    "attack": attack.run,
    "memory": memory.run,
    "growth": growth.run,
    "outbound": outbound.run,
    "start": start.run,
    "lookup": lookup.run,
    "rivals": rivals.run,
    "mailman": listserver.run,
}


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)  # noqa: T201 - a person reads the figures


def main(arguments: Sequence[str]) -> None:
    """Run the benchmarks that are named and print their figures."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tests.bench", description=__doc__, formatter_class=as_written)
    parser.add_argument("names", nargs="*", metavar="NAME", help="|".join(BENCHES))
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--quick", action="store_true", help="the smallest form, in seconds")
    scale.add_argument("--full", action="store_true", help="the sizes of the design's bars")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(BENCHES)):
        parser.error(f"there is no benchmark {' or '.join(unknown)}")
    chosen = Scale.QUICK if options.quick else Scale.FULL if options.full else Scale.ORDINARY
    say(f"machine  {_machine()}")
    for name in options.names or BENCHES:
        _measure(name, chosen)


def _measure(name: str, scale: Scale) -> None:
    began = time.monotonic()
    try:
        with lend_ground(scale) as ground:
            for figure in BENCHES[name](ground):
                say(f"{name:<8} {figure.line()}")
    except Skipped as reason:
        say(f"{name:<8} SKIPPED: {reason}")
    say(f"{name:<8} measured in {time.monotonic() - began:.0f} s")


def _machine() -> str:
    names = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\nmodel name")[1:]
    model = names[0].partition("\n")[0].strip("\t: ") if names else platform.machine()
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, load {load:.1f}"


if __name__ == "__main__":
    main(sys.argv[1:])
