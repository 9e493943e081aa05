"""Roles in processes of their own: woken by each other, giving way, and ending as they should."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

import psycopg
import pytest

from gatekeeper.config import load
from gatekeeper.domain.errors import Reply
from tests.house import PEOPLE
from tests.path.arrivals import wait_until_delivered
from tests.path.cluster import LIVELY, PATIENT, Cluster, a_cluster
from tests.path.test_processes import COPIES, key_that_ends_soon, report
from tests.running import WAIT, Site
from tests.sinks import Sink, running_sink

APART = {"in": "inbound", "out": "outbound", "clock": "clock"}
USUAL: Final[Mapping[str, str]] = MappingProxyType({})

STANDING = f"""
import logging, os, signal, threading
from gatekeeper import lead
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import StaleLease

alone, whole = threading.RLock(), Store.write

def write(store, fn):
    with alone:
        return whole(store, fn)

class Standing(lead.Guarded):
    stood = False

    def write(self, fn):
        with alone:
            if threading.current_thread().name == "watching keys" and not Standing.stood:
                Standing.stood = True
                os.kill(os.getpid(), signal.SIGSTOP)
        try:
            return super().write(fn)
        except StaleLease:
            logging.getLogger("gatekeeper").info("refused what it was about to write")
            raise

Store.write, lead.Guarded = write, Standing
{LIVELY}"""
"""It stands still once, when it has seen which keys end and is about to write that down.

Nothing else of it is in the middle of a write then: that is another test's (the store's).
"""

ON_POSTGRESQL = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


@contextmanager
def apart(
    folder: Path, url: str, roles: dict[str, str], programs: Mapping[str, str] = USUAL
) -> Iterator[tuple[Cluster, Sink]]:
    """Run services and the relay that they send to."""
    with (
        running_sink() as sink,
        a_cluster(folder, relay=sink.port, url=url, roles=roles, programs=programs) as cluster,
    ):
        yield cluster, sink


def until(cluster: Cluster, name: str, event: str, number: int = 1) -> list[str]:
    """Return a service's log once that line stands in it so often; fails after a while."""
    for _ in range(int(WAIT * 20)):
        lines = cluster.log(name).read_text().splitlines()
        if sum(event in line for line in lines) >= number:
            return lines
        threading.Event().wait(0.05)
    raise AssertionError(cluster.log(name).read_text())


def opened_keys(site: Site) -> list[Path]:
    """Return the files of secret keys that lie opened in memory."""
    return list(load(site.config).runtime_folder.glob("gpg-*/private-keys-v1.d/*.key"))


@ON_POSTGRESQL
def test_each_is_woken_by_what_another_commits(database_url: str, tmp_path: Path) -> None:
    """Nobody looks for work by himself: a report, and a person's command, get through all three."""
    with apart(tmp_path, database_url, APART, dict.fromkeys(APART, PATIENT)) as (cluster, sink):
        cluster.start(*APART)
        assert cluster.send(*report(1), threading.Event())
        sink.inbox.wait(COPIES)
        assert COPIES == wait_until_delivered(cluster.site)
        sink.inbox.reply = Reply(code=550, enhanced="5.1.1", text="No such user")
        assert cluster.send(*report(2), threading.Event())
        sink.inbox.wait(2 * COPIES)
        failed = _failed(cluster)
        sink.inbox.reply = Reply(code=250, enhanced="2.0.0", text="Taken")
        cluster.site.run("delivery", "retry", failed)
        got = sink.inbox.wait(2 * COPIES + 1)[-1]
        assert str(got.envelope.recipients[0]) in {address for _, address in PEOPLE}


def _failed(cluster: Cluster) -> str:
    for _ in range(60):
        for row in cluster.site.json("delivery", "list", "--state", "failed"):
            if row["recipient"] != report(2)[1]:
                return str(row["delivery"])
    raise AssertionError("nothing failed")


@ON_POSTGRESQL
def test_who_stands_still_in_the_middle_of_the_clocks_work_writes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """Stopped between what it read and what it writes, it goes on when another did the work.

    Its lease is ended, as by the time. Each of the team is told of a key once, whoever does it,
    and once it goes on the first one stands by until the other ends.
    """
    roles = {"one": "clock", "two": "clock"}
    programs = {"one": STANDING, "two": LIVELY}
    with apart(tmp_path, database_url, roles, programs) as (cluster, _):
        key_that_ends_soon(cluster.site)
        cluster.launch("one")
        cluster.wait_for_a_stop("one")
        cluster.start("two")
        until(cluster, "two", "this one stands by")
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute("UPDATE duties SET until = 0")
        until(cluster, "two", "the clock's work is done here")
        assert len(PEOPLE) == _letters(cluster, len(PEOPLE))
        cluster.signal("one", signal.SIGCONT)
        until(cluster, "one", "refused what it was about to write")
        until(cluster, "one", "this one stands by")
        cluster.end("two")
        until(cluster, "one", "the clock's work is done here", 2)
        cluster.end("one")
        assert len(PEOPLE) == _letters(cluster, len(PEOPLE))
        assert '"error"' not in cluster.log("one").read_text()


def _letters(cluster: Cluster, number: int) -> int:
    """Return how many mails are to be sent, once it is that many; fails after a while."""
    for _ in range(60):
        if len(found := cluster.site.json("delivery", "list")) >= number:
            return len(found)
    raise AssertionError("nobody was told")


@ON_POSTGRESQL
def test_no_secret_key_is_opened_for_the_clock(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its home holds the certificates alone; one that encrypts and signs holds the alias's key."""
    with apart(tmp_path, database_url, APART) as (cluster, _):
        runtime = cluster.folder / "r"
        runtime.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        cluster.start("clock")
        assert [] == list(runtime.glob("*/gpg-*/private-keys-v1.d/*.key"))
        assert list(runtime.glob("*/gpg-*/pubring.*"))
        cluster.start("out")
        assert list(runtime.glob("*/gpg-*/private-keys-v1.d/*.key"))
        cluster.end("clock")
        cluster.end("out")


@ON_POSTGRESQL
def test_told_to_end_it_finishes_what_is_on_the_wire_and_lets_go_of_the_rest(
    database_url: str, tmp_path: Path
) -> None:
    """What was claimed and not begun is another's at once, and goes out once."""
    roles = {"in": "inbound", "out": "outbound", "next": "outbound"}
    with apart(tmp_path, database_url, roles) as (cluster, sink):
        sink.inbox.held = True
        cluster.start("in", "out")
        over = threading.Event()
        for number in range(3):
            assert cluster.send(*report(number), over)
        sink.inbox.wait(2)
        cluster.signal("out", signal.SIGTERM)
        until(cluster, "out", "draining")
        sink.inbox.held = False
        sink.inbox.answer()
        assert 0 == cluster.running["out"].process.wait(WAIT)
        states = {row["state"] for row in cluster.site.json("delivery", "list")}
        assert "claimed" not in states
        cluster.start("next")
        assert 3 * COPIES == wait_until_delivered(cluster.site)
        got = [(each.envelope.recipients[0], each.raw) for each in sink.inbox.received]
        assert 3 * COPIES == len(got) == len(set(got))


def test_a_second_signal_ends_it_at_once(database_url: str, tmp_path: Path) -> None:
    """A relay that never answers holds nothing up, and the opened keys are gone all the same."""
    roles = {"all": "inbound,outbound,publication,clock"}
    with apart(tmp_path, database_url, roles) as (cluster, sink):
        sink.inbox.held = True
        cluster.start("all")
        assert cluster.send(*report(1), threading.Event())
        sink.inbox.wait(1)
        cluster.signal("all", signal.SIGTERM)
        until(cluster, "all", "draining")
        assert opened_keys(cluster.site)
        cluster.signal("all", signal.SIGTERM)
        process = cluster.running["all"].process
        assert 128 + signal.SIGTERM == process.wait(WAIT)
        until(cluster, "all", "ended at once")
        lines = cluster.log("all").read_text()
        assert '"stopped"' not in lines
        assert [] == opened_keys(cluster.site)
