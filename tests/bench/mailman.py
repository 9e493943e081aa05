"""A Mailman 3 on this machine, as its package installs it, to be held against."""

import os
import shutil
import signal
import smtplib
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.bench import meters, traffic
from tests.bench.figures import Skipped
from tests.bench.meters import Cost
from tests.house import ALIAS
from tests.running import free_port

PROGRAMS = Path("/usr/lib/mailman3/bin")
"""Where Debian's package has them; what is on PATH asks for another user first."""

_USER = "list"
"""Whose Mailman is there: it does not run as root."""

_SETTINGS = """\
[mailman]
site_owner: postmaster@{domain}
layout: here

[paths.here]
var_dir: {folder}/var
bin_dir: {programs}
log_dir: {folder}/var/logs
lock_dir: {folder}/var/locks
etc_dir: {folder}/etc
template_dir: {folder}/var/templates
pid_file: {folder}/var/master.pid

[database]
url: sqlite:///{folder}/var/mailman.db

[mta]
incoming: mailman.mta.null.NullMTA
smtp_host: 127.0.0.1
smtp_port: {relay}
lmtp_host: 127.0.0.1
lmtp_port: {port}
verp_delivery_interval: {interval}

"""
_RUNNERS = (
    *("archive", "bounces", "command", "digest", "in", "lmtp", "nntp", "out", "pipeline"),
    *("rest", "retry", "task", "virgin"),
)
TAKING = ("lmtp",)
"""Only take mail: the runner that writes it to the queue, synced, before it answers."""

HANDING_ON = ("lmtp", "in", "pipeline", "out")
"""Also hand it on to the members."""

_WAIT = 300.0
"""Seconds for all copies of one mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailman:
    """A running Mailman with one list, at the alias's address; `port` is where it takes LMTP."""

    port: int
    pids: tuple[int, ...]
    folder: Path
    members: int

    def cpu(self) -> float:
        """Return the seconds of CPU that all its processes have used."""
        return meters.cpu_clocks(self.pids)

    def waiting(self) -> int:
        """Return how many messages lie in the queue of what came in."""
        return sum(1 for _ in (self.folder / "var" / "queue" / "in").glob("*.pck"))

    def work(self, mail: bytes) -> Cost:
        """Hand it a mail and return what it took until all copies are with the relay."""
        done = self._posted() + 1
        before, began = self.cpu(), time.perf_counter()
        with smtplib.LMTP("127.0.0.1", self.port) as client:
            client.sendmail(traffic.SENDER, [str(ALIAS)], mail)
        while self._posted() < done:
            assert time.perf_counter() < began + _WAIT, "not all copies were delivered"
            time.sleep(0.05)
        return Cost(cpu=self.cpu() - before, clock=time.perf_counter() - began)

    def _posted(self) -> int:
        """Return how many mails went to all members, which it notes after the relay's last 250."""
        log = (self.folder / "var" / "logs" / "smtp.log").read_text(encoding="utf-8")
        assert " failed with code " not in log, log
        return log.count(f" smtp to {ALIAS} for {self.members} recips, completed in ")


def find() -> None:
    """See that it is installed; Skipped when it is not."""
    if not (PROGRAMS / "master").is_file():
        reason = "mailman3 is missing; apt-get install --no-install-recommends mailman3"
        raise Skipped(reason)


@contextmanager
def mailman_list(
    folder: Path,
    *,
    relay: int,
    addresses: Sequence[str] = (),
    runners: Sequence[str] = HANDING_ON,
    each: bool = False,
) -> Iterator[Mailman]:
    """Lend a Mailman with a list of these addresses that hands its mail to that port.

    Only some of its runners are started. With `each`, every member gets a mail with an envelope
    sender of its own (VERP); by itself Mailman gives up to 500 recipients one mail.
    """
    find()
    port = free_port()
    settings = folder / "mailman.cfg"
    text = _SETTINGS.format(
        domain=ALIAS.domain,
        folder=folder,
        programs=PROGRAMS,
        relay=relay,
        port=port,
        interval=1 if each else 0,
    )
    idle = [f"[runner.{name}]\nstart: no\n" for name in _RUNNERS if name not in runners]
    settings.write_text(text + "\n".join(idle))
    if os.geteuid() == 0:
        shutil.chown(folder, _USER, _USER)
    _fill(settings, addresses)
    with _running(settings, port) as pids:
        assert 1 + len(runners) == len(pids)
        yield Mailman(port=port, pids=pids, folder=folder, members=len(addresses))


def _fill(settings: Path, addresses: Sequence[str]) -> None:
    """Make the list; who writes to it is a member who gets no copy, or the mail would be held."""
    _run(settings, "create", "--domain", str(ALIAS))
    if not addresses:
        return
    for delivery, names in (("regular", addresses), ("disabled", [traffic.SENDER])):
        words = ("addmembers", "--delivery", delivery, "--no-welcome-msg", "-", str(ALIAS))
        _run(settings, *words, given="".join(f"{name}\n" for name in names))


@contextmanager
def _running(settings: Path, port: int) -> Iterator[tuple[int, ...]]:
    """Run it until the end of the context; lend the ids of its processes."""
    with (settings.parent / "master.log").open("ab") as log:
        process = _start(settings, "master", "-C", str(settings), stdout=log)
    try:
        traffic.wait_for(port, process)
        yield meters.family(process.pid)
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End it with its runners, which it would start again if they ended first."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        for pid in meters.family(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _start(
    settings: Path, name: str, *words: str, stdin: int | None = None, stdout: int | IO[bytes]
) -> "subprocess.Popen[bytes]":
    """Start one of its programs under its own user, away from this project's environment."""
    humble = _USER if os.geteuid() == 0 else None
    return subprocess.Popen(
        [str(PROGRAMS / name), *words],
        cwd=settings.parent,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "MAILMAN_CONFIG_FILE": str(settings)},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        user=humble,
        group=humble,
        extra_groups=None if humble is None else [],
    )


def _run(settings: Path, *words: str, given: str = "") -> str:
    """Run its command line and return what it prints."""
    pipe = subprocess.PIPE
    with _start(settings, "mailman", *words, stdin=pipe, stdout=pipe) as process:
        said, _ = process.communicate(given.encode())
    assert 0 == process.returncode, said.decode("utf-8", "replace")
    return said.decode()
