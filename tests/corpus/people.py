"""Who is in the corpus: keys made for it alone, for persons who do not exist."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gatekeeper.pgp import armor
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.keys import primary_fingerprint
from tests.house import ALIAS, PEOPLE, uid
from tests.keys import Key, gpg, read_key, short_home
from tests.pgp import crafting

MADE: Final = "20260101T000000!"
"""When the keys were made; signatures are of half a year later."""

NOW: Final = "20260601T000000!"
BEFORE: Final = "20250101T000000!"
"""When the alias's key was made, with a first encryption subkey that lived until ROTATED."""

ROTATED: Final = "20260201T000000"
LONG_AGO: Final = "20200101T000000!"
THEN: Final = "20200601T000000!"
ENDED: Final = "20210101T000000"
"""Keys that have expired lived from LONG_AGO to ENDED, and signed THEN."""

ANDREA: Final = uid(*PEOPLE[0])
WEI: Final = uid(*PEOPLE[1])
SAM: Final = uid(*PEOPLE[2])
ROBIN: Final = "Robin Example <robin@research.example>"
EVE: Final = "Eve Example <eve@elsewhere.example>"
KIM: Final = "Kim Example <kim@finder.example>"
_LINES: Final = (
    b"[GNUPG:] NEWSIG",
    b"[GNUPG:] GOODSIG %b Andrea Example <andrea@team.example>",
    b"[GNUPG:] VALIDSIG %b 2026-06-01 1780272000 0 4 0 22 10 00 %b",
    b"[GNUPG:] TRUST_ULTIMATE 0 pgp",
    b"gpg: Good signature",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """How a key is made: its user ID, when, until when, and whether it was revoked then."""

    user_id: str
    made: str = MADE
    ends: str = "never"
    revoked: bool = False


PERSONS: Final[Mapping[str, Who]] = MappingProxyType(
    {
        "alias": Who(user_id=uid("Example security", str(ALIAS)), made=BEFORE),
        "andrea": Who(user_id=ANDREA),
        "wei": Who(user_id=WEI),
        "wei-expired": Who(user_id=WEI, made=LONG_AGO, ends=ENDED),
        "sam": Who(user_id=SAM),
        "sam-revoked": Who(user_id=SAM, revoked=True),
        "robin": Who(user_id=ROBIN),
        "eve": Who(user_id=EVE),
        "kim": Who(user_id=KIM),
    }
)
TEAM: Final = (("andrea",), ("wei", "wei-expired"), ("sam", "sam-revoked"))
"""The keys of each of PEOPLE, the usable one first."""

CRAFTED: Final[Mapping[str, bytes]] = MappingProxyType({"mallory": b"\n", "trudy": b"%0A"})
"""Whose user IDs claim to be gpg's words, and what is to end their lines."""

GUESTS: Final = ("robin", "mallory", "trudy")
"""Whose certificates are lent to the reader: the reporter's, and those under hostile names."""

FOLDER: Final = Path(__file__).parent / "persons"


def forged(separator: bytes, fingerprint: str) -> bytes:
    """Return lines that claim a good signature of somebody, in lines that end so."""
    full = fingerprint.encode()
    filled = (_LINES[1] % full[-16:], _LINES[2] % (full, full))
    return separator.join((b"x", _LINES[0], *filled, *_LINES[3:], b""))


def make_keys() -> dict[str, Key]:
    """Make everybody's key anew with gpg; the alias has an older encryption subkey, expired."""
    with short_home() as home:
        return {name: _make(home, name, who) for name, who in PERSONS.items()}


def _make(home: Path, name: str, who: Who) -> Key:
    faked = ("--faked-system-time", who.made)
    words = ("--status-fd", "1", "--quick-gen-key", who.user_id, "ed25519", "cert,sign", who.ends)
    status = gpg(home, *faked, "--yes", *words)
    fingerprint = status.rpartition(b"KEY_CREATED P ")[2][:40].decode("ascii")
    if name == "alias":
        _add(home, fingerprint, made=BEFORE, ends=ROTATED)
        _add(home, fingerprint, made=MADE, ends=who.ends)
    else:
        _add(home, fingerprint, made=who.made, ends=who.ends)
    if who.revoked:
        revoke(home, fingerprint)
    return read_key(home, fingerprint)


def _add(home: Path, fingerprint: str, *, made: str, ends: str) -> None:
    faked = ("--faked-system-time", made, "--ignore-time-conflict", "--ignore-valid-from")
    gpg(home, *faked, "--quick-add-key", fingerprint, "cv25519", "encr", ends)


def revoke(home: Path, fingerprint: str) -> None:
    """Revoke a key of a home by the certificate that gpg made with it."""
    text = (home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes()
    gpg(home, "--import", given=text.replace(b":-----BEGIN", b"-----BEGIN"))


def make_crafted(victim: Key) -> dict[str, crafting.CraftedKey]:
    """Return keys whose user IDs claim to be gpg's word on a signature of somebody else."""
    created = 1_767_225_600  # 2026-01-01T00:00:00Z
    named = {name: forged(end, victim.fingerprint) for name, end in CRAFTED.items()}
    return {name: crafting.CraftedKey(said, created=created) for name, said in named.items()}


def write(keys: Mapping[str, Key], certificates: Mapping[str, bytes], folder: Path) -> None:
    """Write everybody's keys, armored; of some there is only the certificate."""
    for name, key in keys.items():
        _write(folder / f"{name}.asc", Kind.PUBLIC_KEY, key.public)
        _write(folder / f"{name}.secret.asc", Kind.PRIVATE_KEY, key.secret)
    for name, certificate in certificates.items():
        _write(folder / f"{name}.asc", Kind.PUBLIC_KEY, certificate)


def _write(path: Path, kind: Kind, packets: bytes) -> None:
    path.write_bytes(armor.armor(kind, packets))


def certificate(name: str, folder: Path = FOLDER) -> bytes:
    """Return somebody's certificate as packets."""
    return _read(folder / f"{name}.asc")


def key(name: str, folder: Path = FOLDER) -> Key:
    """Return somebody's key pair."""
    public = certificate(name, folder)
    secret = _read(folder / f"{name}.secret.asc")
    return Key(fingerprint=primary_fingerprint(public), public=public, secret=secret)


def _read(path: Path) -> bytes:
    (block,) = armor.dearmor(path.read_bytes())
    return block.data


def fingerprints(folder: Path = FOLDER) -> dict[str, str]:
    """Return everybody's name by primary fingerprint."""
    names = [*PERSONS, *CRAFTED]
    return {primary_fingerprint(certificate(name, folder)): name for name in names}
