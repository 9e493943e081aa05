"""The people of the demonstration: invented persons with throwaway keys made by the real gpg."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import OurFault

GPG: Final = "gpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """One invented person: name, address, and the folder that is their GnuPG home."""

    name: str
    address: str
    home: Path

    def gpg(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run gpg as this person and return what it writes; a failure raises OurFault."""
        done = self.try_gpg(*arguments, given=given)
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise OurFault(f"gpg failed for {self.name}", reason=reason[-1] if reason else "")
        return done.stdout

    def try_gpg(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run gpg as this person and return how it went."""
        command = [GPG, "--homedir", str(self.home), "--batch", "--yes", "--quiet", *arguments]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, input=given, capture_output=True, check=False, env=environment
        )

    def make_key(self) -> None:
        """Make a key without a passphrase, unless this person already has one."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.fingerprint():
            return
        identity = f"{self.name} <{self.address}>"
        arguments = ("--passphrase", "", "--quick-generate-key", identity, "future-default")
        self.gpg("--pinentry-mode", "loopback", *arguments, "default", "2y")

    def fingerprint(self) -> str:
        """Return the fingerprint of this person's own key, or nothing when there is none."""
        listed = self.gpg("--with-colons", "--list-secret-keys").decode()
        rows = (line.split(":") for line in listed.splitlines())
        return next((row[9] for row in rows if row[0] == "fpr"), "")

    def certificate(self) -> bytes:
        """Return this person's public certificate, armored."""
        return self.gpg("--armor", "--export", self.fingerprint())

    def know(self, certificate: bytes) -> None:
        """Take somebody's certificate into this person's key ring."""
        self.gpg("--import", given=certificate)

    def rest(self) -> None:
        """Stop this person's gpg-agent."""
        subprocess.run(
            ["gpgconf", "--homedir", str(self.home), "--kill", "all"],  # noqa: S607 - beside gpg
            capture_output=True,
            check=False,
        )


def team(folder: Path) -> tuple[Someone, ...]:
    """Return the demonstration's response team."""
    return tuple(
        Someone(name=name, address=address, home=folder / address.partition("@")[0])
        for name, address in (
            ("Andrea Example", "andrea@team.example"),
            ("Wei Example", "wei@team.example"),
            ("Sam Example", "sam@vendor.example"),
        )
    )


def reporter(folder: Path) -> Someone:
    """Return the demonstration's reporter."""
    return Someone(name="Robin Finder", address="robin@research.example", home=folder / "robin")
