"""Which OpenPGP layers a mail has, by its structure alone; no cryptography, nothing believed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.mail.packet_start import starts_encrypted
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import as_plain

MANGLED: Final = "mangled: a mail system took the PGP/MIME structure apart"

_NEWLINE: Final = re.compile(rb"\r?\n")
_ARMOR: Final = re.compile(rb"-----(BEGIN|END) PGP ([A-Z0-9 ,/]{1,40}+)-----[ \t\r]*+(?=\n|\Z)")
_PEEK: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypted:
    """A mail that is encrypted as a whole (RFC 3156 §4); `problem` when its form was not sound."""

    ciphertext: bytes = field(repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A mail that is signed as a whole (RFC 3156 §5).

    `content` is what the signature covers, with CRLF line ends; `inner` the same as a part.
    """

    content: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    inner: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineEncrypted:
    """A mail whose whole single text body is one armored message."""

    armor: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineSigned:
    """A mail whose whole single text body is one clear-signed text."""

    armor: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """A mail with no OpenPGP layer around the whole of it."""


Layer = Encrypted | Signed | InlineEncrypted | InlineSigned | Clear


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSpan:
    """One encrypted piece of an otherwise clear mail; `problem` when it was left closed."""

    label: str
    data: bytes = field(repr=False)
    problem: str = ""


def layer(root: Part) -> Layer:
    """Return the outermost OpenPGP layer that covers the whole mail."""
    if root.content_type == "multipart/encrypted":
        return _encrypted(root)
    if root.content_type == "multipart/signed":
        return _signed(root)
    if root.content_type == "multipart/mixed":
        return _mangled(root)
    if root.content_type == "text/plain":
        return _inline(root.decoded())
    return Clear()


def pieces(root: Part, limit: int) -> tuple[PieceSpan, ...]:
    """Return the encrypted pieces of content whose own layer was taken off, `limit` at most.

    Each is meant to be opened and shown apart (EFAIL): armored messages in texts, attachments that
    are OpenPGP messages, encrypted multiparts that are not the root. When there are more, a last
    span says so in its problem.
    """
    found: list[PieceSpan] = []
    for span in _all_pieces(root):
        if len(found) >= limit:
            problem = f"more than {limit} encrypted pieces; the rest was not opened"
            return (*found, PieceSpan(label="further pieces", data=b"", problem=problem))
        found.append(span)
    return tuple(found)


def canonical(content: bytes) -> bytes:
    """Return `content` with CRLF for every LF or CRLF line end (RFC 3156 §5)."""
    return _NEWLINE.sub(b"\r\n", content)


def _encrypted(root: Part) -> Layer:
    """Read RFC 3156 §4: two parts, the second holds the message; beside it nothing else may be."""
    match [each.content_type for each in root.children]:
        case ["application/pgp-encrypted", _]:
            return Encrypted(ciphertext=root.children[1].decoded())
        case [_, _]:
            index = 1 if _holds_message(root.children[1]) else 0
            problem = "multipart/encrypted without its control part"
            return Encrypted(ciphertext=root.children[index].decoded(), problem=problem)
        case [_]:
            problem = "multipart/encrypted with one part only"
            return Encrypted(ciphertext=root.children[0].decoded(), problem=problem)
        case []:
            problem = "multipart/encrypted that could not be taken apart"
            return Encrypted(ciphertext=root.body, problem=problem)
        case _:
            return Clear()


def _signed(root: Part) -> Layer:
    if [each.content_type for each in root.children[1:]] != ["application/pgp-signature"]:
        return Clear()
    inner, signature = root.children
    return Signed(content=canonical(inner.entity), signature=signature.decoded(), inner=inner)


def _mangled(root: Part) -> Layer:
    """Recognise what Exchange makes of RFC 3156: the same two parts, and at most empty texts."""
    kept = [each for each in root.children if not _is_empty_text(each)]
    kinds = [each.content_type for each in kept]
    if kinds == ["application/pgp-encrypted", "application/octet-stream"] and _holds_message(
        kept[1]
    ):
        return Encrypted(ciphertext=kept[1].decoded(), problem=MANGLED)
    return Clear()


def _is_empty_text(part: Part) -> bool:
    if not part.content_type.startswith("text/") or part.children:
        return False
    return part.size <= _PEEK and not as_plain(part).strip()


def _inline(body: bytes) -> Layer:
    """Read a text body that from its first to its last line is one armored or signed message."""
    text = body.strip()
    if not text.startswith(b"-----BEGIN PGP "):
        return Clear()
    lines = _armor_lines(text, at_most=3)
    if not lines or lines[0].start() != 0 or lines[-1].end() != len(text):
        return Clear()
    match [(each[1], each[2]) for each in lines]:
        case [(b"BEGIN", b"MESSAGE"), (b"END", b"MESSAGE")]:
            return InlineEncrypted(armor=text + b"\n")
        case [(b"BEGIN", b"SIGNED MESSAGE"), (b"BEGIN", b"SIGNATURE"), (b"END", b"SIGNATURE")]:
            return InlineSigned(armor=text + b"\n")
        case _:
            return Clear()


def _armor_lines(text: bytes, at_most: int) -> Sequence[re.Match[bytes]]:
    """Return the armor header and tail lines of `text` (RFC 9580 §6.2), `at_most` of them."""
    found: list[re.Match[bytes]] = []
    for match in _ARMOR.finditer(text):
        if match.start() == 0 or text[match.start() - 1] == 0x0A:
            found.append(match)
            if len(found) == at_most:
                break
    return found


def _all_pieces(root: Part) -> Iterator[PieceSpan]:
    for number, part in enumerate(root.walk()):
        if part.children:
            continue
        if part.content_type.startswith("text/"):
            yield from _text_pieces(part, number)
        elif (name := _piece_name(part, number)) is not None:
            yield PieceSpan(label=name, data=part.decoded())


def _text_pieces(part: Part, number: int) -> Iterator[PieceSpan]:
    """Yield each armored message in a text; one without its last line reaches to the text's end."""
    text = as_plain(part).encode() if part.content_type == "text/html" else part.decoded()
    if b"-----BEGIN PGP MESSAGE-----" not in text:
        return
    where = part.filename or f"text in part {number}"
    count = 0
    begin: int | None = None
    for match in _ARMOR.finditer(text):
        if match[2] != b"MESSAGE" or (match.start() and text[match.start() - 1] != 0x0A):
            continue
        if match[1] == b"END" and begin is not None:
            count += 1
            label = f"armored message {count}, {where}"
            yield PieceSpan(label=label, data=text[begin : match.end()].rstrip() + b"\n")
            begin = None
        elif match[1] == b"BEGIN" and begin is None:
            begin = match.start()
    if begin is not None:
        label = f"armored message {count + 1}, {where}"
        yield PieceSpan(
            label=label, data=text[begin:], problem="an armored message without its end"
        )


def _piece_name(part: Part, number: int) -> str | None:
    """Return how an attachment that is an OpenPGP message is called, None for any other part."""
    return (part.filename or f"part {number}") if _holds_message(part) else None


def _holds_message(part: Part) -> bool:
    head = part.decoded(_PEEK)
    if head.lstrip().startswith(b"-----BEGIN PGP MESSAGE-----"):
        return True
    return starts_encrypted(head)
