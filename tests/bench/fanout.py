"""CPU to seal a letter to many in one run of gpg, against one run of gpg for each recipient."""

import base64
import itertools
import os
import shutil
import subprocess
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
from tests.house import START, alias_key
from tests.keys import CREATED, gpg, short_home

FRAME_HEAD = b"Subject: x\r\nContent-Type: multipart/encrypted\r\n\r\n"
FRAME_TAIL = b"\r\n--boundary--\r\n"

# size in bytes -> name, runs of gpg that are measured for one each, the bar for 1,000 members
SIZES = {
    5_000: ("5 KB", 20, ">= 5"),
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

_OPTIONS = (
    *("--batch", "--no-tty", "--no-options", "--quiet", "--trust-model", "always", "--armor"),
    *("--no-random-seed-file", "--no-auto-check-trustdb", "--sign", "--encrypt"),
)

# how one gpg for each recipient is called: with what our one run says too, or as it comes
OTHERS = {
    "one gpg each, our options": (
        *("--compress-algo", "none", "--cipher-algo", "AES256", "--digest-algo", "SHA512"),
    ),
    "one gpg each, its defaults": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A home with the alias's key and the members' certificates."""

    engine: Engine
    keyring: Keyring
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

    def one(self, plaintext: bytes, options: tuple[str, ...], member: str) -> None:
        """Seal to one with gpg alone, which armors it too."""
        home = ("--homedir", str(self.engine.home))
        to = ("--local-user", alias_key().fingerprint, "--recipient", member)
        command = [str(self.engine.binary), *home, *_OPTIONS, *options, *to]
        subprocess.run(command, input=plaintext, stdout=subprocess.DEVNULL, check=True)

    def cpu(self, work: Callable[[], None]) -> float:
        """Return the seconds of CPU that work takes: here, in gpg and in its agent."""
        before = meters.own_cpu() + meters.cpu_of(self.agent)
        work()
        return meters.own_cpu() + meters.cpu_of(self.agent) - before


@contextmanager
def membership(count: int) -> Iterator[Membership]:
    """Lend a home with that many members."""
    with short_home() as making:
        given = "".join(_PARAMETERS.format(number=number) for number in range(count))
        gpg(making, "--faked-system-time", CREATED, "--gen-key", given=given.encode())
        certificates = gpg(making, "--export")
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
            engine=engine, keyring=keyring, members=members, agent=meters.agent_of(home)
        )
        lent.mails(b"the first time is not measured")
        lent.one(b"the first time is not measured", (), members[0])
        yield lent


def run(ground: Ground) -> Iterator[Figure]:
    """Compare for each size; the runs for one each are samples, scaled to all members."""
    count = ground.scale.choose(20, 100, 1000)
    rounds = ground.scale.choose(1, 5, 3)
    sizes = itertools.islice(SIZES.items(), ground.scale.choose(1, 3, 3))
    with membership(count) as lent:
        for size, (name, sample, bar) in sizes:
            what = f"{name} to {count} members, CPU"
            yield from _compared(lent, text(size), what, sample, rounds, f"{bar} for 1,000 members")


def text(size: int) -> bytes:
    """Return about as many bytes of text as attachments are made of."""
    return base64.encodebytes(os.urandom(size * 3 // 4))


def _compared(
    lent: Membership, plaintext: bytes, what: str, sample: int, rounds: int, bar: str
) -> Iterator[Figure]:
    count = len(lent.members)
    taken = lent.members[:: max(1, count // sample)][:sample]
    ours: list[float] = []
    theirs: dict[str, list[float]] = {other: [] for other in OTHERS}
    for _ in turns(rounds):
        ours.append(lent.cpu(partial(lent.mails, plaintext)))
        for other, options in OTHERS.items():
            spent = sum(lent.cpu(partial(lent.one, plaintext, options, one)) for one in taken)
            theirs[other].append(spent / len(taken) * count)
    for other, all_of_them in theirs.items():
        yield Figure(
            what=what,
            ours=f"at once {milliseconds(median(ours))}",
            theirs=f"{other} {milliseconds(median(all_of_them))}",
            ratios=tuple(their / our for their, our in zip(all_of_them, ours, strict=True)),
            bar=bar,
        )
