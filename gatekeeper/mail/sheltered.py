"""Content as parts that a reader's program shows as text alone: no page, image or mail is shown.

A page that a program shows can fetch, hide, and imitate; decrypted text beside one can be drawn
into it (EFAIL). So pages, images and mails travel as files of no type, and of a page comes a text
besides.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gatekeeper.mail.attachments import attachments, is_page, pages
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.chunks import Chunk, attached, text_chunk
from gatekeeper.mail.header_writing import encode_header, field_lines
from gatekeeper.mail.oddities import differ, words_of
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import HTML_MAX, bare, has_words, page_text

CONTENT_FIELDS: Final = frozenset(
    {
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "content-description",
        "content-id",
        "content-language",
        "content-location",
        "content-duration",
        "content-md5",
        "content-features",
    }
)
"""The fields of an original that describe its content; Content-Length, which lies, does not."""

BAR: Final = "| "
"""Before each line that is made of a page: nothing of it begins where a line of ours does."""

BESIDE: Final = "beside-the-parts.txt"
_USUAL: Final = re.compile(
    rb"This is an? [ -~]{0,40}(?:MIME|multi-?part)[ -~]{0,60}", re.IGNORECASE
)
"""What mail programs write there for others that do not know MIME."""

_PAGES_MAX: Final = 2 * HTML_MAX
"""Bytes of all pages of a mail together after which no more are made into text."""

_NOT_MADE: Final = (
    "(the HTML that is attached as {} was not made into text: there is too much of it)"
)
_STRAY: Final = re.compile(rb"\r(?!\n)|\x00")
_TYPE_LINE: Final = re.compile(
    rb"(?:\A|[\r\n])content-type[ \t]*+:(?![ \t]*+(?:\r?\n[ \t]+)?"
    rb"([a-z0-9][a-z0-9+.-]*+/[a-z0-9][a-z0-9+.-]*+)[ \t]*+(?:;|\r?\n|\Z))",
    re.IGNORECASE,
)
"""A type that two programs may read differently."""

_SAFE_TYPE: Final = re.compile(
    rb"\s*([a-z0-9][a-z0-9+.-]*+/[a-z0-9][a-z0-9+.-]*+)\s*(?:;|\Z)", re.IGNORECASE
)
_SHOWN_LINE: Final = re.compile(
    rb"(?:\A|[\r\n])content-type[ \t]*+:[ \t]*+(?:\r?\n[ \t]+)?"
    rb"(?:image|message/(?!(?:delivery-status|disposition-notification|feedback-report)\b)|[a-z0-9+.-]*/[a-z0-9+.-]*(?:html|xml))",
    re.IGNORECASE,
)
_HARMLESS_MESSAGES: Final = frozenset(
    {"message/delivery-status", "message/disposition-notification", "message/feedback-report"}
)
_PLAIN_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary"})
_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary", "base64", "quoted-printable"})
_CHARSET: Final = re.compile(r"[A-Za-z0-9._:+-]{1,40}")


def sheltered(content: Part) -> tuple[Chunk, ...]:
    """Return content as body parts, in its order; a part that shows text alone is as it was.

    Of a multipart with anything else in it the parts come one by one: texts as they were, each
    page, image and mail as an attachment with its body byte for byte, and before a page without
    an equal text a text of ours that is made from it. Words beside the parts go into a file.
    """
    return tuple(_Shelter(content).chunks())


def is_as_sent(content: Part) -> bool:
    """Say whether nothing in content is a page, an image or a mail that a program would show."""
    if not content.children and not content.content_type.startswith("multipart/"):
        return not _is_shown(content)
    return next(_places(content), None) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A part that is still to be written, and the words of texts that may say the same."""

    part: Part
    words: frozenset[str] = frozenset()


class _Shelter:
    """Knows of one content where something stands that a program would show."""

    def __init__(self, content: Part) -> None:
        self._content = content
        self._names = {id(each.part): each.file for each in attachments(content)}
        self._names |= {id(page): name for name, page in pages(content)}
        self._shown = sorted(_places(content))
        self._room = _PAGES_MAX

    def chunks(self) -> Iterator[Chunk]:
        """Yield the body parts."""
        beside: list[bytes] = []
        waiting = [_Waiting(part=self._content)]
        while waiting:
            each = waiting.pop()
            part = each.part
            if not part.children:
                yield from self._leaf(part, each.words)
            elif not self._is_shown_in(part):
                yield passed_on(part)
            else:
                words = each.words
                if part.content_type == "multipart/alternative":
                    words = words_of(tuple(_texts(part)))
                waiting += [_Waiting(part=child, words=words) for child in reversed(part.children)]
                beside.append(_beside(part))
        if rest := b"".join(beside):
            yield attached(rest, name=BESIDE, about="What stood beside the parts, as received")

    def _is_shown_in(self, part: Part) -> bool:
        """Say whether anything in a multipart is shown; its own header is written anew."""
        at = bisect_left(self._shown, part.body_start)
        is_certain = _is_certain(part, part.first("Content-Type") or b"")
        holds = at < len(self._shown) and self._shown[at] < part.end
        return _is_shown(part) or _is_doubtful(part) or not is_certain or holds

    def _leaf(self, part: Part, words: frozenset[str]) -> Iterator[Chunk]:
        is_opaque = part.content_type.startswith("multipart/") and self._is_shown_in(part)
        if not is_opaque and not _is_shown(part):
            yield passed_on(part)
            return
        name = self._names.get(id(part), "attachment.bin")
        if is_opaque:
            yield text_chunk(_ours(f"a part that could not be taken apart, {name}", bare(part)))
        elif _needs_text(part, words):
            yield _made_from(part, name) if self._room > 0 else text_chunk(_NOT_MADE.format(name))
            self._room -= min(part.size, HTML_MAX)
        yield _attached(part, name)


def _beside(part: Part) -> bytes:
    """Return what lies before, between and after the parts of a multipart, "" if nobody's words.

    Programs that know MIME show none of it (RFC 2046 §5.1.1); it is still what somebody sent.
    """
    starts = [child.start for child in part.children]
    ends = [child.end for child in part.children]
    gaps = zip([part.body_start, *ends], [*starts, part.end], strict=True)
    found = [part.source[start:end] for start, end in gaps]
    lines = (line.strip() for line in b"\n".join(found).split(b"\n"))
    said = (line for line in lines if not line.startswith(b"--") and not _USUAL.fullmatch(line))
    return b"".join(found) if any(said) else b""


def passed_on(content: Part) -> Chunk:
    """Return the body as it is under the first field of each name in CONTENT_FIELDS; no other.

    A type that programs may read in different ways is written anew as it was read here.
    """
    kept: dict[str, bytes] = {}
    for each in content.fields:
        name = each.name.lower()
        if name in CONTENT_FIELDS:
            raw = _STRAY.sub(b" ", each.raw)
            kept.setdefault(name, each.name.encode("ascii") + b":" + raw + b"\r\n")
    said = content.first("Content-Type")
    if said is None:
        if content.content_type != "text/plain":
            kept["content-type"] = b"Content-Type: application/octet-stream\r\n"
    elif not _is_certain(content, said):
        kept["content-type"] = _plain_type(content)
    return Chunk(head=b"".join(kept.values()), body=content.body)


def _is_certain(content: Part, said: bytes) -> bool:
    found = _SAFE_TYPE.match(_STRAY.sub(b" ", said))
    return found is not None and found[1].decode("ascii").lower() == content.content_type


def _plain_type(content: Part) -> bytes:
    if content.content_type != "text/plain":
        return b"Content-Type: application/octet-stream\r\n"
    charset = content.params.get("charset", "")
    charset = charset if _CHARSET.fullmatch(charset) else "utf-8"
    return f"Content-Type: text/plain; charset={charset}\r\n".encode()


def _places(content: Part) -> Iterator[int]:
    """Yield where in the source something begins that a program shows, or one may take for such."""
    source = content.source
    for pattern in (_TYPE_LINE, _SHOWN_LINE):
        found = pattern.finditer(source, content.start, content.end)
        yield from (match.end() - 1 for match in found)
    yield from (part.start for part in content.walk() if _is_shown(part) or _is_doubtful(part))


def _is_shown(part: Part) -> bool:
    kind = part.content_type
    if kind.startswith("multipart/"):
        # Some programs decode it first, and find other parts in it.
        return part.encoding not in _PLAIN_ENCODINGS
    if kind.startswith("message/"):
        return kind not in _HARMLESS_MESSAGES
    return kind.startswith("image/") or is_page(part)


def _is_doubtful(part: Part) -> bool:
    """Say whether another program may find other parts in it, or read it in another way."""
    if any(len(part.every(name)) > 1 for name in ("Content-Type", "Content-Transfer-Encoding")):
        return True
    return part.content_type.startswith("multipart/") and not part.is_divided_one_way


def _texts(part: Part) -> Iterator[Part]:
    for each in part.walk():
        is_text = each.content_type == "text/plain" and each.disposition != "attachment"
        if is_text and not each.children and has_words(each):
            yield each


def _needs_text(part: Part, words: frozenset[str]) -> bool:
    """Say whether a page is to be read, and no text beside it says the same."""
    is_read = is_page(part) and part.disposition != "attachment"
    return is_read and (not words or differ(words, words_of((part,))))


def _made_from(page: Part, name: str) -> Chunk:
    found = page_text(page)
    what = f"the HTML that is attached as {name}"
    if found.concealed:
        what += ", but for what a program would not show"
    return text_chunk(_ours(what, found.text))


def _ours(what: str, text: str) -> str:
    """Return a text of ours around lines that are a sender's, each behind a bar."""
    lines = "\n".join((BAR + line).rstrip() for line in text.split("\n"))
    return f"(gatekeeper made these lines from {what})\n\n{lines}"


def _attached(part: Part, name: str) -> Chunk:
    """Return a part as a file of no type, its body in its own transfer encoding."""
    said = f"{part.content_type} as received"
    if part.filename:
        said += f": {printable_line(part.filename)}"
    head = (
        field_lines("Content-Type", f'application/octet-stream; name="{name}"')
        + field_lines("Content-Description", encode_header(said))
        + field_lines("Content-Disposition", f'attachment; filename="{name}"')
    )
    if part.encoding in _ENCODINGS:
        head += field_lines("Content-Transfer-Encoding", part.encoding)
    return Chunk(head=head, body=part.body)
