"""Break text into lines by the columns it takes on a screen, so that no line is wrapped by it.

What is wrapped by a terminal begins at its left edge, where only words of ours may stand.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_WORDS: Final = re.compile(r" *[^ ]+")
_LEAD: Final = re.compile(r"(?:> ?)*\s*")
"""How a line begins that goes on the same way when it is broken: quote marks, indentation."""

_NO_ROOM_FOR_LEAD: Final = 2
"""A lead that takes more than one part in so many of the room is not repeated."""

NARROWEST: Final = 16
"""Columns that are always used, however narrow the terminal says that it is."""


def columns(text: str) -> int:
    """Return how many columns text takes: wide East Asian letters two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, width: int) -> str:
    """Return text cut, with an ellipsis for the rest, or filled up to `width` columns."""
    taken = columns(text)
    if taken > width:
        kept, taken = _cut(text, width - 1)
        text, taken = f"{kept}…", taken + 1
    return text + " " * (width - taken)


def _cut(text: str, width: int) -> tuple[str, int]:
    """Return the beginning of `text` that fits into `width` columns, and what it takes."""
    taken = 0
    for at, character in enumerate(text):
        size = _columns(character)
        if taken + size > width:
            return text[:at], taken
        taken += size
    return text, taken


def wrapped(line: str, room: int | None) -> list[str]:
    """Return one line as lines of at most `room` columns; None breaks nothing.

    It is broken at spaces, and inside words wider than the room. Quote marks and indentation at
    its beginning are repeated on each, so that what is quoted, or a list, stays what it is.
    """
    if room is None or columns(line) <= room:
        return [line.rstrip(" ")]
    lead = _LEAD.match(line)
    start = lead[0] if lead else ""
    if columns(start) * _NO_ROOM_FOR_LEAD > room:
        start = ""
    width = max(room - columns(start), 2)
    return [f"{start}{rest}".rstrip(" ") for rest in _broken(line[len(start) :], width)]


def _broken(text: str, width: int) -> Iterator[str]:
    line, taken = "", 0
    for word in _WORDS.findall(text):
        size = columns(word)
        if taken and taken + size > width:
            yield line
            line, taken = "", 0
        *full, (rest, size) = _pieces(word if taken else word.lstrip(" "), width)
        yield from (piece for piece, _ in full)
        line, taken = line + rest, taken + size
    if line:
        yield line


def _pieces(word: str, width: int) -> list[tuple[str, int]]:
    """Return a word cut into pieces that fit, in one pass, each with what it takes."""
    pieces: list[tuple[str, int]] = []
    start = taken = 0
    for at, character in enumerate(word):
        size = _columns(character)
        if taken + size > width:
            pieces.append((word[start:at], taken))
            start, taken = at, 0
        taken += size
    return [*pieces, (word[start:], taken)]


def all_wrapped(text: str, room: int | None) -> list[str]:
    """Return text of several lines, each broken by itself."""
    return [each for line in text.split("\n") for each in wrapped(line, room)]
