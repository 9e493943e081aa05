"""ASCII armor (RFC 4880 §6): read leniently but for the checksum, written with it."""

import binascii
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gatekeeper.pgp.crc24 import crc24

_BEGIN: Final = re.compile(rb"^-----BEGIN PGP ([A-Z][A-Z ]{1,40})-----[ \t\r]*\n", re.MULTILINE)
_HEADER: Final = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,60}): ?([^\n]*)")
_CHECKSUM: Final = re.compile(rb"=([A-Za-z0-9+/]{4})")
_SPACE: Final = b" \t\r\n"
_CLEARTEXT: Final = b"SIGNED MESSAGE"
_HEADERS_MAX: Final = 50
LINE: Final = 64
_LINES: Final = struct.Struct(f"{LINE}s" * 1024)
"""Cuts many lines in one call, which takes half the time."""


class BadArmor(ValueError):
    """An armored block that is cut short or changed; the reason never quotes it."""


class Kind(StrEnum):
    """What a block says it holds."""

    MESSAGE = "MESSAGE"
    PUBLIC_KEY = "PUBLIC KEY BLOCK"
    PRIVATE_KEY = "PRIVATE KEY BLOCK"
    SIGNATURE = "SIGNATURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmorBlock:
    """One block: the words after BEGIN PGP, its octets, its headers (which prove nothing)."""

    kind: str
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def is_binary(data: bytes) -> bool:
    """Say whether `data` begins as packets do: with an octet whose top bit is set."""
    return data[:1] >= b"\x80"


def dearmor(text: bytes) -> tuple[ArmorBlock, ...]:
    """Return the blocks in `text`, in order; what stands around them is passed over.

    Line ends and blanks at line ends may be anything. A block without an end, with a character
    that is not base64 or with a wrong checksum raises BadArmor. The frame of a cleartext
    signature is no block, the signature at its end is one.
    """
    blocks: list[ArmorBlock] = []
    begin = _BEGIN.search(text)
    while begin:
        at = begin.end()
        if begin[1] != _CLEARTEXT:
            mark = b"\n-----END PGP " + begin[1] + b"-----"
            end = text.find(mark, at - 1)
            if end < 0:
                raise BadArmor("an armored block has no end")
            blocks.append(_block(begin[1].decode("ascii"), text, at, end + 1))
            at = end + len(mark)
        begin = _BEGIN.search(text, at)
    return tuple(blocks)


def _block(kind: str, text: bytes, start: int, end: int) -> ArmorBlock:
    headers, start = _headers(text, start, end)
    body = text[start:end].rstrip(_SPACE)
    checksum: bytes | None = None
    last = body.rfind(b"\n") + 1
    found = _CHECKSUM.fullmatch(body[last:].strip(_SPACE))
    if found:
        checksum, body = found[1], body[:last]
    data = _decode(body.translate(None, _SPACE))
    if checksum is not None and binascii.a2b_base64(checksum) != _checksum(data):
        raise BadArmor("an armored block was changed: its checksum is wrong")
    return ArmorBlock(kind=kind, data=data, headers=headers)


def _headers(text: bytes, at: int, end: int) -> tuple[Mapping[str, str], int]:
    headers: dict[str, str] = {}
    for _ in range(_HEADERS_MAX):
        stop = text.find(b"\n", at, end) + 1
        line = text[at:stop].strip(_SPACE)
        if not stop:
            break
        if not line:
            return headers, stop
        header = _HEADER.fullmatch(line)
        if not header:
            break
        headers[header[1].decode("ascii")] = header[2].decode("utf-8", "replace")
        at = stop
    return headers, at


def _decode(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body, strict_mode=True)
    except binascii.Error:
        raise BadArmor("an armored block is not base64") from None


def _checksum(data: bytes) -> bytes:
    return crc24(data).to_bytes(3, "big")


def lines(data: bytes, newline: bytes) -> bytes:
    """Return `data` as base64 in lines of 64, each with its end; nothing for nothing."""
    text = memoryview(binascii.b2a_base64(data, newline=False))
    rest = len(text) - len(text) % _LINES.size
    parts = [line for many in _LINES.iter_unpack(text[:rest]) for line in many]
    parts += [bytes(text[at : at + LINE]) for at in range(rest, len(text), LINE)]
    return newline.join([*parts, b""]) if parts else b""


def edges(kind: Kind, crc: int, newline: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and after the base64 lines of octets with the checksum `crc`."""
    words = b"PGP " + kind.encode("ascii") + b"-----" + newline
    checksum = binascii.b2a_base64(crc.to_bytes(3, "big"), newline=False)
    return b"-----BEGIN " + words + newline, b"=" + checksum + newline + b"-----END " + words


def armor(kind: Kind, data: bytes, *, newline: bytes = b"\n") -> bytes:
    """Return `data` as one block without headers, with its checksum."""
    begin, end = edges(kind, crc24(data), newline)
    return b"".join((begin, lines(data, newline), end))
