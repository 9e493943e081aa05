"""The service under a service manager: what it is told, and that it ends within a bounded time."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.path.cluster import LIVELY, MAIN, Cluster, a_cluster
from tests.path.test_processes import report
from tests.path.test_processes_apart import opened_keys, until
from tests.running import WAIT
from tests.sinks import Sink, running_sink

PING = 200_000
"""Microseconds between two signs of life; a manager asks for one in twice the time."""

SILENCE = 5 * PING / 1_000_000

HANGING = f"""
import signal, time
from gatekeeper.presence import Presence

def hang(number, frame):
    print("hanging", flush=True)
    time.sleep(3600)

signal.signal(signal.SIGUSR1, hang)
{MAIN}"""
"""Its event loop hangs when it is told to."""

STUCK = f"""
import signal, threading
from gatekeeper import loops
from gatekeeper.presence import Presence

stuck, tick = threading.Event(), Presence.tick

def hang(presence):
    if stuck.is_set():
        threading.Event().wait()
    return tick(presence)

Presence.tick, loops.STUCK_SECONDS = hang, 0.1
signal.signal(signal.SIGUSR1, lambda number, frame: stuck.set())
{LIVELY}"""
"""One of its threads never ends a round once it is told so."""

BRIEF = """
from gatekeeper import service
service.DRAIN_SECONDS = 0.5
"""
"""What is in hand may take half a second when the service ends."""

HOLDING = f"""
import signal, threading
from gatekeeper.store import processes
{BRIEF}
service.CLOSE_SECONDS = 0.5
held, beat = threading.Event(), processes.beat

def hang(tx, **said):
    if held.is_set():
        print("hanging", flush=True)
        threading.Event().wait()
    return beat(tx, **said)

processes.beat = hang
signal.signal(signal.SIGUSR1, lambda number, frame: held.set())
{LIVELY}"""
"""One of its transactions never ends once it is told so."""


@contextmanager
def supervised(folder: Path, program: str = MAIN) -> Iterator[tuple[Cluster, Sink]]:
    """Run a service on SQLite that is ready, and the relay that it sends to."""
    roles = {"all": "inbound,outbound,publication,clock"}
    url = f"sqlite:///{folder}/unused"
    with (
        running_sink() as sink,
        a_cluster(
            folder, relay=sink.port, url=url, roles=roles, programs={"all": program}
        ) as cluster,
    ):
        cluster.start("all")
        yield cluster, sink


def heard(told: socket.socket, seconds: float) -> list[bytes]:
    """Return the states that are told until nothing is for so long."""
    told.settimeout(seconds)
    found: list[bytes] = []
    while True:
        try:
            found += told.recv(4096).splitlines()
        except TimeoutError:
            return found


@pytest.fixture
def _watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for signs of life, as a manager with WatchdogSec= does."""
    monkeypatch.setenv("WATCHDOG_USEC", str(2 * PING))


@pytest.mark.usefixtures("_watchdog")
def test_it_is_ready_alive_and_stopping_in_this_order(tmp_path: Path) -> None:
    """Ready means that a client is greeted; each word is there once, but for the signs of life."""
    with supervised(tmp_path) as (cluster, _):
        socket.create_connection(("127.0.0.1", cluster.site.port), timeout=WAIT).close()
        running = cluster.running["all"]
        for _ in range(2):
            running.until(b"WATCHDOG=1")
        running.process.terminate()
        assert 0 == running.process.wait(WAIT)
        told = [state for state in heard(running.told, 0.1) if state != b"WATCHDOG=1"]
    assert [b"STOPPING=1", b"STATUS=finishing what is in hand"] == told


@pytest.mark.usefixtures("_watchdog")
@pytest.mark.parametrize("program", [HANGING, STUCK], ids=["event loop", "thread"])
def test_what_hangs_gives_no_sign_of_life(program: str, tmp_path: Path) -> None:
    """So a manager ends it and starts another."""
    with supervised(tmp_path, program) as (cluster, _):
        running = cluster.running["all"]
        running.until(b"WATCHDOG=1")
        cluster.signal("all", signal.SIGUSR1)
        event = "hanging" if program == HANGING else "no sign of life from: presence"
        until(cluster, "all", event)
        heard(running.told, 0.01)
        assert [] == heard(running.told, SILENCE)


def test_a_relay_that_never_answers_keeps_it_no_longer_than_so(tmp_path: Path) -> None:
    """It ends as it should, with a word on it; what was on the wire is another's to find out."""
    with supervised(tmp_path, BRIEF + MAIN) as (cluster, sink):
        sink.inbox.held = True
        assert cluster.send(*report(1), threading.Event())
        sink.inbox.wait(1)
        cluster.end("all")
        lines = cluster.log("all").read_text()
    assert "relaying did not end within" in lines
    assert '"stopped"' in lines


def test_a_transaction_that_never_ends_keeps_it_no_longer_than_so(tmp_path: Path) -> None:
    """It ends as by the signal, for the database is never closed; its opened keys are gone."""
    with supervised(tmp_path, HOLDING) as (cluster, _):
        assert opened_keys(cluster.site)
        cluster.signal("all", signal.SIGUSR1)
        until(cluster, "all", "hanging")
        cluster.end("all", status=128 + signal.SIGTERM)
        assert [] == opened_keys(cluster.site)
