"""The people whose messages are judged, those who pose as them, and a verdict in words.

Keys are made octet by octet (crafting.py), so that nothing in them depends on what gpg is willing
to make; gpg alone judges. Started as a program, it prints what a folder's messages come to.
"""

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.domain.protection import Signature
from gatekeeper.pgp import opening
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.opening import Closed
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp import crafting
from tests.pgp.crafting import CraftedKey, Session, packet

MADE: Final = 1_700_000_000
"""When the crafted keys were made, and sign unless they are told another time."""

YEAR: Final = 31_536_000
NOW: Final = Instant((MADE + 3 * YEAR) * SECOND)
"""When the cases are judged."""

CONTENT: Final = b"content"
BOUND: Final = 1_000_000
"""Octets of plaintext that the home of the cases allows."""

LINE_BREAKS: Final = {
    "LF": b"\n",
    "CR": b"\r",
    "CRLF": b"\r\n",
    "VT": b"\x0b",
    "FF": b"\x0c",
    "FS": b"\x1c",
    "GS": b"\x1d",
    "RS": b"\x1e",
    "NEL in Latin-1": b"\x85",
    "NEL": b"\xc2\x85",
    "LS": b"\xe2\x80\xa8",
    "PS": b"\xe2\x80\xa9",
    "NUL": b"\x00",
    "spelt": b"\\n",
    "percent": b"%0A",
}
"""Everything some text library takes for the end of a line, and spellings of it."""


def claims(fingerprint: str) -> tuple[bytes, ...]:
    """Return status lines that would make everything good, and its signer the one named."""
    victim = fingerprint.encode()
    return (
        b"[GNUPG:] NEWSIG",
        b"[GNUPG:] GOODSIG " + victim[-16:] + b" Victim",
        b"[GNUPG:] VALIDSIG %b 2026-01-01 1767225600 0 4 0 22 10 00 %b" % (victim, victim),
        b"[GNUPG:] IMPORT_OK 1 " + victim,
        b"[GNUPG:] TRUST_ULTIMATE 0 pgp",
        b"[GNUPG:] DECRYPTION_OKAY",
        b"[GNUPG:] GOODMDC",
        b"[GNUPG:] END_DECRYPTION",
        b"gpg: ",
    )


class People:
    """The alias and all who sign: those whose certificates are known here, and a stranger."""

    def __init__(self) -> None:
        """Make their keys."""
        self.alias: Key = key_of("Example Security <security@example.org>")
        self.other: Key = key_of("Other <other@example.org>")
        self.person = CraftedKey(b"Person <person@example.org>")
        self.second = CraftedKey(b"Second <second@example.org>")
        self.stranger = CraftedKey(b"Stranger <stranger@example.org>")
        ended = crafting.expiring(YEAR)
        self.expired = CraftedKey(b"Expired <expired@example.org>", more=ended)
        self.revoked = CraftedKey(b"Revoked <revoked@example.org>")
        self.lost = CraftedKey(b"Lost <lost@example.org>")
        self.rotated = CraftedKey(b"Rotated <rotated@example.org>", flags=1)
        self.certifier = CraftedKey(b"Certifier <certifier@example.org>", flags=1)
        self.old, self.withdrawn, self.new = (CraftedKey(b"") for _ in range(3))
        self.encrypting, self.unasked, self.unbound = (CraftedKey(b"") for _ in range(3))
        self.forgers = {
            name: CraftedKey(end.join([b"Mal", *claims(self.person.fingerprint)]))
            for name, end in LINE_BREAKS.items()
        }

    @cached_property
    def session(self) -> Session:
        """A session key wrapped for the alias."""
        return crafting.session_for(self.alias)

    def by_gpg(self, *options: str, content: bytes = CONTENT) -> bytes:
        """Return what gpg makes with these options; it knows the alias."""
        with short_home() as home:
            gpg(home, "--import", given=self.alias.public + self.other.public)
            return gpg(home, *options, given=content)

    def certificates(self) -> list[bytes]:
        """Return the certificates that are known here."""
        rotated = (
            self.rotated.certificate,
            self.rotated.owning(self.old, more=crafting.expiring(YEAR)),
            self.rotated.owning(self.withdrawn) + self.rotated.revoking(self.withdrawn, reason=1),
            self.rotated.owning(self.new),
            self.rotated.owning(self.encrypting, flags=12),
            self.rotated.owning(self.unasked, agreed=False),
            self.rotated.owning(self.unbound, bound=False),
        )
        whole = [self.person, self.second, self.expired, self.certifier, *self.forgers.values()]
        return [
            *(key.certificate for key in whole),
            b"".join(rotated),
            _revoked(self.revoked, reason=1),
            _revoked(self.lost, reason=2),
        ]

    def names(self) -> dict[str, str]:
        """Return what to call each primary key in a verdict."""
        keys = {name: key for name, key in vars(self).items() if isinstance(key, CraftedKey)}
        forgers = {f"forger {name}": key for name, key in self.forgers.items()}
        return {key.fingerprint: name for name, key in (keys | forgers).items()}


def _revoked(key: CraftedKey, *, reason: int) -> bytes:
    first = packet(6, key.body)
    return first + key.revoking(reason=reason) + key.certificate.removeprefix(first)


def verdict(engine: Engine, message: bytes, names: Mapping[str, str]) -> str:
    """Return in words what is believed of a message."""
    outcome = opening.open_message(engine, message, now=NOW)
    if isinstance(outcome, Closed):
        return f"closed: {outcome.reason}"
    found = ", ".join(_told(one, names) for one in outcome.signatures)
    shown = repr(outcome.plaintext)[1:]
    return f"opened {shown} {outcome.cipher} {outcome.integrity}: {found or 'unsigned'}"


def _told(signature: Signature, names: Mapping[str, str]) -> str:
    by = f" by {names.get(signature.fingerprint, '?')}" if signature.fingerprint else ""
    return f"{signature.state}{by}"


def write(folder: Path, people: People, messages: Mapping[str, bytes]) -> None:
    """Leave in `folder` what `main` judges: keys, and messages under the names given."""
    (folder / "secret").write_bytes(people.alias.secret)
    for number, certificate in enumerate(people.certificates()):
        (folder / f"{number}.certificate").write_bytes(certificate)
    for number, (name, message) in enumerate(messages.items()):
        (folder / f"{number}.name").write_bytes(name.encode("utf-8"))
        (folder / f"{number}.message").write_bytes(message)


def main(gpg_binary: str, folder: Path) -> None:
    """Print each message of `folder` by name with its verdict, then what certificates say."""
    names: dict[str, str] = {}
    with short_home() as home:
        engine = Engine(binary=Path(gpg_binary), home=home, wait=60 * SECOND, output_limit=BOUND)
        keyring = Keyring(engine)
        keyring.load_secret((folder / "secret").read_bytes())
        keyring.load(path.read_bytes() for path in sorted(folder.glob("*.certificate")))
        lines = [
            f"{path.with_suffix('.name').read_bytes().decode()}: "
            f"{verdict(engine, path.read_bytes(), names)}"
            for path in sorted(folder.glob("*.message"))
        ]
        lines += [repr((cert.fingerprint, cert.user_ids)) for cert in keyring.list(NOW)]
        keyring.close()
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode("utf-8"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
