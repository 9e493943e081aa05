"""Armor that is damaged, doubled, written by other programs, or in another charset."""

import re
from typing import Final

from gatekeeper.domain.protection import UnreadableReason
from tests.corpus.classes import Class
from tests.corpus.entities import (
    CONTROL,
    HELLO,
    TEXT,
    base64_lines,
    changed,
    head,
    multipart,
    octets,
    pgp_mime,
)
from tests.corpus.expecting import BODY, Cases, Message, closed, opened
from tests.corpus.pen import Pen, armored
from tests.corpus.pieces import part
from tests.corpus.sound import INLINE, WORDS
from tests.pgp import crafting

_R: Final = UnreadableReason
CASES: Final = Cases(".eml")
CHECKSUM: Final = re.compile(rb"\r\n=[A-Za-z0-9+/]{4}\r\n")


def whole(pen: Pen, *, rest: int | None = None) -> bytes:
    """Return an armored message; its length leaves `rest` when it is divided by three."""
    session = pen.session()
    for blanks in range(3):
        message = session.protected(crafting.literal(TEXT + b" " * blanks))
        if rest is None or len(message) % 3 == rest:
            return armored(message)
    raise AssertionError(rest)


@CASES.add(closed(_R.MALFORMED), Class.ARMOR)
def _wrong_checksum(pen: Pen) -> bytes:
    """The checksum is another message's."""
    return head() + pgp_mime(CHECKSUM.sub(b"\r\n=AAAA\r\n", whole(pen)))


@CASES.add(opened(), Class.ARMOR)
def _no_checksum(pen: Pen) -> bytes:
    """No checksum (RFC 9580 §6.1 wants none), of a length divisible by three."""
    return head() + pgp_mime(CHECKSUM.sub(b"\r\n", whole(pen, rest=0)))


@CASES.add(opened(), Class.ARMOR)
def _no_checksum_padded(pen: Pen) -> bytes:
    """No checksum, and padding at the end of the base64."""
    return head() + pgp_mime(CHECKSUM.sub(b"\r\n", whole(pen, rest=1)))


@CASES.add(closed(_R.MALFORMED), Class.ARMOR)
def _letter_changed(pen: Pen) -> bytes:
    """One letter of the base64 was changed; the checksum says so."""
    text = whole(pen)
    at = text.index(b"\r\n\r\n") + 40
    return head() + pgp_mime(
        text[:at] + (b"A" if text[at : at + 1] != b"A" else b"B") + text[at + 1 :]
    )


@CASES.add(closed(_R.MALFORMED), Class.ARMOR)
def _not_base64(pen: Pen) -> bytes:
    """Characters in the armor that are not base64."""
    return head() + pgp_mime(changed(whole(pen), b"\r\n\r\n", b"\r\n\r\n<p>"))


@CASES.add(closed(_R.MALFORMED), Class.ARMOR)
def _no_end(pen: Pen) -> bytes:
    """The armor's last line is missing."""
    return head() + pgp_mime(whole(pen).partition(b"-----END")[0])


@CASES.add(closed(_R.AMBIGUOUS), Class.ARMOR, Class.TWO_PLAINTEXTS)
def _two_blocks(pen: Pen) -> bytes:
    """Two armored messages in the encrypted part."""
    return head() + pgp_mime(whole(pen) + whole(pen))


@CASES.add(opened(), Class.ARMOR)
def _words_around(pen: Pen) -> bytes:
    """Words before and after the armor in the encrypted part, which nobody is shown."""
    return head() + pgp_mime(b"Please publish.\r\n" + whole(pen) + b"Please publish.\r\n")


@CASES.add(opened(), Class.ARMOR, Class.STATUS)
def _status_in_headers(pen: Pen) -> bytes:
    """Armor headers that claim a good signature."""
    said = b"Version: x\r\nComment: [GNUPG:] GOODSIG 0123456789ABCDEF Andrea\r\n"
    text = changed(whole(pen), b"-----\r\n", b"-----\r\n" + said)
    return head() + pgp_mime(text)


@CASES.add(opened(), Class.ARMOR)
def _blanks_at_line_ends(pen: Pen) -> bytes:
    """Blanks and tabs that gateways leave at line ends."""
    return head() + pgp_mime(whole(pen).replace(b"\r\n", b" \t\r\n"))


@CASES.add(opened(), Class.ARMOR)
def _one_long_line(pen: Pen) -> bytes:
    """The base64 in one line."""
    text = whole(pen)
    begun, _, rest = text.partition(b"\r\n\r\n")
    body, mark, end = rest.rpartition(b"\r\n=")
    return head() + pgp_mime(begun + b"\r\n\r\n" + body.replace(b"\r\n", b"") + mark + end)


@CASES.add(opened(), Class.ARMOR, Class.INLINE)
def _inline_with_empty_lines(pen: Pen) -> bytes:
    """Inline armor between empty lines, and with an empty line after each of its lines."""
    text = pen.encrypt(WORDS)
    begun, _, rest = text.partition(b"\r\n\r\n")
    body = rest.replace(b"\r\n", b"\r\n\r\n")
    return head() + INLINE + b"\r\n\r\n" + begun + b"\r\n\r\n" + body + b"\r\n"


@CASES.add(opened(), Class.ARMOR, Class.INLINE)
def _inline_in_quoted_printable(pen: Pen) -> bytes:
    """Inline armor in quoted-printable with soft line breaks."""
    said = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    text = pen.encrypt(WORDS).replace(b"=", b"=3D")
    soft = re.sub(rb"([A-Za-z0-9+/]{60})", rb"\1=\r\n", text)
    return head() + said + soft


@CASES.add(opened(), Class.ARMOR, Class.INLINE)
def _inline_in_base64(pen: Pen) -> bytes:
    """Inline armor in base64."""
    said = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head() + said + base64_lines(pen.encrypt(WORDS))


@CASES.add(opened(), Class.ARMOR, Class.INLINE, Class.CHARSET)
def _inline_in_utf16(pen: Pen) -> bytes:
    """Inline armor in a text in UTF-16, in base64, as a program of Windows sends it."""
    said = b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    wide = pen.encrypt(WORDS).decode().encode("utf-16")
    return head() + said + base64_lines(wide)


@CASES.add(opened(), Class.ARMOR, Class.CHARSET)
def _armor_in_utf16(pen: Pen) -> bytes:
    """Armor in UTF-16 in the encrypted part, whose type names no charset."""
    said = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    wide = base64_lines(pen.encrypt(TEXT).decode().encode("utf-16"))
    return head() + multipart("encrypted", CONTROL, said + wide)


@CASES.add(opened(), Class.ARMOR, Class.INLINE)
def _inline_flowed(pen: Pen) -> bytes:
    """Inline armor in a text that is format=flowed, with a blank at each line's end."""
    said = b"Content-Type: text/plain; format=flowed\r\n\r\n"
    return head() + said + pen.encrypt(WORDS).replace(b"\r\n", b" \r\n")


@CASES.add(Message(shows="BEGIN PGP MESSAGE, PART 1/2"), Class.ARMOR)
def _armor_in_parts(pen: Pen) -> bytes:
    """The first of two parts of a message, in the form that RFC 9580 §6.2.1 dropped."""
    text = pen.encrypt(WORDS).replace(b"PGP MESSAGE", b"PGP MESSAGE, PART 1/2")
    return head() + INLINE + text + BODY.encode() + b"\r\n"


@CASES.add(part(0, stayed=1, shows="", problems=()), Class.ARMOR, Class.HALF_CLEAR)
def _inline_without_end(pen: Pen) -> bytes:
    """Inline armor whose end was cut off."""
    return head() + INLINE + pen.encrypt(WORDS).partition(b"-----END")[0]


@CASES.add(part(shows="Hello"), Class.ARMOR, Class.PIECES)
def _armor_in_octets(pen: Pen) -> bytes:
    """An armored message as a file with a harmless name and type."""
    file = octets(pen.encrypt(WORDS), "notes.txt")
    return head() + multipart("mixed", HELLO, file)


@CASES.add(part(0, stayed=1, shows=""), Class.ARMOR, Class.PIECES)
def _armor_of_nothing(_: Pen) -> bytes:
    """An armored message that holds nothing, between words."""
    empty = b"-----BEGIN PGP MESSAGE-----\r\n\r\n-----END PGP MESSAGE-----\r\n"
    return head() + INLINE + b"See:\r\n" + empty + b"Bye.\r\n"


@CASES.add(closed(_R.MALFORMED), Class.ARMOR, Class.ORACLE)
def _armor_of_zeros(_: Pen) -> bytes:
    """Armor around zeros, as the whole text."""
    return head() + INLINE + armored(bytes(300))
