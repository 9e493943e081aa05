"""A thousand hostile mails in a row leave the service as it was: memory, workers, gpg, files.

The ordinary run sends fewer, spread over all kinds, with the same outcome; a soak sends all.
"""

import logging
import smtplib
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.corpus.site import corpus_site
from tests.corpus.test_corpus import HERE, MAILS
from tests.house import ALIAS, PEOPLE
from tests.path.arrivals import TEAM, to_each, unsettled
from tests.path.test_torture import deliverable
from tests.running import Site, serving
from tests.sampling import SOAK
from tests.sinks import running_sink

_LOG: Final = logging.getLogger(__name__)
MIB: Final = 1024 * 1024
HOSTILE: Final = 1000 if SOAK else 40
WARM: Final = 20
"""Mails of an ordinary run before the memory is looked at; a soak sends each kind once."""

PATIENCE: Final = 1500.0 if SOAK else 100.0
GROWTH: Final = 1.2
SLACK: Final = 30 * MIB
"""How much more memory the service may hold after the run than before: a fifth, and this."""

MORE: Final = 8
"""Threads of pools, which are made when first needed, and their connections to the database."""

AFTER: Final = "a plain report after all of it"


def kinds() -> list[bytes]:
    """Return every hostile mail that can pass SMTP: the corpus, and the torture mails."""
    return [*((HERE / path).read_bytes() for path in MAILS), *deliverable().values()]


def spread(mails: Sequence[bytes], number: int) -> list[bytes]:
    """Return that many of the mails, evenly from first to last."""
    return [mails[at * len(mails) // number] for at in range(number)]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a service holds while it has nothing to do: bytes, descriptors, threads, children."""

    memory: int
    descriptors: int
    threads: int
    children: tuple[str, ...]
    agents: int
    files: frozenset[str]


def state(process: int, runtime: Path) -> State:
    """Look at a service; `runtime` is where its secrets lie open."""
    place = Path(f"/proc/{process}")
    status = dict(
        line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line
    )
    children = (place / "task").glob("*/children")
    return State(
        memory=int(status["VmRSS"].split()[0]) * 1024,
        descriptors=len(list((place / "fd").iterdir())),
        threads=int(status["Threads"]),
        children=tuple(pid for each in children for pid in each.read_text().split()),
        agents=sum("gpg-agent" in line for line in commands(runtime)),
        files=frozenset(str(each.relative_to(runtime)) for each in runtime.rglob("*")),
    )


def commands(runtime: Path) -> list[str]:
    """Return the command lines of all processes that name the runtime folder."""
    shown = subprocess.run(["ps", "-e", "-ww", "-o", "args="], capture_output=True, check=True)
    return [line for line in shown.stdout.decode().splitlines() if str(runtime) in line]


def send(site: Site, mails: Iterable[bytes], numbers: Iterator[int]) -> int:
    """Send mails, each as one that was never here before; return how many there were."""
    sent = 0
    for raw, number in zip(mails, numbers, strict=False):
        traced = f"Received: from run by mx.example; number {number}\r\n".encode()
        with smtplib.SMTP("127.0.0.1", site.port) as client:
            client.ehlo()
            client.mail(f"n{number}@outside.example")
            client.rcpt(str(ALIAS))
            assert 250 == client.data(traced + raw)[0], number
        sent += 1
    return sent


def rest(site: Site) -> None:
    """Wait until the service has nothing left to do; fails after a while."""
    deadline = time.monotonic() + PATIENCE
    while left := unsettled(site):
        assert time.monotonic() < deadline, f"{left} are stuck"
        # Another process works, and nothing but its database says when it is done.
        time.sleep(0.1)


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A folder in memory for this service alone: what an earlier test killed lies elsewhere."""
    with TemporaryDirectory(prefix="gk-", dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.timeout(1900 if SOAK else 120)
def test_a_run_of_hostile_mail_leaves_nothing_behind(
    tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is taken; afterwards all is as before, and a plain report goes its way."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    all_kinds = kinds()
    warm = all_kinds if SOAK else spread(all_kinds, WARM)
    run = islice(cycle(all_kinds), HOSTILE) if SOAK else spread(all_kinds, HOSTILE)
    numbers = iter(range(10_000))
    with running_sink() as sink:
        site = corpus_site(tmp_path / "site", relay=sink.port)
        with serving(site) as process:
            sent = send(site, warm, numbers)
            rest(site)
            before = state(process.pid, runtime)
            sent += send(site, run, numbers)
            rest(site)
            after = state(process.pid, runtime)
            report = f"From: a@finder.example\r\nTo: {ALIAS}\r\nSubject: {AFTER}\r\n\r\nHello.\r\n"
            sent += send(site, [report.encode()], numbers)
            rest(site)
            subjects = [issue["subject"] for issue in site.json("issue", "list")]
        left = commands(runtime)
    memory = (before.memory / MIB, after.memory / MIB)
    _LOG.info("%d mails: %.1f MiB before the run, %.1f MiB after", sent, *memory)
    assert subjects.count(AFTER) == 1
    assert sent <= len(to_each(sink.inbox.received, TEAM)) // len(PEOPLE)
    assert after.memory < before.memory * GROWTH + SLACK
    assert before.files == after.files
    assert after.descriptors <= before.descriptors + MORE
    assert after.threads <= before.threads + MORE
    assert 1 == before.agents
    assert ((), 1) == (after.children, after.agents)
    assert [] == left
    assert [] == [each for each in runtime.rglob("*") if each.is_file()]
    assert [] == list(temporary.iterdir())
    assert "QUARANTINED" not in (tmp_path / "site" / "serve.log").read_text()
