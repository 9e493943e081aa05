"""Mails and their parts as bytes, for makers that want every octet in their own hands."""

import base64
from typing import Final

from tests.corpus.expecting import BODY, OUTER, SUBJECT
from tests.corpus.people import ROBIN
from tests.house import ALIAS

TEXT: Final = (
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    b"The parser writes past its buffer, " + BODY.encode() + b".\r\n"
)
HELLO: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello, please see what is here.\r\n"
"""A text that says nothing, beside what is encrypted apart."""

CONTROL: Final = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"


def crlf(text: bytes) -> bytes:
    """Return text with the line ends of mail."""
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return bytes with the first of `old` made `new`; it must stand there."""
    assert old in data
    return data.replace(old, new, 1)


def base64_lines(data: bytes) -> bytes:
    """Return bytes in base64 with the line ends of mail."""
    return crlf(base64.encodebytes(data))


def head(*extra: str | bytes, sender: str = ROBIN, subject: str = OUTER, leave: str = "") -> bytes:
    """Return the outer header of a mail without its Content-* fields; `leave` leaves one out."""
    fields: list[str | bytes] = [
        f"From: {sender}",
        f"To: {ALIAS}",
        f"Subject: {subject}",
        "Date: Mon, 01 Jun 2026 00:00:00 +0000",
        "Message-ID: <report@research.example>",
        "MIME-Version: 1.0",
    ]
    kept = [each for each in fields if not leave or not str(each).startswith(f"{leave}:")]
    lines = (each if isinstance(each, bytes) else each.encode() for each in (*kept, *extra))
    return b"".join(line + b"\r\n" for line in lines)


def multipart(
    kind: str, *parts: bytes, mark: str = "m1", more: str = "", end: bool = True
) -> bytes:
    """Return a multipart entity; `mark` is its boundary."""
    begun = f'Content-Type: multipart/{kind}{more}; boundary="{mark}"\r\n\r\n'.encode()
    inside = b"".join(b"--" + mark.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return begun + inside + (b"--" + mark.encode() + b"--\r\n" if end else b"")


def pgp_mime(message: bytes, *, mark: str = "e1") -> bytes:
    """Return the entity of RFC 3156 §4 around an armored message."""
    more = '; protocol="application/pgp-encrypted"'
    return multipart("encrypted", CONTROL, octets(message), more=more, mark=mark)


def signed(content: bytes, signature: bytes, *, mark: str = "s1", more: str = "") -> bytes:
    """Return the entity of RFC 3156 §5."""
    part = b"Content-Type: application/pgp-signature\r\n\r\n" + signature
    said = more or '; micalg=pgp-sha512; protocol="application/pgp-signature"'
    return multipart("signed", content, part, more=said, mark=mark)


def octets(data: bytes, name: str = "") -> bytes:
    """Return an attachment as it is."""
    named = f'Content-Disposition: attachment; filename="{name}"\r\n'.encode() if name else b""
    return b"Content-Type: application/octet-stream\r\n" + named + b"\r\n" + data


def attached(data: bytes, name: str, kind: str = "application/octet-stream") -> bytes:
    """Return an attachment in base64."""
    about = (
        f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return about.encode() + base64_lines(data)


def html(page: str) -> bytes:
    """Return a page as an entity."""
    return b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page.encode() + b"\r\n"


def text(words: bytes, more: str = "; charset=utf-8") -> bytes:
    """Return a text as an entity."""
    return f"Content-Type: text/plain{more}\r\n\r\n".encode() + words


def protected(content: bytes = TEXT, *fields: str, mark: str = '; hp="cipher"') -> bytes:
    """Return an entity that says its own subject, marked as RFC 9788 wants it; `fields` beside.

    The mark is put at the end of the content's first line, which is its Content-Type.
    """
    said = "".join(f"{each}\r\n" for each in (f"Subject: {SUBJECT}", *fields)).encode()
    first, end, rest = content.partition(b"\r\n")
    return said + first + mark.encode() + end + rest
