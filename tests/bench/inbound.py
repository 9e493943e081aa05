"""Mails that are decrypted and verified a second, against python-gnupg and gpg on the same ones."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from itertools import islice
from pathlib import Path
from shutil import which

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import SignatureState
from gatekeeper.issues.reading import Reader
from gatekeeper.pgp.engine import Engine
from tests.bench import contest, meters
from tests.bench.contest import Way
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.stock import Stock, bare
from tests.house import ALIAS, PEOPLE, alias_key, person_key
from tests.keys import gpg, short_home

# size of the plaintext in bytes -> name, how often in a round
SIZES = {5_000: ("5 KB", 20), 100_000: ("100 KB", 15), 1_000_000: ("1 MB", 5)}

_MAIL = """\
From: {sender}\r
To: {alias}\r
Subject: ...\r
Date: Thu, 03 Sep 2026 12:00:00 +0000\r
Message-ID: <1@mail.example>\r
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Three homes: `bare` has the alias's key, `full` the sender's certificate too."""

    bare: Path
    full: Path
    sender: Path

    @property
    def agents(self) -> tuple[int, int]:
        """The agents that hold the alias's key."""
        return meters.agent_of(self.bare), meters.agent_of(self.full)


@contextmanager
def homes() -> Iterator[Homes]:
    """Lend them."""
    with short_home() as empty, short_home() as full, short_home() as sender:
        for home in (empty, full):
            gpg(home, "--import", given=alias_key().secret)
        gpg(full, "--import", given=person_key(0).public)
        gpg(sender, "--import", given=alias_key().public)
        gpg(sender, "--import", given=person_key(0).secret)
        yield Homes(bare=empty, full=full, sender=sender)


def run(ground: Ground) -> Iterator[Figure]:
    """Compare for each size, and once with a certificate that is lent for the one message."""
    rounds = ground.scale.choose(1, 7, 15)
    sizes = islice(SIZES.items(), ground.scale.choose(1, 3, 3))
    with homes() as lent:
        stock = Stock(lent.full)
        for size, (name, times) in sizes:
            armor = _encrypted(lent.sender, size)
            raw = _MAIL.format(sender=PEOPLE[0][1], alias=ALIAS, armor=armor.decode()).encode()
            ours = [Way(name="Reader", work=_reading(lent.full, raw))]
            if size == min(SIZES):
                guest = person_key(0).public
                ours.append(Way(name="Reader, guest", work=_reading(lent.bare, raw, guest)))
            theirs = [
                Way(name="python-gnupg", work=partial(stock.decrypt, armor)),
                Way(name="gpg alone", work=partial(bare, lent.full, "--decrypt", given=armor)),
            ]
            often = ground.scale.choose(2, times, times)
            contest.hold([*ours, *theirs], rounds=rounds, times=often, agents=lent.agents)
            yield from (_figure(name, one, other) for one in ours for other in theirs)


def _reading(home: Path, raw: bytes, *guests: bytes) -> "partial[None]":
    engine = Engine(
        binary=Path(which("gpg") or "gpg"), home=home, wait=600_000_000, output_limit=2**30
    )
    return partial(_read, Reader(engine=engine, limits=ReadingLimits()), raw, guests)


def _read(reader: Reader, raw: bytes, guests: tuple[bytes, ...]) -> None:
    reading = reader.read(raw, guests)
    assert () == reading.problems
    (signature,) = reading.protection.signatures
    assert signature.state is SignatureState.GOOD


def _encrypted(sender: Path, size: int) -> bytes:
    """Return a report with a file of about that many bytes, signed and encrypted to the alias."""
    report = EmailMessage(policy=SMTP)
    report.set_content("A frame of length 0 reads one byte too far.\n")
    data = os.urandom(size * 3 // 4)
    report.add_attachment(data, maintype="application", subtype="octet-stream", filename="a.bin")
    to = ("--recipient", alias_key().fingerprint)
    return gpg(sender, "--armor", *to, "--sign", "--encrypt", given=report.as_bytes())


def _figure(name: str, ours: Way, theirs: Way) -> Figure:
    return Figure(
        what=f"{name} signed and encrypted",
        ours=ours.told(),
        theirs=theirs.told(),
        ratios=contest.ratios(theirs, ours),
        bar="none",
    )
