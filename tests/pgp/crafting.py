"""OpenPGP made by hand, octet by octet: what no well-behaved program would send."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESOCB3
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.pgp import packets
from tests.keys import Key, gpg, short_home

_ED25519 = bytes.fromhex("092b06010401da470f01")
_HASHES: dict[int, Callable[[bytes], bytes]] = {
    1: lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    2: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    3: lambda data: hashlib.new("ripemd160", data, usedforsecurity=False).digest(),
    8: lambda data: hashlib.sha256(data).digest(),
    10: lambda data: hashlib.sha512(data).digest(),
}


def packet(tag: int, body: bytes) -> bytes:
    """Return a packet with a new-format header and a five-octet length."""
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body


def partial(tag: int, body: bytes, power: int = 9) -> bytes:
    """Return a packet in partial lengths of 2**power octets."""
    size = 1 << power
    whole, rest = divmod(len(body), size)
    chunks = [bytes([224 + power]) + body[i * size : (i + 1) * size] for i in range(whole)]
    tail = b"\xff" + rest.to_bytes(4, "big") + body[whole * size :]
    return bytes([0xC0 | tag]) + b"".join(chunks) + tail


def literal(data: bytes, *, name: bytes = b"", mode: bytes = b"b") -> bytes:
    """Return a literal data packet."""
    return packet(11, mode + bytes([len(name)]) + name + bytes(4) + data)


def compressed(data: bytes) -> bytes:
    """Return a ZLIB compressed data packet."""
    return packet(8, b"\x02" + zlib.compress(data, 9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session key that gpg wrapped for somebody, to put other data under it."""

    key_packet: bytes
    key: bytes

    def protected(self, content: bytes, *, mdc: bytes | None = None, tag: int = 18) -> bytes:
        """Return key packet and a protected packet (RFC 4880 §5.13) with packets `content`.

        `mdc` replaces the 22 octets that end it; b"" leaves them out.
        """
        prefix = bytes(14) + b"abab"
        head = prefix + content
        digest = b"\xd3\x14" + hashlib.sha1(head + b"\xd3\x14", usedforsecurity=False).digest()
        plain = head + (digest if mdc is None else mdc)
        return self.key_packet + packet(tag, b"\x01" + _cfb(self.key, plain))

    def chunked(self, content: bytes, *, power: int = 16, cut: bool = False) -> bytes:
        """Return key packet and a packet in OCB mode, as gpg 2.4 makes (draft-koch-librepgp §5.16).

        `power` is that of the chunks' size; `cut` leaves the last chunk out.
        """
        head, start = bytes([0xC0 | 20, 1, 9, 2, power - 6]), bytes(range(15))
        size, cipher, out = 1 << power, AESOCB3(self.key), bytearray()
        chunks = [content[at : at + size] for at in range(0, len(content), size)]
        for number, chunk in enumerate(chunks[:-1] if cut else chunks):
            count = number.to_bytes(8, "big")
            out += cipher.encrypt(_counted(start, number), chunk, head + count)
        count, total = len(chunks).to_bytes(8, "big"), len(content).to_bytes(8, "big")
        out += cipher.encrypt(_counted(start, len(chunks)), b"", head + count + total)
        return self.key_packet + packet(20, head[1:] + start + out)

    def unprotected(self, content: bytes) -> bytes:
        """Return key packet and a packet of tag 9 (RFC 4880 §5.7), without any integrity check."""
        first = _cfb(self.key, bytes(14) + b"abab")
        rest = _cfb(self.key, content, first[2:18])
        return self.key_packet + packet(9, first + rest)


def _counted(start: bytes, number: int) -> bytes:
    return start[:7] + (int.from_bytes(start[7:], "big") ^ number).to_bytes(8, "big")


def _cfb(key: bytes, plain: bytes, register: bytes = bytes(16)) -> bytes:
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - CFB is built from it here
    out = bytearray()
    for at in range(0, len(plain), 16):
        block = plain[at : at + 16]
        stream = encryptor.update(register)[: len(block)]
        mixed = int.from_bytes(block, "big") ^ int.from_bytes(stream, "big")
        register = mixed.to_bytes(len(block), "big")
        out += register
    return bytes(out)


@cache
def session_for(key: Key) -> Session:
    """Return an AES-256 session key that gpg wrapped for `key`, and what it is."""
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        options = ("--cipher-algo", "AES256", "--encrypt", "--recipient", key.fingerprint)
        message = gpg(home, *options, given=b"x")
        shown = _session_key(home, message)
    first = next(packets.walk(message))
    return Session(key_packet=message[: first.end], key=shown)


def _session_key(home: Path, message: bytes) -> bytes:
    options = ("--status-fd", "1", "--show-session-key", "--output", "/dev/null", "--decrypt")
    status = gpg(home, *options, given=message)
    return bytes.fromhex(status.partition(b"SESSION_KEY 9:")[2][:64].decode("ascii"))


def subpacket(kind: int, body: bytes, *, critical: bool = False) -> bytes:
    """Return a signature subpacket with a five-octet length (RFC 4880 §5.2.3.1)."""
    return b"\xff" + (len(body) + 1).to_bytes(4, "big") + bytes([kind | critical << 7]) + body


def notation(name: bytes, value: bytes) -> bytes:
    """Return a subpacket with a notation that people can read (RFC 4880 §5.2.3.16)."""
    lengths = len(name).to_bytes(2, "big") + len(value).to_bytes(2, "big")
    return subpacket(20, b"\x80\x00\x00\x00" + lengths + name + value)


def expiring(after: int) -> bytes:
    """Return a subpacket that ends a key so many seconds after it was made."""
    return subpacket(9, after.to_bytes(4, "big"))


class CraftedKey:
    """An Ed25519 key whose one user ID is any octets; it can sign, not be encrypted to."""

    def __init__(
        self,
        user_id: bytes,
        *,
        created: int = 1_700_000_000,
        flags: int = 3,
        more: bytes = b"",
        digest: int = 10,
    ) -> None:
        """Make the key pair and its certificate; `flags` say what for, `more` are subpackets."""
        self._secret = Ed25519PrivateKey.generate()
        raw = self._secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        point = (263).to_bytes(2, "big") + b"\x40" + raw
        self.body = b"\x04" + created.to_bytes(4, "big") + b"\x16" + _ED25519 + point
        self.framed = _framed(self.body)
        self.fingerprint = hashlib.sha1(self.framed, usedforsecurity=False).hexdigest().upper()
        self.key_id = bytes.fromhex(self.fingerprint[-16:])
        self._created = created
        covered = self.framed + b"\xb4" + len(user_id).to_bytes(4, "big") + user_id
        self.certificate = (
            packet(6, self.body)
            + packet(13, user_id)
            + self.signature(covered, kind=0x13, more=bytes([2, 27, flags]) + more, digest=digest)
        )

    def adopting(self, certificate: bytes, *, subkey: int = 0, flags: int = 12) -> bytes:
        """Return the certificate with a key of another one bound below it, as anybody can do.

        It is the primary key, or the subkey of that number; `flags` say what it is for (12 to
        encrypt, 2 to sign; RFC 4880 §5.2.3.21). The adopted key signs nothing of this.
        """
        keys = [each for each in packets.walk(certificate) if each.tag in {6, 14}]
        body = certificate[keys[subkey].body : keys[subkey].end]
        covered = self.framed + _framed(body)
        binding = self.signature(covered, kind=0x18, more=bytes([2, 27, flags]))
        return self.certificate + packet(14, body) + binding

    def owning(
        self,
        other: "CraftedKey",
        *,
        flags: int = 2,
        agreed: bool = True,
        bound: bool = True,
        more: bytes = b"",
    ) -> bytes:
        """Return packets that put the key of `other` below this one, as its own subkey.

        `agreed` with the signature by which it agrees to that (RFC 4880 §5.2.4), `bound` by a true
        signature of this key, else by one over something else; `more` are subpackets of it.
        """
        covered = self.framed + other.framed
        back = body_of(other.signature(covered, kind=0x19))
        extra = bytes([2, 27, flags]) + more + (subpacket(32, back) if agreed else b"")
        binding = self.signature(covered if bound else b"x", kind=0x18, more=extra)
        return packet(14, other.body) + binding

    def revoking(self, other: "CraftedKey | None" = None, *, reason: int = 0) -> bytes:
        """Return a revocation of this key, or of `other` below it, for the reason of that code."""
        kind, covered = (0x28, self.framed + other.framed) if other else (0x20, self.framed)
        return self.signature(covered, kind=kind, more=subpacket(29, bytes([reason])))

    def signature(
        self,
        content: bytes,
        *,
        kind: int = 0,
        digest: int = 10,
        more: bytes = b"",
        made: int | None = None,
    ) -> bytes:
        """Return a version 4 signature packet over `content`, made with the key unless told."""
        issuer = b"\x16\x21\x04" + bytes.fromhex(self.fingerprint)
        at = self._created if made is None else made
        subpackets = b"\x05\x02" + at.to_bytes(4, "big") + issuer + more
        head = bytes([4, kind, 22, digest]) + len(subpackets).to_bytes(2, "big") + subpackets
        trailer = b"\x04\xff" + len(head).to_bytes(4, "big")
        hashed = _HASHES[digest](content + head + trailer)
        signed = self._secret.sign(hashed)
        unhashed = b"\x09\x10" + self.key_id
        body = head + len(unhashed).to_bytes(2, "big") + unhashed + hashed[:2]
        return packet(2, body + _mpi(signed[:32]) + _mpi(signed[32:]))

    def old_signature(self, content: bytes, *, digest: int = 10) -> bytes:
        """Return a version 3 signature packet over `content` (RFC 4880 §5.2.2)."""
        covered = b"\x00" + self._created.to_bytes(4, "big")
        hashed = _HASHES[digest](content + covered)
        signed = self._secret.sign(hashed)
        head = b"\x03\x05" + covered + self.key_id + bytes([22, digest]) + hashed[:2]
        return packet(2, head + _mpi(signed[:32]) + _mpi(signed[32:]))

    def announced(self, *, kind: int = 0, digest: int = 10, last: bool = True) -> bytes:
        """Return a one-pass signature packet (RFC 4880 §5.4)."""
        return packet(4, bytes([3, kind, digest, 22]) + self.key_id + bytes([last]))

    def signed(
        self,
        content: bytes,
        *,
        digest: int = 10,
        covered: bytes | None = None,
        made: int | None = None,
        more: bytes = b"",
    ) -> bytes:
        """Return one-pass signature, literal data and signature; `covered` is signed instead."""
        over = content if covered is None else covered
        signature = self.signature(over, digest=digest, made=made, more=more)
        return self.announced(digest=digest) + literal(content) + signature


def body_of(data: bytes) -> bytes:
    """Return the body of the one packet in `data`."""
    (found,) = packets.walk(data)
    return data[found.body : found.end]


def _framed(body: bytes) -> bytes:
    return b"\x99" + len(body).to_bytes(2, "big") + body


def _mpi(octets: bytes) -> bytes:
    number = int.from_bytes(octets, "big")
    return number.bit_length().to_bytes(2, "big") + octets.lstrip(b"\0")
