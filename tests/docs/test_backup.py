"""Backup and restore, done as docs/operating.md says: what was received can be read again."""

import os
import shutil
import smtplib
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documented import block
from tests.governing import put_into_force
from tests.house import ALIAS, PEOPLE
from tests.keys import gpg, short_home
from tests.path.test_service import REPORTER, copies, plain_report
from tests.running import ROOT, Site, make_site, serving
from tests.sinks import running_sink
from tests.toolchain.workshop import write_script

SECRET = b"A frame of length 0 reads one byte too far."
SAFE, BACKUP = "/media/safe", "/backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine whose places lie in one folder; what only root may do is written down instead."""

    folder: Path

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / "state"

    @property
    def done(self) -> list[str]:
        """What was asked of systemctl and chown."""
        return (self.folder / "done").read_text().splitlines()

    def follow(self, heading: str) -> str:
        """Type the lines below a heading of the manual, until one fails; return what they print."""
        places = {
            "/etc/gatekeeper": str(self.folder / "config"),
            "/var/lib/gatekeeper": str(self.state),
            SAFE: str(self.folder / "safe"),
            BACKUP: str(self.folder / "backup"),
        }
        lines = block(heading)
        for old, new in places.items():
            assert old in lines
            lines = lines.replace(old, new)
        done = subprocess.run(
            ["sh", "-e", "-c", lines],
            env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Lend one with two empty places for backups."""
    for name in ("bin", "safe", "backup"):
        (tmp_path / name).mkdir()
    for name in ("systemctl", "chown"):
        write_script(tmp_path / "bin" / name, f'echo "{name} $*" >> "{tmp_path}/done"')
    write_script(tmp_path / "bin" / "runuser", 'shift 3; exec "$@"')
    program = f'cd "{ROOT}" && exec "{sys.executable}" -m gatekeeper "$@"'
    write_script(tmp_path / "bin" / "gatekeeper", program)
    return Machine(folder=tmp_path)


def founded(machine: Machine, relay: int) -> Site:
    """Return an installation with one report that nobody could be sent yet."""
    site = make_site(machine.folder, relay=relay)
    machine.state.mkdir(mode=0o700)
    site.change("gatekeeper.yaml", "folder: state", f"folder: {machine.state}")
    with serving(site), smtplib.SMTP("127.0.0.1", site.port) as client:
        client.sendmail(REPORTER, [str(ALIAS)], plain_report())
    return site


def lose(machine: Machine, site: Site) -> None:
    """Lose the machine."""
    shutil.rmtree(site.config)
    shutil.rmtree(machine.state)


def test_what_was_received_goes_out_after_a_restore(machine: Machine) -> None:
    """The machine is lost between a report and its copies: they are sent from the backup."""
    with running_sink() as sink:
        sink.thread.run(sink.listener.stop())
        site = founded(machine, sink.port)
        machine.follow("## Back up")
        assert ["systemctl stop gatekeeper", "systemctl start gatekeeper"] == machine.done
        lose(machine, site)
        said = machine.follow("## Restore")
    assert [
        f"chown -R gatekeeper: {site.config} {machine.state}",
        "systemctl start gatekeeper",
    ] == machine.done[2:]
    assert "is sound: security@example.org" in said
    assert (site.config / "master.key").stat().st_mode & 0o777 == 0o600
    assert machine.state.stat().st_mode & 0o777 == 0o700
    with running_sink() as world:
        site.change("gatekeeper.yaml", f"port: {sink.port}", f"port: {world.port}")
        put_into_force(site)
        with serving(site):
            for row in site.json("delivery", "list"):
                if row["state"] == "deferred":
                    site.run("delivery", "retry", row["delivery"])
            found = copies(world.inbox, len(PEOPLE))
    assert {address for _, address in PEOPLE} <= set(found)


def test_the_alias_still_opens_what_is_encrypted_to_it(machine: Machine, tmp_path: Path) -> None:
    """The key of the backup is the key that the world has."""
    site = founded(machine, 1)
    sealed = tmp_path / "sealed.eml"
    with short_home() as home:
        gpg(home, "--import", given=site.alias_certificate)
        armor = gpg(home, "--armor", "--encrypt", "--recipient", str(ALIAS), given=SECRET)
    head = f"From: {REPORTER}\r\nTo: {ALIAS}\r\nSubject: sealed\r\n\r\n".encode()
    sealed.write_bytes(head + armor.replace(b"\n", b"\r\n"))
    machine.follow("## Back up")
    lose(machine, site)
    machine.follow("## Restore")
    assert site.json("mail", "inspect", str(sealed))["encryption"]["state"] == "whole"


def test_the_two_backups_open_nothing_without_the_master_key(machine: Machine) -> None:
    site = founded(machine, 1)
    former = site.config / "master.key.former-0123456789abcdef"
    former.write_bytes((site.config / "master.key").read_bytes())
    machine.follow("## Back up")
    kept = machine.folder / "backup"
    assert {"config.tar", "state.tar"} == {path.name for path in kept.iterdir()}
    with tarfile.open(kept / "config.tar") as archive:
        names = set(archive.getnames())
    assert {"./gatekeeper.yaml", "./team.yaml", "./alias/secret.sealed", "./keys"} <= names
    assert not any("master.key" in name for name in names)
    master = (site.config / "master.key").read_bytes().split()[-1]
    for path in kept.iterdir():
        assert SECRET not in path.read_bytes()
        assert master not in path.read_bytes()
