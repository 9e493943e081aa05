"""Packets in forms that gpg does not write by itself: other lengths, other headers, AEAD."""

from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESOCB3
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatekeeper.pgp import packets
from tests.pgp import crafting
from tests.pgp.crafting import Session

_CHUNK = 10
"""Chunks of 2**(10 + 6) octets, more than what is put into any of these."""


def bodies(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each packet's tag and body, without its lengths."""
    for packet in packets.walk(message):
        parts = packets.spans(message, packet)
        yield packet.tag, b"".join(message[start:end] for start, end in parts)


def fixed_length(message: bytes, *, partial: bool = False) -> bytes:
    """Return a message whose data packet has one length, or comes in partial ones."""
    *first, (tag, body) = bodies(message)
    last = crafting.partial(tag, body) if partial else crafting.packet(tag, body)
    return b"".join(crafting.packet(*each) for each in first) + last


def old_header(message: bytes) -> bytes:
    """Return a message in old-format packets, the last of no said length (RFC 9580 §4.2.2)."""
    *first, (tag, body) = bodies(message)
    whole = b"".join(
        bytes([0x80 | each << 2 | 1]) + len(inside).to_bytes(2, "big") + inside
        for each, inside in first
    )
    # a tag of more than four bits has the new format only
    last = bytes([0x80 | tag << 2 | 3]) + body if tag < 16 else crafting.packet(tag, body)
    return whole + last


def aead(session: Session, content: bytes, *, changed: bool = False) -> bytes:
    """Return a message with one OCB encrypted data packet (draft-koch-librepgp §5.16)."""
    about = bytes([0xC0 | 20, 1, 9, 2, _CHUNK])
    nonce = bytes(15)
    cipher = AESOCB3(session.key)
    chunk = cipher.encrypt(nonce, content, about + bytes(8))
    last = nonce[:-1] + b"\x01"
    tag = cipher.encrypt(
        last, b"", about + (1).to_bytes(8, "big") + len(content).to_bytes(8, "big")
    )
    body = about[1:] + nonce + chunk + tag
    if changed:
        body = body[:25] + bytes([body[25] ^ 1]) + body[26:]
    return session.key_packet + crafting.packet(20, body)


def version_2(session: Session, content: bytes) -> bytes:
    """Return a message with a version 2 SEIPD packet (RFC 9580 §5.13.2) under a v3 session key."""
    about = bytes([0xC0 | 18, 2, 9, 2, _CHUNK])
    salt = bytes(32)
    kdf = HKDF(algorithm=SHA256(), length=32 + 7, salt=salt, info=about)
    derived = kdf.derive(session.key)
    cipher, start = AESOCB3(derived[:32]), derived[32:]
    chunk = cipher.encrypt(start + bytes(8), content, about)
    end = about + len(content).to_bytes(8, "big")
    tag = cipher.encrypt(start + (1).to_bytes(8, "big"), b"", end)
    return session.key_packet + crafting.packet(18, about[1:] + salt + chunk + tag)
