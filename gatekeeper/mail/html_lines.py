"""Lines of text as a page shows them: blanks run together, lists, tables, quotations."""

import re
from typing import Final

_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_CELL: Final = "\x1f"
_CELLS: Final = re.compile(rf"[ {_CELL}]*{_CELL}[ {_CELL}]*")
_LEVELS_MAX: Final = 8


class Lines:
    """Takes words and the places where lines end; an end counts once more words come."""

    def __init__(self) -> None:
        self.words_said = 0
        self._words: list[str] = []
        self._line: list[str] = []
        self._lines: list[str] = []
        self._ends = 0
        self._apart = False
        self._blank = True
        self._quotes = 0
        self._verbatim = 0
        self._lists: list[int | None] = []
        self._bullet = ""
        self._before = ""
        self._is_verbatim = False
        self._cells = 0
        self._in_new_cell = False

    def text(self) -> str:
        """Return all lines, without blank ones at either end and never two together."""
        self._push()
        kept = [
            line
            for line, before in zip(self._lines, ["", *self._lines], strict=False)
            if line or before
        ]
        return "\n".join(kept).rstrip("\n").replace("\u00a0", " ")

    def said_since(self, count: int) -> str:
        """Return the words said after `words_said` was `count`."""
        return "".join(self._words[count:])

    def say(self, text: str) -> None:
        """Add words; blanks run together unless the text is verbatim."""
        text = text.replace(_CELL, " ")
        if not self._verbatim:
            self._add(_BLANKS.sub(" ", text))
            return
        first, *others = text.replace("\r\n", "\n").split("\n")
        self._add(first)
        for line in others:
            self.end(empty=True)
            self._add(line)

    def end(self, *, apart: bool = False, empty: bool = False) -> None:
        """End the line before the next word; `apart` with a blank line, `empty` even if empty.

        A new item, and a new cell, goes on in its line whatever it begins with.
        """
        if self._in_new_cell and not empty:
            return
        apart = apart and not self._bullet
        self._apart = self._apart or apart
        if empty:
            self._ends += 1
        else:
            self._ends = max(self._ends, 1)

    def begin(self, tag: str) -> None:
        """Begin what an element lays out: a list, an item, a row, a cell, a quotation."""
        match tag:
            case "ul" | "ol" | "menu" | "dir":
                self.end(apart=not self._lists)
                self._lists.append(0 if tag == "ol" else None)
            case "li":
                self._begin_item()
            case "tr":
                self._begin_row()
            case "td" | "th":
                self._begin_cell()
            case "blockquote":
                self._turn()
                self._quotes += 1
            case "pre":
                self._verbatim += 1
            case _:
                pass

    def finish(self, tag: str) -> None:
        """End what `begin` began."""
        match tag:
            case "ul" | "ol" | "menu" | "dir":
                self._lists.pop()
                self.end(apart=not self._lists)
            case "tr":
                self._begin_row()
            case "blockquote":
                self.end(apart=True)
                self._turn()
                self._quotes -= 1
            case "pre":
                self._verbatim -= 1
            case _:
                pass

    def _begin_item(self) -> None:
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        self._turn()
        self._bullet = "- " if number is None else f"{number + 1}. "

    def _begin_row(self) -> None:
        """Begin a row of a table, or end the last one."""
        self._in_new_cell = False
        self._apart = self._apart and not self._cells
        self.end()
        self._turn()
        self._cells = 0

    def _begin_cell(self) -> None:
        """Begin a cell: what it says goes on in the line of its row."""
        if self._cells and self._line:
            self._ends, self._apart = 0, False
            self._line.append(_CELL)
            self._blank = True
        self._cells += 1
        self._in_new_cell = True

    def _add(self, text: str) -> None:
        if not text:
            return
        is_blank = not text.strip(" ") and not self._verbatim
        if is_blank and (self._blank or self._ends):
            return
        self._turn()
        if not self._line:
            self._begin_line()
        if self._blank and not self._verbatim:
            text = text.lstrip(" ")
        self._line.append(text)
        self._words.append(text)
        self.words_said = len(self._words)
        self._blank = text.endswith(" ")
        self._in_new_cell = False

    def _begin_line(self) -> None:
        """Keep what stands before a line where it begins: it may end outside of list and quote."""
        indent = "  " * min(len(self._lists) - bool(self._bullet), _LEVELS_MAX)
        self._before = "> " * min(self._quotes, _LEVELS_MAX) + indent + self._bullet
        self._is_verbatim = bool(self._verbatim)
        self._bullet = ""

    def _turn(self) -> None:
        """Take the line end that was asked for."""
        if not self._ends:
            return
        self._push()
        if self._apart or self._ends > 1:
            self._lines.append("")
        self._ends, self._apart = 0, False

    def _push(self) -> None:
        text = "".join(self._line).rstrip(" ")
        if not self._is_verbatim or _CELL in text:
            text = _CELLS.sub(" | ", text.strip(f" {_CELL}"))
        if text:
            self._lines.append(self._before + text)
        self._line, self._blank = [], True
