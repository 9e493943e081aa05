"""The whole service with a response team of any size, and what a report costs it."""

import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.config import Settings, homes, load
from gatekeeper.config.keyhome import codec_of
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.store import deliveries
from gatekeeper.store.engine import Store
from tests.bench import meters
from tests.bench.fanout import certificates_of, text
from tests.bench.meters import Cost
from tests.bench.traffic import SENDER
from tests.house import ALIAS
from tests.keys import gpg, short_home
from tests.running import Site

_PERSON = """\
  - name: Member {number}
    address: {address}
    employer: Member {number}
    keys: [{fingerprint}]
"""
_MAIL = """\
From: {sender}\r
To: {alias}\r
Subject: a report\r
Date: Thu, 03 Sep 2026 12:00:00 +0000\r
Message-ID: <{number}@client.example>\r
MIME-Version: 1.0\r
Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r
\r
--b\r
Content-Type: application/pgp-encrypted\r
\r
Version: 1\r
\r
--b\r
Content-Type: application/octet-stream\r
\r
{armor}\r
--b--\r
"""
_WAIT = 300.0
"""Seconds for all copies of one mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """People with a key each: address and fingerprint, and the certificates of all."""

    people: tuple[tuple[str, str], ...]
    certificates: bytes
    single: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The running service of a site: the process, its agent, and what its database says."""

    site: Site
    pid: int
    agent: int
    store: Store
    members: int

    @classmethod
    @contextmanager
    def lend(cls, site: Site, pid: int) -> Iterator["Whole"]:
        settings = load(site.config)
        store = Store.open(settings.database.connection_url(), codec_of(settings))
        try:
            yield cls(
                site=site,
                pid=pid,
                agent=meters.agent_of(_home(settings)),
                store=store,
                members=len(settings.team.people),
            )
        finally:
            store.close()

    @property
    def certificate(self) -> bytes:
        """The key of the site's alias."""
        return self.site.alias_certificate

    def memory(self) -> float:
        """Return the megabytes that the service holds."""
        return meters.memory_of(self.pid) / 1e6

    def work(self, mail: bytes) -> Cost:
        """Hand it a mail and return what it took until all copies are with the relay."""
        done = self._delivered() + self.members
        before, began = self._cpu(), time.perf_counter()
        with smtplib.SMTP("127.0.0.1", self.site.port) as client:
            client.sendmail(SENDER, [str(ALIAS)], mail)
        until = time.monotonic() + _WAIT
        while self._delivered() < done:
            assert time.monotonic() < until, "not all copies were delivered"
            time.sleep(0.05)
        return Cost(cpu=self._cpu() - before, clock=time.perf_counter() - began)

    def _cpu(self) -> float:
        return meters.cpu_of(self.pid) + meters.cpu_of(self.agent)

    def _delivered(self) -> int:
        return self.store.read(deliveries.counts)[DeliveryState.DELIVERED]


def _home(settings: Settings) -> Path:
    (home,) = homes.in_use(settings.runtime_folder)
    return home


def members(count: int) -> Members:
    certificates = certificates_of(count)
    with short_home() as home:
        gpg(home, "--import", given=certificates)
        listed = gpg(home, "--with-colons", "--list-keys").decode()
        people = tuple(_people(listed))
        single = tuple(gpg(home, "--armor", "--export", key) for _, key in people)
    assert count == len(people)
    return Members(people=people, certificates=certificates, single=single)


def _people(listed: str) -> Iterator[tuple[str, str]]:
    """Yield address and fingerprint of each key in gpg's list (its doc/DETAILS)."""
    primary = ""
    for line in listed.splitlines():
        fields = line.split(":")
        if fields[0] == "pub":
            primary = ""
        elif fields[0] == "fpr":
            primary = primary or fields[9]
        elif fields[0] == "uid":
            yield fields[9].partition("<")[2].rstrip(">"), primary


def enrol(site: Site, lent: Members) -> None:
    """Make the members the response team, so that each gets a copy of every report."""
    for old in (site.config / "keys").glob("*.asc"):
        old.unlink()
    entries = ["people:\n"]
    for number, ((address, fingerprint), key) in enumerate(
        zip(lent.people, lent.single, strict=True)
    ):
        entries.append(_PERSON.format(number=number, address=address, fingerprint=fingerprint))
        (site.config / "keys" / f"{fingerprint}.asc").write_bytes(key)
    (site.config / "team.yaml").write_text("".join(entries))


def report(certificate: bytes, size: int, number: int) -> bytes:
    """Return a report of about that size, encrypted to a list's key."""
    content = b"Content-Type: text/plain\r\n\r\n" + text(size).replace(b"\n", b"\r\n")
    with short_home() as home:
        gpg(home, "--import", given=certificate)
        to = gpg(home, "--with-colons", "--list-keys").decode().partition("fpr:")[2]
        fingerprint = to.lstrip(":").partition(":")[0]
        armor = gpg(home, "--armor", "--encrypt", "--recipient", fingerprint, given=content)
    made = _MAIL.format(sender=SENDER, alias=ALIAS, number=number, armor=armor.decode())
    return made.replace("\r\n", "\n").replace("\n", "\r\n").encode()
