"""Lines for people: headings and labels of ours at the left, what others wrote further right.

Nothing of a sender's ever begins a line, on a terminal or in a pager behind a pipe: every line is
made to fit. So no word of a mail can pose as a word of ours. Only a command of ours stays whole in
a pipe, so that it can be copied.
"""

import shutil
import sys
from collections.abc import Iterable
from typing import Final

from gatekeeper.cli.terminal import painted, room, safe, safe_lines
from gatekeeper.cli.wrapping import NARROWEST, all_wrapped, columns, wrapped

MARGIN: Final = 11
"""Where values begin, after their label."""

INDENT: Final = 2
"""Where the text of a mail begins."""

_DEFAULT: Final = (80, 24)
ROOM_MIN: Final = 32
"""Columns that are used however narrow the terminal is; so many hold every label beside a word."""


def width() -> int:
    """Return how many columns a line may have: the terminal's, $COLUMNS in a pipe, or 80."""
    return shutil.get_terminal_size(_DEFAULT).columns


class Screen:
    """Collects lines that fit into `room` columns; all text handed in is made safe here."""

    def __init__(self, room: int) -> None:
        """Begin without a line."""
        self._room = max(room, ROOM_MIN)
        self.lines: list[str] = []

    def gap(self) -> None:
        """Leave one line free, at the beginning none."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def rule(self, *words: str) -> None:
        """Draw a line across with words of ours in it; words that do not fit go below."""
        dash = "─" if _drawable("─") else "-"
        first, *rest = wrapped(f" {dash * 2} ".join(words), self._room - 4)
        head = f"{dash * 2} {first} "
        self.gap()
        self.lines.append(painted(head + dash * (self._room - columns(head)), "bold"))
        self.lines += [painted(f"   {line}", "bold") for line in rest]

    def title(self, lead: str, text: str) -> None:
        """Write words of ours, and text beside them that stays in its column, all of it bold."""
        self.gap()
        room = max(self._room - columns(lead) - 2, NARROWEST)
        for line in wrapped(safe(text), room):
            self.lines.append(painted(f"{lead}  {line}".rstrip(" "), "bold"))
            lead = " " * columns(lead)

    def heading(self, text: str) -> None:
        """Write a heading of ours after a free line."""
        self.gap()
        self.lines += [painted(line, "bold") for line in wrapped(safe(text), self._room)]

    def say(self, text: str, *, colour: str = "") -> None:
        """Write a sentence of ours from the left edge."""
        self.lines += [_coloured(line, colour) for line in wrapped(safe(text), self._room)]

    def pair(self, label: str, *values: str, colour: str = "") -> None:
        """Write a label and its values below each other; a label without values says nothing."""
        lead = f"{label:<{MARGIN - 1}} "
        for value in values:
            for line in wrapped(safe(value), self._room - MARGIN):
                self.lines.append((lead + _coloured(line, colour)).rstrip(" "))
                lead = " " * MARGIN

    def item(self, lead: str, text: str, *, colour: str = "") -> None:
        """Write words of ours two columns in, and text beside them that stays in its column.

        Where too little room is left beside them, it stands below.
        """
        start = f"{'':<{INDENT}}{lead}  "
        if self._room - columns(start) < NARROWEST:
            self.lines.append(start.rstrip(" "))
            start = f"{'':<{2 * INDENT}}"
        for line in wrapped(safe(text), self._room - columns(start)):
            self.lines.append((start + _coloured(line, colour)).rstrip(" "))
            start = " " * columns(start)

    def text(self, text: str) -> None:
        """Write the text of a mail, indented."""
        lines = all_wrapped(safe_lines(text), self._room - INDENT)
        self.lines += [f"{'':<{INDENT}}{line}".rstrip(" ") for line in lines]

    def barred(self, text: str) -> None:
        """Write text that is asked for, each line behind a bar, so that none looks like ours."""
        lines = all_wrapped(safe_lines(text), self._room - 2 * INDENT)
        self.lines += [f"{'':<{INDENT}}| {line}".rstrip(" ") for line in lines]

    def command(self, label: str, words: str, command: str) -> None:
        """Write a label and words of ours, below them a line to be copied.

        It is broken only on a terminal without room for it, and then said to be one line.
        """
        text = safe(command)
        whole = room() is None or columns(text) <= self._room - INDENT
        self.pair(label, f"{words}:" if whole else f"{words} (one line):")
        lines = [text] if whole else wrapped(text, self._room - INDENT)
        self.lines += [f"{'':<{INDENT}}{line}" for line in lines]

    def note(self, text: str) -> None:
        """Write a remark of ours among the text of a mail, in brackets at the left edge."""
        self.lines += [painted(line, "dim") for line in wrapped(f"[{safe(text)}]", self._room)]


def _coloured(line: str, colour: str) -> str:
    return painted(line, colour) if colour and line else line


def _drawable(mark: str) -> bool:
    try:
        mark.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 message`, `3 messages`, `2 copies`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    return ", ".join(words)
