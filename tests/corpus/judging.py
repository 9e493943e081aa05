"""What the program makes of a file of the corpus, in the words of expected.json."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import Coverage, Signature
from gatekeeper.domain.team import Person, Team
from gatekeeper.domain.verdict import Known, Verdict, from_agrees, verdict
from gatekeeper.issues.reading import Reader
from gatekeeper.mail.oddities import oddities
from gatekeeper.mail.reading import Reading
from gatekeeper.pgp import guests, keys, packets
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertRefused
from tests.corpus import people
from tests.house import PEOPLE
from tests.keys import short_home

_LAYERS: Final[Mapping[Coverage, str]] = {
    Coverage.ALL: "whole",
    Coverage.PART: "part",
    Coverage.NONE: "none",
}
_KEYS: Final = frozenset({packets.PUBLIC_KEY, packets.PUBLIC_SUBKEY})
TAKEN: Final = "taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A reader with the alias's keys and the team's, and the names of everybody's keys."""

    engine: Engine
    reader: Reader
    team: Team
    guests: tuple[bytes, ...]
    known: Mapping[str, Known]
    names: Mapping[str, str]
    alias: bytes

    def read(self, raw: bytes) -> Reading:
        """Read a mail as stage 3 does, with the guests' keys lent, and those that it brings."""
        found = self.reader.read(raw, self.guests)
        brought = [key for offer in found.offers if (key := self._examined(offer.block))]
        return self.reader.read(raw, (*brought, *self.guests)) if brought else found

    def _examined(self, block: bytes) -> bytes | None:
        try:
            return guests.examine(self.engine, block, _now()).certificate
        except CertRefused:
            return None

    def verdict(self, found: Reading) -> Verdict:
        """Return the domain's word on a reading."""
        outer, inside = found.outer_from, found.protected_from
        return verdict(found.protection, outer, self.team, self.known, inside=inside)

    def message(self, found: Reading) -> dict[str, object]:
        """Return what a mail came to, by the names of an entry in expected.json."""
        protection, said = found.protection, self.verdict(found)
        covered = [self._signature(each, "all", found) for each in protection.signatures]
        partly = [self._signature(each.signature, "part", found) for each in protection.parts]
        signer = said.signer.keys[0] if said.signer else ""
        return {
            "encryption": _LAYERS[protection.encrypted],
            "unreadable": protection.unreadable,
            "own_key": self._own(protection.own_key),
            "cipher": protection.cipher,
            "integrity": protection.integrity,
            "signatures": covered + partly,
            "signer": self.names.get(signer, ""),
            "confirmed": said.from_confirmed,
            "subject": found.subject,
            "pieces": [sum(each.data is not None for each in found.pieces),
                       sum(each.data is None for each in found.pieces)],
            "text": found.text,
            "problems": [*found.problems, *oddities(found.mail, found.content)],
        }  # fmt: skip

    def _own(self, key: str | None) -> str:
        ours = keys_of(self.alias)
        return "alias" if key in ours else key or ""

    def _signature(self, one: Signature, covers: str, found: Reading) -> dict[str, object]:
        agrees = from_agrees(
            one,
            outer=found.outer_from,
            protected=found.protected_from,
            team=self.team,
            known=self.known,
        )
        return {
            "status": one.state,
            "whose": self.names.get(one.fingerprint or "", ""),
            "covers": covers,
            "from_agrees": agrees,
        }

    def certificate(self, block: bytes) -> dict[str, object]:
        """Return what a key block comes to, by the names of an entry in expected.json."""
        now = _now()
        found: dict[str, object] = {"encrypts": False, "problems": []}
        try:
            info = keys.inspect(self.engine, block, now)
            found |= {"encrypts": info.can_encrypt, "problems": list(info.problems)}
            found["inspect"] = TAKEN
        except CertRefused as error:
            found["inspect"] = error.public
        try:
            guests.examine(self.engine, block, now)
            found["examine"] = TAKEN
        except CertRefused as error:
            found["examine"] = error.public
        found["load"] = _loaded(block)
        return found


def _now() -> Instant:
    return Instant(int(time.time()) * SECOND)


def keys_of(certificate: bytes) -> frozenset[str]:
    """Return the fingerprints of a certificate's primary key and subkeys."""
    found = (each for each in packets.walk(certificate) if each.tag in _KEYS)
    return frozenset(keys.fingerprint_of(certificate, each) for each in found)


def _loaded(block: bytes) -> str:
    """Say whether a key ring takes a block; each gets a home of its own."""
    with an_engine() as engine:
        try:
            Keyring(engine).load([block])
        except CertRefused as error:
            return error.public
        return TAKEN


@contextmanager
def an_engine() -> Iterator[Engine]:
    """Lend an engine on an empty home, with the bounds of the shipped policy."""
    limits = ReadingLimits()
    with short_home() as home:
        gpg = Path(which("gpg") or "gpg")
        yield Engine(
            binary=gpg, home=home, wait=2 * limits.gpg_wait, output_limit=limits.plaintext_bytes
        )


def example_team(folder: Path = people.FOLDER) -> Team:
    """Return the response team of the corpus: two of the three have a key that is dead."""
    marks = {name: mark for mark, name in people.fingerprints(folder).items()}
    return Team(
        people=tuple(
            Person(
                name=name,
                address=Address.parse(address),
                employer="Example",
                keys=tuple(marks[each] for each in people.TEAM[index]),
            )
            for index, (name, address) in enumerate(PEOPLE)
        )
    )


@contextmanager
def a_judge(folder: Path = people.FOLDER) -> Iterator[Judge]:
    """Lend a judge that holds the keys in a folder."""
    names = people.fingerprints(folder)
    robin = people.key("robin", folder).fingerprint
    with an_engine() as engine:
        keyring = Keyring(engine)
        keyring.load_secret(people.key("alias", folder).secret)
        keyring.load([people.certificate(name, folder) for whose in people.TEAM for name in whose])
        yield Judge(
            engine=engine,
            reader=Reader(engine=engine, limits=ReadingLimits()),
            team=example_team(folder),
            guests=tuple(people.certificate(name, folder) for name in people.GUESTS),
            known={
                robin: Known(label="the reporter", address=Address.parse("robin@research.example"))
            },
            names=names,
            alias=people.certificate("alias", folder),
        )
        keyring.close()
