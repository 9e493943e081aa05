"""CPU to seal a letter to many in one run of gpg, against one run of gpg for each recipient."""

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gatekeeper.pgp import fanout
from gatekeeper.pgp.assembly import SharedPacket
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Fanout, Recipient
from gatekeeper.pgp.keyring import Keyring
from tests.bench import meters
from tests.bench.figures import Figure, median, milliseconds, turns
from tests.bench.ground import Ground
from tests.bench.stock import STRENGTH, Stock, bare
from tests.house import START, alias_key
from tests.keys import CREATED, gpg, short_home

FRAME_HEAD = b"Subject: x\r\nContent-Type: multipart/encrypted\r\n\r\n"
FRAME_TAIL = b"\r\n--boundary--\r\n"

# size in bytes -> name, calls for one each that are measured, the bar for 1,000 members
SIZES = {
    5_000: ("5 KB", 20, ">= 5, and about a second in all,"),
    1_000_000: ("1 MB", 8, ">= 25"),
    10_000_000: ("10 MB", 3, ">= 100"),
}

_PARAMETERS = """\
Key-Type: eddsa
Key-Curve: ed25519
Key-Usage: sign,cert
Subkey-Type: ecdh
Subkey-Curve: cv25519
Subkey-Usage: encrypt
Name-Real: Member {number}
Name-Email: security@m{number}.example
Expire-Date: 0
%no-protection
%transient-key
%commit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A home with the alias's key and the members' certificates."""

    engine: Engine
    keyring: Keyring
    stock: Stock
    members: tuple[str, ...]
    agent: int

    def at_once(self, plaintext: bytes) -> Fanout:
        """Seal to all as the program does."""
        return fanout.seal(
            self.engine,
            self.keyring,
            plaintext=plaintext,
            recipients=[Recipient(ref=one, fingerprints=(one,)) for one in self.members],
            signer=alias_key().fingerprint,
            now=START,
        )

    def mails(self, plaintext: bytes) -> None:
        """Seal to all and make each one's mail."""
        made = self.at_once(plaintext)
        packet = SharedPacket(made.shared)
        assert set(self.members) == set(made.key_packets)
        for key_packets in made.key_packets.values():
            packet.assemble(frame_head=FRAME_HEAD, key_packets=key_packets, frame_tail=FRAME_TAIL)

    def by_stock(self, plaintext: bytes, member: str) -> None:
        """Seal to one as people do it today: python-gnupg's encrypt() with nothing else said."""
        self.stock.seal(plaintext, to=member, signer=alias_key().fingerprint)

    def by_default(self, plaintext: bytes, member: str, *more: str) -> None:
        """Seal to one with gpg alone, which compresses and armors."""
        to = ("--local-user", alias_key().fingerprint, "--recipient", member)
        bare(self.engine.home, *more, *to, "--armor", "--sign", "--encrypt", given=plaintext)

    def by_our_options(self, plaintext: bytes, member: str) -> None:
        """Seal to one with gpg alone, told what the program tells it: above all, no compression."""
        self.by_default(plaintext, member, *STRENGTH)

    def cpu(self, work: Callable[[], object]) -> float:
        """Return the seconds of CPU that work takes: here, in gpg and in its agent."""
        before = meters.cpu_with([self.agent])
        work()
        return meters.cpu_with([self.agent]) - before


# how one call for each recipient is made
OTHERS = {
    "one python-gnupg call each": Membership.by_stock,
    "one gpg each": Membership.by_default,
    "one gpg each, our options": Membership.by_our_options,
}


def certificates_of(count: int) -> bytes:
    """Return the certificates of so many members, each at a domain of its own."""
    with short_home() as making:
        given = "".join(_PARAMETERS.format(number=number) for number in range(count))
        gpg(making, "--faked-system-time", CREATED, "--gen-key", given=given.encode())
        return gpg(making, "--export")


@contextmanager
def membership(count: int) -> Iterator[Membership]:
    """Lend a home with that many members."""
    certificates = certificates_of(count)
    with short_home() as home:
        binary = Path(shutil.which("gpg") or "gpg")
        engine = Engine(binary=binary, home=home, wait=600_000_000, output_limit=2**30)
        keyring = Keyring(engine)
        keyring.load_secret(alias_key().secret)
        gpg(home, "--import", given=certificates)
        found = (cert.fingerprint for cert in keyring.list(START))
        members = tuple(each for each in found if each != alias_key().fingerprint)
        assert count == len(members)
        lent = Membership(
            engine=engine,
            keyring=keyring,
            stock=Stock(home),
            members=members,
            agent=meters.agent_of(home),
        )
        lent.mails(b"the first time is not measured")
        lent.by_default(b"the first time is not measured", members[0])
        yield lent


def run(ground: Ground) -> Iterator[Figure]:
    """Compare for each number of members and each size."""
    rounds = ground.scale.choose(1, 5, 3)
    counts = ((10,), (100,), (10, 100, 1000))[ground.scale]
    sizes = list(SIZES)[: ground.scale.choose(1, 3, 3)]
    for count in counts:
        with membership(count) as lent:
            for size in sizes:
                yield from _compared(lent, size, rounds)


def text(size: int) -> bytes:
    """Return about as many bytes of text as attachments are made of."""
    return base64.encodebytes(os.urandom(size * 3 // 4))


def _compared(lent: Membership, size: int, rounds: int) -> Iterator[Figure]:
    """Compare one size; calls for one each are measured for a sample and scaled to all."""
    name, sample, bar = SIZES[size]
    plaintext, count = text(size), len(lent.members)
    taken = lent.members[:: max(1, count // sample)][:sample]
    ours: list[float] = []
    theirs: dict[str, list[float]] = {other: [] for other in OTHERS}
    for _ in turns(rounds):
        ours.append(lent.cpu(partial(lent.mails, plaintext)))
        for other, seal in OTHERS.items():
            spent = sum(lent.cpu(partial(seal, lent, plaintext, one)) for one in taken)
            theirs[other].append(spent / len(taken) * count)
    sampled = "" if len(taken) == count else f" ({len(taken)} measured)"
    for other, all_of_them in theirs.items():
        yield Figure(
            what=f"{name} to {count} members, CPU",
            ours=f"at once {milliseconds(median(ours))}",
            theirs=f"{other} {milliseconds(median(all_of_them))}{sampled}",
            ratios=tuple(their / our for their, our in zip(all_of_them, ours, strict=True)),
            bar=f"{bar} for 1,000 members",
        )
