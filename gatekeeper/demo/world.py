"""The demonstration's folder: its configuration, its people, its ports, kept between starts."""

import json
import os
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.config import runtime
from gatekeeper.demo import people
from gatekeeper.demo.people import Someone
from gatekeeper.domain.errors import Misconfigured, OurFault

HOST: Final = "127.0.0.1"
DOMAIN: Final = "security.example"
ALIAS: Final = f"security@{DOMAIN}"
_WANTED: Final = {"service": 8025, "mailbox": 8026}
_PATH_MAX: Final = 75
"""gpg's sockets lie below a person's home, and a socket's path has at most 108 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the demonstration stands on; `new` when this start made it."""

    folder: Path
    service_port: int
    mailbox_port: int
    team: tuple[Someone, ...]
    reporter: Someone
    new: bool

    @property
    def config(self) -> Path:
        """The throwaway configuration."""
        return self.folder / "config"

    @property
    def mailbox(self) -> Path:
        """Where the mail that left is kept, one folder for each recipient."""
        return self.folder / "mailbox"

    def command(self, *arguments: str) -> list[str]:
        """Return a gatekeeper command on this configuration, ready to run."""
        return [sys.executable, "-m", "gatekeeper", "--config", str(self.config), *arguments]

    def typed(self, *arguments: str) -> str:
        """Return the same command as a person types it."""
        launcher = Path(sys.executable).with_name("gatekeeper")
        shown = (
            _near(launcher) if launcher.exists() else f"{_near(Path(sys.executable))} -m gatekeeper"
        )
        return f"{shown} --config {_near(self.config)} {shlex.join(arguments)}"

    def run(self, *arguments: str) -> str:
        """Run a gatekeeper command and return what it prints; a failure raises OurFault."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shown = f"gatekeeper {arguments[0]} failed"
            raise OurFault(shown, reason=done.stderr.strip() or done.stdout.strip())
        return done.stdout


def near(path: Path) -> str:
    """Return a path as short as it can be typed from here."""
    return _near(path)


def _near(path: Path) -> str:
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return shlex.quote(str(shown))


def open_world(folder: Path, *, any_ports: bool = False) -> World:
    """Return the world kept in `folder`, made now, on ports of its own, if it is not there yet."""
    folder = folder.resolve()
    if len(os.fsencode(folder)) > _PATH_MAX:
        public = f"{folder} is a path too long for gpg's sockets"
        raise Misconfigured(public, remedy="name a shorter one: --folder /tmp/gatekeeper-demo")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    team = people.team(folder / "people")
    reporter = people.reporter(folder / "people")
    for person in (*team, reporter):
        person.make_key()
    ports_file = folder / "ports.json"
    new = not (folder / "config" / "gatekeeper.yaml").exists()
    ports = _choose_ports(any_ports=any_ports) if new else json.loads(ports_file.read_text())
    world = World(
        folder=folder,
        service_port=ports["service"],
        mailbox_port=ports["mailbox"],
        team=team,
        reporter=reporter,
        new=new,
    )
    if new:
        ports_file.write_text(json.dumps(ports))
        _configure(world)
    return world


def _configure(world: World) -> None:
    arguments = [
        "init",
        str(world.config),
        "--domain",
        DOMAIN,
        "--prefix",
        "SEC",
        "--name",
        "Example",
        "--listen",
        f"{HOST}:{world.service_port}",
        "--relay",
        f"{HOST}:{world.mailbox_port}",
    ]
    for person in world.team:
        path = person.home / "certificate.asc"
        path.write_bytes(person.certificate())
        arguments += ["--team", f"{person.name}={person.address}={path}"]
    if not _in_memory(world):
        arguments.append("--allow-disk")  # the keys are thrown away
    world.run(*arguments)
    _answer_often(world.config / "policy.yaml")
    certificate = world.run("key", "export").encode()
    for person in (*world.team, world.reporter):
        person.know(certificate)


def _answer_often(policy: Path) -> None:
    """Let the demonstration be started many times in an hour: its one reporter is answered."""
    text = policy.read_text(encoding="utf-8")
    shipped, often = "per_sender: 5\n", "per_sender: 300\n"
    if shipped not in text:
        raise OurFault("the shipped policy is not the one that the demonstration knows")
    policy.write_text(text.replace(shipped, often), encoding="utf-8")


def _in_memory(world: World) -> bool:
    """Say whether this machine has a folder in memory for the opened secret key."""
    chosen = runtime.choose(None, folder=world.config, environ=os.environ)
    return not runtime.complaint(chosen, allow_disk=False)


def _choose_ports(*, any_ports: bool) -> dict[str, int]:
    return {
        name: _any_free() if any_ports or not _free(port) else port
        for name, port in _WANTED.items()
    }


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
