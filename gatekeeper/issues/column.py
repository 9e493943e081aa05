"""The words of a sender inside a text of ours: one line, quoted, and kept in their column."""

import re
import unicodedata
from typing import Final

from gatekeeper.mail.charset import printable_line

INDENT: Final = 13
"""Where values begin, after their label; nothing of a sender's ever stands further left."""

_WIDTH: Final = 78 - INDENT
_BLANK_LOOKING: Final = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")
"""Letters and marks that show as nothing, and so can push words to where a line seems to begin."""


def one_line(text: str, at_most: int = 300) -> str:
    """Return `text` as one line of at most that many characters, without controls or bidi."""
    one = " ".join(_BLANK_LOOKING.sub(" ", printable_line(text)).split())
    return one if len(one) <= at_most else one[: at_most - 1] + "…"


def quoted(text: str, at_most: int = 300) -> str:
    """Return `text` as one line in double quotes, of which there are no others in it."""
    return '"' + one_line(text, at_most).replace('"', "'") + '"'


def size(octets: int) -> str:
    """Return a size for people: bytes up to 1023, else KiB or MiB with one decimal."""
    if octets < 1024:
        return f"{octets} bytes"
    value, unit = (octets / 1024, "KiB") if octets < 1024 * 1024 else (octets / 1024 / 1024, "MiB")
    return f"{value:.1f} {unit}"


def in_column(text: str) -> str:
    """Return `text` broken into lines that all begin at INDENT, but for the first one.

    So no width of window makes a word of a sender's look like the beginning of a line of ours.
    """
    lines: list[str] = []
    line, width = "", 0
    for word in _words(text):
        size = _columns(word)
        if line and width + 1 + size > _WIDTH:
            lines.append(line)
            line, width = word, size
        else:
            line, width = (f"{line} {word}", width + 1 + size) if line else (word, size)
    return ("\n" + " " * INDENT).join([*lines, line])


def _words(text: str) -> list[str]:
    """Return the words of `text`, those wider than the column cut."""
    words: list[str] = []
    for word in text.split():
        piece, width = "", 0
        for character in word:
            size = _columns(character)
            if width + size > _WIDTH:
                words.append(piece)
                piece, width = "", 0
            piece += character
            width += size
        words.append(piece)
    return words


def _columns(text: str) -> int:
    """Return how wide `text` is shown: East Asian wide characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(each) in {"W", "F"} else 1 for each in text)
