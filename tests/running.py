"""The service as a process of its own, on a configuration that `gatekeeper init` made."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests import scratch
from tests.house import ALIAS, PEOPLE, person_key

ROOT = Path(__file__).parent.parent
WAIT = 30.0
_LISTEN = "127.0.0.1:2525"
_RELAY = "127.0.0.1:2526"


_RESERVED: list[socket.socket] = []


def free_port() -> int:
    """Return a port of the loopback address for one server of this test process.

    It stays bound here, so that no other test is given it, nor a connection from this machine;
    a server may listen there all the same, as servers set SO_REUSEADDR (socket(7)).
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    _RESERVED.append(reserved)
    return int(reserved.getsockname()[1])


def gatekeeper(
    *arguments: str, status: int = 0, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would, and see that it ends with that exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "gatekeeper", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert status == done.returncode, done.stdout + done.stderr
    return done


@cache
def _template() -> Path:
    """Return a configuration with the team of PEOPLE, made once in each test process."""
    folder = Path(tempfile.mkdtemp(prefix="init-", dir=scratch.folder()))
    arguments = ["init", str(folder / "config"), "--domain", ALIAS.domain, "--prefix", "SEC"]
    arguments += ["--name", "Example", "--listen", _LISTEN, "--relay", _RELAY]
    for index, (name, address) in enumerate(PEOPLE):
        path = folder / f"{index}.asc"
        path.write_bytes(person_key(index).public)
        arguments += ["--team", f"{name}={address}={path}"]
    gatekeeper(*arguments)
    return folder / "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One installation on disk; `port` is where it listens for SMTP."""

    config: Path
    port: int

    def change(self, name: str, old: str, new: str) -> None:
        """Edit one of the files, where `old` must stand."""
        path = self.config / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def run(self, *arguments: str, status: int = 0) -> str:
        """Run a command on this installation and return what it prints."""
        return gatekeeper("--config", str(self.config), *arguments, status=status).stdout

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run a command with --json and return the value it prints."""
        return json.loads(self.run(*arguments, "--json"))

    def refused(self, *arguments: str, status: int) -> str:
        """Run a command that must fail with that status, and return what it says."""
        command = ("--config", str(self.config), *arguments)
        return gatekeeper(*command, status=status).stderr

    @property
    def alias_certificate(self) -> bytes:
        """The alias's public key."""
        return (self.config / "alias" / "certificate.asc").read_bytes()


def make_site(
    folder: Path, *, relay: int, database: str | None = None, lmtp: int | None = None
) -> Site:
    """Make an installation under `folder` that hands everything to the relay at that port."""
    config = folder / "config"
    shutil.copytree(_template(), config)
    port = free_port()
    site = Site(config=config, port=port)
    site.change("gatekeeper.yaml", "port: 2525", f"port: {port}")
    site.change("gatekeeper.yaml", "port: 2526", f"port: {relay}")
    if lmtp is not None:
        place = f"listen:\n  - protocol: lmtp\n    host: 127.0.0.1\n    port: {lmtp}"
        site.change("gatekeeper.yaml", "listen:", place)
    if database is not None and database.startswith("postgresql"):
        _use_postgresql(site, database)
    return site


def _use_postgresql(site: Site, url: str) -> None:
    """Name a database in the configuration; a password goes to a file, as it must."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=f"{parts.username}@{host}"))
    if parts.password:
        path = site.config / "database.password"
        path.touch(mode=0o600)
        path.write_text(parts.password)
        site.change("gatekeeper.yaml", "too.\n  password_file:", f"\n  password_file: {path.name}")
    site.change("gatekeeper.yaml", "url: sqlite:gatekeeper.sqlite", f"url: {bare}")


@contextmanager
def serving(site: Site, *, also: Sequence[int] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Run `gatekeeper serve` until the end of the context; it has to end well."""
    log = site.config.parent / "serve.log"
    command = [sys.executable, "-m", "gatekeeper", "--config", str(site.config), "serve"]
    with log.open("ab") as sink:
        process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=sink)
    try:
        for port in (site.port, *also):
            _wait_for_port(process, port, log)
        yield process
        process.terminate()
        assert process.wait(WAIT) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(WAIT)


def _wait_for_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once the process accepts connections; every look is a connection of its own."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        assert process.returncode is None, log.read_text()
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=WAIT).close()
            return
