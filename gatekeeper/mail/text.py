"""The text a person wrote: a part's text in its charset, and which part to read first."""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from gatekeeper.mail import legacy_display
from gatekeeper.mail.charset import Decoded, decode_in, printable_text
from gatekeeper.mail.html import Rendered, rendered, unescaped
from gatekeeper.mail.structure import Part

HTML_MAX: Final = 1024 * 1024
"""Bytes of a text/html part that are rendered; the part itself is always handed on whole."""

_GLANCE: Final = 8 * 1024
_NAMES: Final = """
address article blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section table tr ul
"""
_BREAKING: Final = frozenset(_NAMES.split())
_TAG_NAME: Final = re.compile(r"/?\s*([a-zA-Z][a-zA-Z0-9]{0,15})")
_TAG_START: Final = re.compile(r"<[a-zA-Z/!?]")
_UNSHOWN: Final = MappingProxyType({"script": "</script", "style": "</style", "title": "</title"})
_MANY_LINES: Final = re.compile(r"\n\s*\n\s*")


def read_text(part: Part) -> Decoded:
    """Return the text of a part, printable, with LF line ends, and a word on its charset."""
    found = decode_in(part.decoded(), _charset(part))
    return Decoded(text=printable_text(found.text), problem=found.problem)


def readable(part: Part) -> str:
    """Return the text of a part; an unknown or wrong charset never loses it."""
    return read_text(part).text


def first_text(root: Part) -> str:
    """Return the first text a person would read, "" when there is none.

    A text/plain body comes before a rendering of text/html, and that before text attached; a
    multipart that could not be taken apart is text as a last resort. A copy of protected header
    fields is no text of a person's.
    """
    found = first_text_part(root)
    return "" if found is None else own_text(found, root)


def first_text_part(root: Part) -> Part | None:
    """Return the part whose text `first_text` returns, None when there is none."""
    parts = (part for part in _in_order(root) if not legacy_display.is_copy(part, root))
    return next((part for part in parts if has_words(part)), None)


def has_words(part: Part) -> bool:
    """Say whether there is anything to read in a part; of a long page it is taken for granted."""
    if bare(part, at_most=_GLANCE).strip():
        return True
    if part.size <= _GLANCE:
        return False
    return part.content_type == "text/html" or bool(readable(part).strip())


def own_text(part: Part, content: Part) -> str:
    """Return the text of a part of `content` without a copy of protected header fields in it."""
    if part.content_type == "text/html":
        return page_text(part, without_copy=legacy_display.has_copy(part, content)).text
    return legacy_display.without_copy(readable(part), part, content)


def page_text(part: Part, *, without_copy: bool = False) -> Rendered:
    """Return what a program would show of the beginning of a page, printable.

    `without_copy` leaves out the copy of protected header fields in it (RFC 9788 §4.5.3.3).
    """
    found = rendered(_source(part), without_copy=without_copy)
    return Rendered(text=printable_text(found.text).strip(), concealed=found.concealed)


def bare(part: Part, at_most: int | None = None) -> str:
    """Return everything that stands in a part but tags, scripts and styles, line by line.

    Here are looked for keys and messages that a page holds; what it shows, and how, is not asked.
    `at_most` looks only at so many bytes; of a page never more than HTML_MAX are looked at.
    """
    if part.content_type != "text/html":
        return printable_text(decode_in(part.decoded(at_most), _charset(part)).text)
    return printable_text(unescaped(_without_tags(_source(part, at_most)))).strip()


def _source(part: Part, at_most: int | None = None) -> str:
    return decode_in(part.decoded(at_most or HTML_MAX), _charset(part)).text


def _charset(part: Part) -> str:
    return part.params.get("charset", "utf-8")


def _in_order(root: Part) -> Iterator[Part]:
    leaves = [part for part in root.walk() if not part.children]
    bodies = [part for part in leaves if part.disposition != "attachment"]
    yield from (part for part in bodies if part.content_type == "text/plain")
    yield from (part for part in bodies if part.content_type == "text/html")
    yield from (part for part in leaves if part.content_type.startswith("text/"))
    yield from (part for part in leaves if part.content_type.startswith("multipart/"))


def _without_tags(text: str) -> str:
    """Return HTML without tags, comments, scripts and styles; one pass, so linear in its length."""
    lower = text.lower()
    unclosed: set[str] = set()
    shown: list[str] = []
    at = 0
    while tag := _TAG_START.search(text, at):
        shown.append(text[at : tag.start()])
        mark = "-->" if text.startswith("<!--", tag.start()) else ">"
        end = text.find(mark, tag.start())
        if end < 0:
            at = tag.start()
            break
        at = end + len(mark)
        named = _TAG_NAME.match(text, tag.start() + 1)
        name = named[1].lower() if named else ""
        if name in _BREAKING:
            shown.append("\n")
        closing = _UNSHOWN.get(name, "")
        if closing and closing not in unclosed and text[tag.start() + 1] != "/":
            hidden = lower.find(closing, at)
            at = max(at, hidden)
            if hidden < 0:
                unclosed.add(closing)
    shown.append(text[at:])
    return _MANY_LINES.sub("\n\n", "".join(shown))
