"""CPU of the strict layer for one message, against stock python-gnupg with the same options."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from shutil import which

from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import fanout, opening
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Recipient
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.opening import Opened
from tests.bench import contest, meters
from tests.bench.contest import Way
from tests.bench.fanout import FRAME_HEAD, FRAME_TAIL, text
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.stock import STRENGTH, Stock
from tests.house import START, alias_key, person_key
from tests.keys import gpg, short_home

# size in bytes -> name, how often in a round
SIZES = {5_000: ("5 KB", 20), 1_000_000: ("1 MB", 5)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A home with the alias's key and one member's certificate, and that member's own home."""

    engine: Engine
    keyring: Keyring
    stock: Stock
    member: Path

    def opening(self, plaintext: bytes) -> tuple[Callable[[], object], Callable[[], object]]:
        """Return how a signed and encrypted message is opened and verified: ours, theirs."""
        to = ("--recipient", alias_key().fingerprint)
        made = gpg(self.member, "--armor", *to, "--sign", "--encrypt", given=plaintext)

        def ours() -> None:
            opened = opening.open_message(self.engine, made)
            assert isinstance(opened, Opened)
            assert opened.plaintext == plaintext
            assert opened.signatures[0].state is SignatureState.GOOD

        def theirs() -> None:
            assert self.stock.decrypt(made) == plaintext

        return ours, theirs

    def verifying(self, plaintext: bytes) -> tuple[Callable[[], object], Callable[[], object]]:
        """Return how a detached signature is checked."""
        signature = gpg(self.member, "--armor", "--detach-sign", given=plaintext)

        def ours() -> None:
            (found,) = opening.verify_detached(self.engine, plaintext, signature)
            assert found.state is SignatureState.GOOD

        return ours, partial(self.stock.verify, plaintext, signature)

    def sealing(self, plaintext: bytes) -> tuple[Callable[[], object], Callable[[], object]]:
        """Return how a text is signed and encrypted to one; ours is a whole mail then."""
        member, alias = person_key(0).fingerprint, alias_key().fingerprint
        to = [Recipient(ref="one", fingerprints=(member,))]

        def ours() -> None:
            made = fanout.seal(
                self.engine,
                self.keyring,
                plaintext=plaintext,
                recipients=to,
                signer=alias,
                now=START,
            )
            fanout.assemble(
                frame_head=FRAME_HEAD,
                key_packets=made.key_packets["one"],
                shared=made.shared,
                frame_tail=FRAME_TAIL,
            )

        def theirs() -> None:
            self.stock.seal(plaintext, to=member, signer=alias, more=STRENGTH)

        return ours, theirs


WORK = {"open and verify": Desk.opening, "verify": Desk.verifying, "seal to one": Desk.sealing}


@contextmanager
def desk() -> Iterator[Desk]:
    """Lend both homes."""
    with short_home() as home, short_home() as member:
        engine = Engine(
            binary=Path(which("gpg") or "gpg"), home=home, wait=600_000_000, output_limit=2**30
        )
        keyring = Keyring(engine)
        keyring.load_secret(alias_key().secret)
        keyring.load([person_key(0).public])
        gpg(member, "--import", given=alias_key().public)
        gpg(member, "--import", given=person_key(0).secret)
        stock = Stock(home, strict=True)
        yield Desk(engine=engine, keyring=keyring, stock=stock, member=member)


def run(ground: Ground) -> Iterator[Figure]:
    """Compare each kind of work for each size."""
    rounds = ground.scale.choose(1, 9, 15)
    sizes = islice(SIZES.items(), ground.scale.choose(1, 2, 2))
    with desk() as lent:
        agents = [meters.agent_of(lent.engine.home)]
        for size, (name, times) in sizes:
            plaintext = text(size)
            for kind, made in WORK.items():
                ours, theirs = made(lent, plaintext)
                mine = Way(name="strict layer", work=ours)
                other = Way(name="python-gnupg, same options", work=theirs)
                often = ground.scale.choose(2, times, times)
                contest.hold((mine, other), rounds=rounds, times=often, agents=agents)
                yield _figure(f"{kind}, {name}", (mine, other))


def _figure(what: str, ways: Sequence[Way]) -> Figure:
    ours, theirs = ways
    return Figure(
        what=what,
        ours=ours.told(),
        theirs=theirs.told(),
        ratios=contest.ratios(ours, theirs),
        bar="<= 1.1",
    )
