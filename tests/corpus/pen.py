"""Everybody's secret keys in one home: writes what others would send, at a time that stands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.pgp import armor, packets
from gatekeeper.pgp.armor import Kind
from tests.corpus import people
from tests.corpus.entities import crlf
from tests.keys import Key, gpg, short_home
from tests.pgp.crafting import CraftedKey, Session, session_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """Writes as anybody: with gpg, `keys` by name, and by hand under the names in `crafted`."""

    home: Path
    keys: Mapping[str, Key]
    crafted: Mapping[str, CraftedKey]

    def gpg(self, *words: str, given: bytes = b"", at: str = people.NOW) -> bytes:
        """Run gpg at a time that stands, and return what it wrote."""
        faked = ("--faked-system-time", at, "--ignore-time-conflict", "--ignore-valid-from")
        return gpg(self.home, *faked, *words, given=given)

    def encrypt(
        self, content: bytes, *more: str, by: str = "", to: str = "alias", at: str = people.NOW
    ) -> bytes:
        """Return an armored message, signed in one go when `by` names somebody."""
        return crlf(self.encrypt_binary(content, "--armor", *more, by=by, to=to, at=at))

    def encrypt_binary(
        self, content: bytes, *more: str, by: str = "", to: str = "alias", at: str = people.NOW
    ) -> bytes:
        """Return a message as packets."""
        words = [*more, "--recipient", self.keys[to].fingerprint]
        if by:
            words += ["--sign", "--local-user", self.keys[by].fingerprint]
        return self.gpg(*words, "--encrypt", given=content, at=at)

    def sign(self, content: bytes, *more: str, by: str = "andrea", at: str = people.NOW) -> bytes:
        """Return a detached signature, armored."""
        words = (*more, "--armor", "--local-user", self.keys[by].fingerprint, "--detach-sign")
        return crlf(self.gpg(*words, given=content, at=at))

    def clear_sign(self, words: bytes, *more: str, by: str = "andrea") -> bytes:
        """Return a clear-signed text."""
        user = ("--digest-algo", "SHA512", "--local-user", self.keys[by].fingerprint)
        return crlf(self.gpg(*more, *user, "--clear-sign", given=words))

    def session(self, to: str = "alias") -> Session:
        """Return a session key that is wrapped for somebody, to put anything under it."""
        return session_for(self.keys[to])

    @property
    def mallory(self) -> CraftedKey:
        """The key whose user ID holds line feeds."""
        return self.crafted["mallory"]

    def block(self, name: str) -> bytes:
        """Return somebody's certificate, armored."""
        return armored(self.keys[name].public, Kind.PUBLIC_KEY)


def armored(data: bytes, kind: Kind = Kind.MESSAGE) -> bytes:
    """Return packets in armor with the line ends of mail."""
    return armor.armor(kind, data, newline=b"\r\n")


def data_packet(message: bytes) -> packets.Packet:
    """Return where the encrypted data lies in a binary message."""
    *_, last = packets.walk(message)
    return last


@contextmanager
def a_pen(keys: Mapping[str, Key], crafted: Mapping[str, CraftedKey]) -> Iterator[Pen]:
    """Lend a pen with these keys."""
    with short_home() as home:
        for key in keys.values():
            gpg(home, "--import", given=key.secret)
        yield Pen(home=home, keys=keys, crafted=crafted)
