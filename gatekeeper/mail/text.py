"""The text a person wrote: a part's text in its charset, and which part to read first."""

import html
import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from gatekeeper.mail.charset import Decoded, decode_in, printable_text
from gatekeeper.mail.structure import Part

HTML_MAX: Final = 1024 * 1024
"""Bytes of a text/html part that are rendered; the part itself is always handed on whole."""

_NAMES: Final = """
address article blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section table tr ul
"""
_BREAKING: Final = frozenset(_NAMES.split())
_TAG_NAME: Final = re.compile(r"/?\s*([a-zA-Z][a-zA-Z0-9]{0,15})")
_TAG_START: Final = re.compile(r"<[a-zA-Z/!?]")
_UNSHOWN: Final = MappingProxyType({"script": "</script", "style": "</style", "title": "</title"})
_MANY_LINES: Final = re.compile(r"\n\s*\n\s*")
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{8,}")


def read_text(part: Part) -> Decoded:
    """Return the text of a part, printable, with LF line ends, and a word on its charset."""
    found = decode_in(part.decoded(), part.params.get("charset", "utf-8"))
    return Decoded(text=printable_text(found.text), problem=found.problem)


def readable(part: Part) -> str:
    """Return the text of a part; an unknown or wrong charset never loses it."""
    return read_text(part).text


def first_text(root: Part) -> str:
    """Return the first text a person would read, "" when there is none.

    A text/plain body comes before a rendering of text/html, and that before text attached; a
    multipart that could not be taken apart is text as a last resort.
    """
    found = first_text_part(root)
    return "" if found is None else as_plain(found)


def first_text_part(root: Part) -> Part | None:
    """Return the part whose text `first_text` returns, None when there is none."""
    return next((part for part in _in_order(root) if as_plain(part).strip()), None)


def as_plain(part: Part) -> str:
    """Return the text of a part; of text/html what is left without its tags."""
    if part.content_type != "text/html":
        return readable(part)
    found = decode_in(part.decoded(HTML_MAX), part.params.get("charset", "utf-8"))
    return printable_text(_unescaped(_without_tags(found.text))).strip()


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


def _unescaped(text: str) -> str:
    """Return `text` with its character references read; absurdly long numbers stay as they are."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text))
