"""Sound inputs of every kind that outsiders send, from which the fuzzing starts."""

from functools import cache
from typing import Final

from gatekeeper.pgp import armor
from gatekeeper.pgp.armor import Kind
from tests.pgp import crafting
from tests.pgp.crafting import CraftedKey, literal, packet, partial

TEXT: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\nIt crashes: \xc3\xbc.\r\n"
_HEAD: Final = (
    b"From: Rea Porter <rea@example.org>\r\nTo: security@example.org\r\n"
    b"Subject: =?utf-8?q?crash_=C3=BC?=\r\nDate: Thu, 03 Sep 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@example.org>\r\nReferences: <0@example.org>\r\nMIME-Version: 1.0\r\n"
)


@cache
def person() -> CraftedKey:
    """Return somebody who signs."""
    return CraftedKey(b"Rea Porter <rea@example.org>")


@cache
def packets() -> tuple[bytes, ...]:
    """Return messages, certificates and signatures as packets."""
    key = packet(1, b"\x03" + bytes(range(8)) + b"\x12" + bytes(50))
    data = b"\x01" + bytes(range(256)) * 3
    signed = person().signed(TEXT)
    return (
        key + packet(18, data),
        key + packet(1, b"\x03" + bytes(8) + b"\x01\x00\x08\xff") + partial(18, data, 8),
        packet(3, b"\x04\x09\x00\x08")
        + key
        + packet(10, b"PGP")
        + packet(20, b"\x01\x09\x02" + data),
        key + b"\xa7" + data,
        signed,
        crafting.compressed(signed) + literal(TEXT),
        person().certificate,
        person().certificate + person().owning(CraftedKey(b"")) + person().revoking(),
        person().signature(TEXT) * 3,
    )


@cache
def armored() -> tuple[bytes, ...]:
    """Return texts with armor in them."""
    message, *_, certificate, _, signature = packets()
    block = armor.armor(Kind.MESSAGE, message, newline=b"\r\n")
    headers = block.replace(b"-----\r\n\r\n", b"-----\r\nVersion: 1\r\nCharset: utf-8\r\n\r\n", 1)
    return (
        block,
        b"Hello,\r\n\r\n" + headers + b"\r\nbye\r\n",
        block.replace(b"\r\n", b" \r\n") + armor.armor(Kind.PUBLIC_KEY, certificate),
        b"".join(line for line in block.splitlines(keepends=True) if not line.startswith(b"=")),
        armor.armor(Kind.SIGNATURE, signature),
        framed(),
        framed() + b"\r\n" + block,
    )


@cache
def framed() -> bytes:
    """Return a cleartext signature."""
    block = armor.armor(Kind.SIGNATURE, person().signature(b"-dash\r\ntext", kind=1))
    head = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
    return head + b"- -dash\ntext  \n" + block


def _multipart(kind: bytes, *parts: bytes) -> bytes:
    inner = b"".join(b"--b1\r\n" + part + b"\r\n" for part in parts)
    return b"Content-Type: multipart/" + kind + b'; boundary="b1"\r\n\r\n' + inner + b"--b1--\r\n"


def _part(kind: bytes, body: bytes, *, encoding: bytes = b"7bit") -> bytes:
    head = b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    return head + body


@cache
def mails() -> tuple[bytes, ...]:
    """Return mails: plain, nested, signed, encrypted, with keys, files and forwarded mails."""
    block, *_ = armored()
    signature = armor.armor(Kind.SIGNATURE, person().signature(TEXT))
    encrypted = _multipart(
        b"encrypted; protocol=application/pgp-encrypted",
        _part(b"application/pgp-encrypted", b"Version: 1\r\n"),
        _part(b"application/octet-stream", block),
    )
    signed = _multipart(
        b"signed; protocol=application/pgp-signature; micalg=pgp-sha512",
        TEXT,
        _part(b"application/pgp-signature", signature),
    )
    key = _part(b"application/pgp-keys; name=k.asc", armored()[2])
    page = _part(b"text/html; charset=iso-8859-1", b"<p>=FC</p>", encoding=b"quoted-printable")
    forwarded = _part(b"message/rfc822", _HEAD + encrypted)
    file = _part(b"application/octet-stream; name*=utf-8''f%C3%BC.asc", b"hQIM", encoding=b"base64")
    return tuple(
        _HEAD + body
        for body in (
            TEXT,
            encrypted,
            signed,
            _part(b"text/plain", block),
            _part(b"text/plain; format=flowed", framed()),
            _multipart(b"mixed", TEXT, key, file, forwarded),
            _multipart(b"alternative", TEXT, page),
            _multipart(b"mixed", encrypted.replace(b"b1", b"b2"), TEXT),
            _multipart(b"mixed; protected-headers=v1; hp=cipher", signed.replace(b"b1", b"b2")),
        )
    )
