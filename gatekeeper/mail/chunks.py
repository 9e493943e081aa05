"""Body parts as they are written: text, attachments, and the boundary that none of them holds."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.mail.charset import printable_text
from gatekeeper.mail.header_writing import encode_header, field_lines

BASE64: Final = b"Content-Transfer-Encoding: base64\r\n"

LINE_MAX: Final = 998
"""Octets of a line of mail without its end (RFC 5322 §2.1.1)."""


_CHARSET: Final = b"Content-Type: text/plain; charset=utf-8\r\n"
_SEVEN_BITS: Final = re.compile(rb"(?:[\t -~]{0,76}\r\n)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One body part: its header and its body, as they will stand between two boundaries."""

    head: bytes
    body: bytes


def text_body(text: str) -> bytes:
    """Return `text` in CRLF lines of UTF-8 without any control, hidden or bidi character."""
    return printable_text(text).rstrip("\n").replace("\n", "\r\n").encode("utf-8") + b"\r\n"


def text_chunk(text: str) -> Chunk:
    """Return a text of ours as it stands inside an encryption: 8-bit, if its lines are short."""
    body = text_body(text)
    if longest(body) > LINE_MAX:
        return Chunk(head=_CHARSET + BASE64, body=base64_lines(body))
    encoding = b"7bit" if body.isascii() else b"8bit"
    return Chunk(head=_CHARSET + b"Content-Transfer-Encoding: " + encoding + b"\r\n", body=body)


def clear_text_chunk(text: str) -> Chunk:
    """Return a text of ours in 7 bits, as every mail server takes it (RFC 2045 §6.7)."""
    body = text_body(text)
    if body.isascii() and longest(body) <= LINE_MAX:
        return Chunk(head=_CHARSET + b"Content-Transfer-Encoding: 7bit\r\n", body=body)
    # base64, not quoted-printable: of most languages of the world the latter is three times longer.
    return Chunk(head=_CHARSET + BASE64, body=base64_lines(body))


def attached(data: bytes, *, name: str, about: str) -> Chunk:
    """Return `data` as a file of unknown type; `about` says what it is."""
    head = (
        field_lines("Content-Type", "application/octet-stream")
        + field_lines("Content-Description", encode_header(about))
        + field_lines("Content-Disposition", f'attachment; filename="{name}"')
    )
    return Chunk(head=head + BASE64, body=base64_lines(data))


def file_chunk(data: bytes, *, name: str, content_type: str) -> Chunk:
    """Return a file as an attachment; both words must be plain, see `personal.File`.

    Short lines of ASCII, such as an armored key, stay as they are, so that a person can read them
    without a mail program.
    """
    head = field_lines("Content-Type", f'{content_type}; name="{name}"') + field_lines(
        "Content-Disposition", f'attachment; filename="{name}"'
    )
    if _SEVEN_BITS.fullmatch(data):
        return Chunk(head=head + b"Content-Transfer-Encoding: 7bit\r\n", body=data)
    return Chunk(head=head + BASE64, body=base64_lines(data))


def boundary(seed: bytes, chunks: Sequence[Chunk]) -> bytes:
    """Return a boundary that occurs nowhere in `chunks`; "=_" is in no base64 and no QP."""
    count = 0
    while True:
        digest = hashlib.sha256(b"boundary|%d|%d|" % (len(chunks), count) + seed).hexdigest()
        made = b"=_" + digest[:40].encode("ascii")
        if not any(made in each.head or made in each.body for each in chunks):
            return made
        count += 1


def joined(chunks: Sequence[Chunk], boundary: bytes) -> bytes:
    """Return the body of a multipart: each chunk between two boundaries (RFC 2046 §5.1)."""
    written: list[bytes] = []
    for chunk in chunks:
        written += [b"\r\n--", boundary, b"\r\n", chunk.head, b"\r\n", chunk.body]
    written += [b"\r\n--", boundary, b"--\r\n"]
    return b"".join(written)


def longest(body: bytes) -> int:
    """Return the octets of the longest line."""
    return max(map(len, body.split(b"\r\n")))


def base64_lines(data: bytes) -> bytes:
    """Return `data` in base64 with CRLF after each 76 characters (RFC 2045 §6.8)."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")
