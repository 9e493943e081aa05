"""Postfix as the measure: one that accepts and holds, its own sender, and its own sink."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dev
from tests.bench.figures import Skipped
from tests.house import ALIAS
from tests.postfix import Postfix, running_postfix
from tests.running import free_port

SENDER = "robin@research.example"

# Held mail is never moved on, so a pause for a queue manager that lags behind would be unfair.
_HOLD = """
smtpd_client_restrictions = check_client_access static:HOLD
in_flow_delay = 0
"""
_WAIT = 60.0


def program(name: str) -> str:
    """Return the path of one of Postfix's programs; Skipped when it is not there."""
    found = dev.find_peer(name)
    if found is None:
        reason = f"{name} is missing; apt-get install postfix"
        raise Skipped(reason)
    return str(found)


@contextmanager
def holding_postfix() -> Iterator[Postfix]:
    """Run a Postfix that writes what it accepts to its hold queue, on disk, and leaves it there."""
    control = program("postfix")
    with running_postfix(lmtp=free_port(), world=free_port()) as postfix:
        settings = postfix.folder / "etc" / "main.cf"
        settings.write_text(settings.read_text() + _HOLD)
        command = [control, "-c", str(settings.parent), "reload"]
        subprocess.run(command, check=True, capture_output=True)
        flood(postfix.port, sessions=10, messages=20)
        yield postfix


def held(postfix: Postfix) -> int:
    """Return how many messages lie in the hold queue."""
    return sum(path.is_file() for path in (postfix.folder / "queue" / "hold").rglob("*"))


def flood(
    port: int, *, sessions: int, messages: int, size: int = 5120, lmtp: bool = False
) -> float:
    """Send messages over kept connections, all different, and return how many a second went."""
    words = [
        *(["-L"] if lmtp else []),
        "-d",
        "-s",
        str(sessions),
        "-m",
        str(messages),
        "-l",
        str(size),
    ]
    words += ["-M", "client.example", "-f", SENDER, "-t", str(ALIAS), f"127.0.0.1:{port}"]
    began = time.perf_counter()
    command = [program("smtp-source"), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_WAIT)
    assert 0 == done.returncode, done.stderr
    return messages / (time.perf_counter() - began)


@contextmanager
def sink(folder: Path) -> Iterator[int]:
    """Run the sink that takes everything and keeps nothing; lend its port."""
    port = free_port()
    with (folder / "sink.log").open("ab") as log:
        humble = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [program("smtp-sink"), *humble, f"127.0.0.1:{port}", "256"]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return once a program that was started listens on a port."""
    until = time.monotonic() + _WAIT
    while True:
        assert process.poll() is None, "it ended"
        assert time.monotonic() < until, "it does not listen"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_WAIT).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
