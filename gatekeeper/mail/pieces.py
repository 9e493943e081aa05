"""What is encrypted or signed inside a mail, and not around the whole of it: each found apart."""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail import inline, mangled, openpgp
from gatekeeper.mail.inline import MARK
from gatekeeper.mail.openpgp import Encrypted, InlineSigned, Signed
from gatekeeper.mail.structure import Part, scan

FORWARDED: Final = frozenset({"message/rfc822", "message/global"})
"""Types of a mail that is passed on inside another one."""

_NO_END: Final = "an armored message without its end"
_CLOSED: Final = "left closed: it stands where no message is opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSpan:
    """One encrypted piece of an otherwise clear mail; `problem` when it was left closed.

    `is_mail` says that a MIME entity was encrypted (RFC 3156 §4), and not a text or a file.
    """

    label: str
    data: bytes = field(repr=False)
    problem: str = ""
    is_mail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The encrypted pieces of a mail; `others` says that more armored messages are in it."""

    spans: tuple[PieceSpan, ...] = ()
    others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedSpan:
    """A signature over a part of a mail: where, and what it is over, as the layer of a mail."""

    label: str
    layer: Signed | InlineSigned


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One part: its name in labels, and what it stands in; `depth` counts forwarded mails."""

    part: Part
    where: str
    depth: int = 0
    inside: Part | None = None


def pieces(root: Part, limits: ReadingLimits) -> Pieces:
    """Return the encrypted pieces of content whose own layer was taken off, bounded.

    Each is meant to be opened and shown apart (EFAIL): armored messages in texts and in quoted
    lines, attachments that are OpenPGP messages, encrypted multiparts that are not the root, and
    all of these in forwarded mails, one level deep. When there are more than `limits.pieces`, or
    armored messages where none is opened, a last span without data says so in its problem.
    """
    search = _Search(limits)
    found = tuple(islice(search.spans(root), limits.pieces + 1))
    if len(found) <= limits.pieces:
        more = PieceSpan(label="another armored message", data=b"", problem=_CLOSED)
        spans = (*found, more) if search.others else found
        return Pieces(spans=spans, others=search.others > 0)
    problem = f"more than {limits.pieces} encrypted pieces; the rest was not opened"
    rest = PieceSpan(label="further pieces", data=b"", problem=problem)
    return Pieces(spans=(*found[: limits.pieces], rest), others=search.others > 0)


def signed_parts(root: Part, *, but_root: bool = True) -> Iterator[SignedSpan]:
    """Yield what is signed in content apart from the signature over the whole of it.

    That is each multipart/signed that is not the root (RFC 3156 §5), what a mailing system left of
    one beside a text of its own, and each clear-signed block in a text. With `but_root` a layer of
    the root itself is the one over the whole, and left out. Forwarded mails are not looked into:
    who signed them wrote nothing of this one.
    """
    for number, (part, _) in enumerate(_walk(root)):
        where = f"part {number}" if number else "the content"
        if part.children:
            if number or not but_root:
                yield from _signed_multipart(part, where)
            yield from _signed_beside(part, where)
        elif part.content_type.startswith("text/"):
            yield from _signed_texts(part, where, but_whole=but_root and not number)


def _signed_multipart(part: Part, where: str) -> Iterator[SignedSpan]:
    if isinstance(found := openpgp.layer(part), Signed):
        yield SignedSpan(label=where, layer=found)


def _signed_beside(part: Part, where: str) -> Iterator[SignedSpan]:
    """Yield what was a multipart/signed, content and signature, with more after or in these."""
    is_mixed = part.content_type == "multipart/mixed" and len(part.children) > 1
    if not is_mixed or not part.is_divided_one_way or mangled.signed_parts(part) is not None:
        return
    first, second, *others = part.children
    is_file = first.filename is not None or first.disposition == "attachment"
    are_texts = all(each.content_type.startswith("text/") for each in others)
    if mangled.begins_as_signature(second) and are_texts and not is_file:
        label = f"the first part of {where}"
        yield SignedSpan(label=label, layer=openpgp.signed_by(first, second))


def _signed_texts(part: Part, where: str, *, but_whole: bool) -> Iterator[SignedSpan]:
    if part.content_type == "text/html":
        return  # what a page shows is not what was signed
    text = inline.ascii_text(part)
    if but_whole and part.content_type == "text/plain" and inline.whole(text)[0]:
        return
    for count, block in enumerate(inline.signed_texts(text), 1):
        label = f"signed text {count} in {where}"
        yield SignedSpan(label=label, layer=InlineSigned(armor=block.armor))


class _Search:
    """Finds encrypted pieces; `others` counts armored messages that are none of them."""

    def __init__(self, limits: ReadingLimits) -> None:
        self.others = 0
        self._limits = limits
        self._seen: set[bytes] = set()

    def spans(self, root: Part) -> Iterator[PieceSpan]:
        """Yield each piece in the order of the mail."""
        for place in _places(root, self._limits):
            part = place.part
            if part.children:
                self.others += _beside_parts(part).count(MARK)
                yield from _forwarded(place)
            elif part.content_type.startswith("text/"):
                yield from self._in_text(place)
            elif part.content_type.startswith(("message/", "multipart/")):
                is_read = part.content_type in FORWARDED and not place.depth
                self.others += 0 if is_read else part.decoded().count(MARK)
            elif mangled.holds_message(part):
                yield _file(place)
            else:
                yield from self._in_file(place)

    def _in_text(self, place: _Place) -> Iterator[PieceSpan]:
        text = inline.ascii_text(place.part)
        marks = text.count(MARK)
        if place.part.content_type == "text/html":
            marks = max(marks, place.part.decoded().count(MARK))
        if not marks:
            return
        where = place.part.filename or f"text in {place.where}"
        found = yield from self._armored(place.part, text, where)
        self.others += max(0, marks - found)

    def _in_file(self, place: _Place) -> Iterator[PieceSpan]:
        """Yield the messages between words in a file, whatever type it has."""
        data = inline.narrowed(place.part.decoded())
        marks = data.count(MARK)
        found = 0
        if marks:
            found = yield from self._armored(place.part, data, place.part.filename or place.where)
        if b"\0" not in data:
            self.others += max(0, marks - found)

    def _armored(self, part: Part, text: bytes, where: str) -> Generator[PieceSpan, None, int]:
        """Yield each armored message in a text that can be opened; return how many there were."""
        found = 0
        for words, blocks in (
            ("armored message", inline.messages(text)),
            ("quoted armored message", inline.quoted_messages(text)),
        ):
            for count, block in enumerate(blocks, 1):
                found += 1
                if self._is_new(part, block.armor):
                    problem = "" if block.is_whole else _NO_END
                    label = f"{words} {count}, {where}"
                    yield PieceSpan(label=label, data=block.armor, problem=problem)
        return found

    def _is_new(self, part: Part, armor: bytes) -> bool:
        """Say whether a message is not yet known: a page often is a second form of a text."""
        told = hashlib.sha256(b"".join(armor.split())).digest()
        is_new = part.content_type != "text/html" or told not in self._seen
        self._seen.add(told)
        return is_new


def _file(place: _Place) -> PieceSpan:
    """Return the piece that an attachment is."""
    inside = place.inside
    is_mail = inside is not None and (
        inside.content_type == "multipart/encrypted" or isinstance(openpgp.layer(inside), Encrypted)
    )
    name = place.part.filename
    label = f"{name}, {place.where}" if name and place.depth else name or place.where
    return PieceSpan(label=label, data=inline.narrowed(place.part.decoded()), is_mail=is_mail)


def _beside_parts(part: Part) -> bytes:
    """Return what stands before the first and after the last part of a multipart."""
    before = part.source[part.body_start : part.children[0].start]
    return before + part.source[part.children[-1].end : part.end]


def _forwarded(place: _Place) -> Iterator[PieceSpan]:
    """Yield the message that a forwarded mail is, when it is encrypted as a whole."""
    layer = openpgp.layer(place.part) if _is_forwarded_root(place) else None
    if isinstance(layer, Encrypted):
        label, problem = place.where, layer.problem
        yield PieceSpan(label=label, data=layer.ciphertext, problem=problem, is_mail=True)


def _is_forwarded_root(place: _Place) -> bool:
    return place.depth > 0 and place.inside is None


def _places(root: Part, limits: ReadingLimits) -> Iterator[_Place]:
    """Yield each part of a content, and of the mails in it, in the order of the bytes.

    Of a forwarded mail that is encrypted as a whole only its root comes.
    """
    for number, (part, inside) in enumerate(_walk(root)):
        where = f"part {number}"
        yield _Place(part=part, where=where, inside=inside)
        if part.children or part.content_type not in FORWARDED:
            continue
        mail = scan(part.decoded(), limits).root
        whole = f"the mail forwarded in {where}"
        if isinstance(openpgp.layer(mail), Encrypted) and mail.children:
            yield _Place(part=mail, where=whole, depth=1)
            continue
        for inner, (each, around) in enumerate(_walk(mail)):
            name = f"part {inner} of {whole}" if inner else whole
            yield _Place(part=each, where=name, depth=1, inside=around)


def _walk(root: Part) -> Iterator[tuple[Part, Part | None]]:
    """Yield each part with the one it stands in, in the order of `Part.walk`."""
    waiting: list[tuple[Part, Part | None]] = [(root, None)]
    while waiting:
        part, inside = waiting.pop()
        yield part, inside
        waiting.extend((child, part) for child in reversed(part.children))
