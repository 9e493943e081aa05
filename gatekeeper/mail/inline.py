"""OpenPGP inside a text: armored messages and clear-signed blocks, whole, between, or quoted."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.mail.charset import codec_of, decode_in, is_wide
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import bare

MARK: Final = b"-----BEGIN PGP MESSAGE-----"
_HINT: Final = b"BEGIN PGP "
_WIDE_MESSAGES: Final = tuple(
    (codec, width, MARK.decode().encode(codec))
    for codec, width in (("utf-16-le", 2), ("utf-16-be", 2), ("utf-32-le", 4), ("utf-32-be", 4))
)
_MARKED: Final = b"\xef\xbb\xbf-----BEGIN PGP "
_SIGNED_MARK: Final = b"-----BEGIN PGP SIGNED MESSAGE-----"
_ARMOR: Final = re.compile(rb"-----(BEGIN|END) PGP ([A-Z0-9 ,/]{1,40}+)-----[ \t\r]*+(?=\n|\Z)")
_QUOTED: Final = re.compile(
    rb"^[ \t]{0,8}+>[> \t]*+-----(BEGIN|END) PGP MESSAGE-----[ \t\r]*+$", re.MULTILINE
)
_QUOTE: Final = re.compile(rb"^[ \t]{0,8}+>[> \t]*+", re.MULTILINE)
_UNQUOTED: Final = re.compile(rb"^(?![ \t]{0,8}+>)", re.MULTILINE)
_CHARSET: Final = re.compile(rb"^Charset:[ \t]*([A-Za-z0-9._:+-]{1,40})[ \t\r]*$", re.MULTILINE)
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_LONGER_MARKS: Final = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_UNSAFE: Final = frozenset({"utf_7", "hz"})
"""Charsets that make other letters of ASCII; what a frame says of its charset is not covered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One armored block: its kind by its first line, its bytes, and whether its last line came."""

    armor: bytes = field(repr=False)
    is_whole: bool = True


def ascii_text(part: Part) -> bytes:
    """Return the bytes of a text in which lines of ASCII can be looked for.

    They are those of the body, but for UTF-16 and UTF-32, which come back in UTF-8, and for HTML,
    of which comes what is left without its tags, if there is any armor in it.
    """
    body = part.decoded()
    if part.content_type == "text/html":
        return bare(part).replace("\u00a0", " ").encode() if _HINT in body else b""
    charset = part.params.get("charset", "")
    if body.startswith(_WIDE_MARKS):
        longer = body.startswith(_LONGER_MARKS)
        charset = charset if is_wide(codec_of(charset)) else "utf-32" if longer else "utf-16"
    elif not (is_wide(codec_of(charset)) and b"\0" in body):
        return narrowed(body)
    return decode_in(body, charset).text.removeprefix("\ufeff").encode("utf-8", "replace")


def narrowed(data: bytes) -> bytes:
    """Return data with the armor in it in ASCII: what is in UTF-16 or UTF-32 comes back in UTF-8.

    A byte order mark before armor is left out; data without an armored message is as it was.
    """
    if data.startswith(_MARKED):
        return data[3:]
    marks = _WIDE_MESSAGES if b"\0" in data else ()
    places = [(data.find(mark), width, codec) for codec, width, mark in marks]
    # In one order of bytes the mark of the other stands too, one byte beside.
    found = sorted((at % width, at, codec) for at, width, codec in places if at >= 0)
    if not found:
        return data
    start, _, codec = found[0]
    return data[start:].decode(codec, "replace").lstrip("\ufeff").encode()


def whole(text: bytes) -> tuple[str, bytes]:
    """Return what a text is from its first to its last line, "MESSAGE" or "SIGNED MESSAGE", and it.

    For anything else both are empty.
    """
    text = text.strip()
    if not text.startswith(b"-----BEGIN PGP "):
        return "", b""
    lines = armor_lines(text, at_most=3)
    if not lines or lines[0].start() != 0 or lines[-1].end() != len(text):
        return "", b""
    match [(each[1], each[2]) for each in lines]:
        case [(b"BEGIN", b"MESSAGE"), (b"END", b"MESSAGE")]:
            return "MESSAGE", text + b"\n"
        case [(b"BEGIN", b"SIGNED MESSAGE"), (b"BEGIN", b"SIGNATURE"), (b"END", b"SIGNATURE")]:
            return "SIGNED MESSAGE", text + b"\n"
        case _:
            return "", b""


def armor_lines(text: bytes, at_most: int) -> Sequence[re.Match[bytes]]:
    """Return the armor header and tail lines of `text` (RFC 9580 §6.2), `at_most` of them."""
    found: list[re.Match[bytes]] = []
    for match in _lines(text):
        found.append(match)
        if len(found) == at_most:
            break
    return found


def messages(text: bytes) -> Iterator[Block]:
    """Yield each armored message in a text; one without its last line reaches to the text's end."""
    begin: int | None = None
    for match in _lines(text) if MARK in text else ():
        if match[2] != b"MESSAGE":
            continue
        if match[1] == b"END" and begin is not None:
            yield Block(armor=text[begin : match.end()].rstrip() + b"\n")
            begin = None
        elif match[1] == b"BEGIN" and begin is None:
            begin = match.start()
    if begin is not None:
        yield Block(armor=text[begin:], is_whole=False)


def quoted_messages(text: bytes) -> Iterator[Block]:
    """Yield each armored message that stands in quoted lines, without the marks before them."""
    begin: int | None = None
    for match in _QUOTED.finditer(text) if MARK in text else ():
        if begin is not None:
            is_end = match[1] == b"END" and not _UNQUOTED.search(text, begin, match.end())
            yield _unquoted(text, begin, match.end() if is_end else match.start(), whole=is_end)
        begin = match.start() if match[1] == b"BEGIN" else None
    if begin is not None:
        yield _unquoted(text, begin, len(text), whole=False)


def signed_texts(text: bytes) -> Iterator[Block]:
    """Yield each clear-signed block in a text, from its first to its last line."""
    begin: int | None = None
    has_signature = False
    for match in _lines(text) if _SIGNED_MARK in text else ():
        kind = (match[1], match[2])
        if kind == (b"BEGIN", b"SIGNED MESSAGE"):
            begin, has_signature = match.start(), False
        elif kind == (b"BEGIN", b"SIGNATURE"):
            has_signature = begin is not None
        elif kind == (b"END", b"SIGNATURE") and begin is not None and has_signature:
            yield Block(armor=text[begin : match.end()].rstrip() + b"\n")
            begin = None


def charset_of(armor: bytes, outside: str) -> str:
    """Return the charset that a message's text may be in: as its armor says, else as the mail does.

    RFC 4880 §6.2 ("Charset"); nothing covers either, so a charset that hides ASCII is not one: it
    is "" then.
    """
    head = armor.replace(b"\r\n", b"\n").partition(b"\n\n")[0][:2000]
    found = _CHARSET.search(head)
    name = found[1].decode("ascii") if found else outside
    codec = codec_of(name)
    return "" if codec is None or codec in _UNSAFE or is_wide(codec) else name


def unstuffed(text: bytes) -> bytes:
    """Return a flowed text without the blank before each stuffed line (RFC 3676 §4.4)."""
    return re.sub(rb"^ ", b"", text, flags=re.MULTILINE)


def _lines(text: bytes) -> Iterator[re.Match[bytes]]:
    for match in _ARMOR.finditer(text):
        if match.start() == 0 or text[match.start() - 1] == 0x0A:
            yield match


def _unquoted(text: bytes, begin: int, end: int, *, whole: bool) -> Block:
    if not whole:
        broken = _UNQUOTED.search(text, begin, end)
        end = broken.start() if broken else end
    return Block(armor=_QUOTE.sub(b"", text[begin:end]).rstrip() + b"\n", is_whole=whole)
