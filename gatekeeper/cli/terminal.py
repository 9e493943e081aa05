"""What people see: tables as wide as the terminal, plain text in pipes, JSON for programs."""

import json
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

_CODES: Final = {"bold": "1", "red": "31", "green": "32", "yellow": "33"}
_GAP: Final = 2
_NARROWEST: Final = 8


def safe(text: str) -> str:
    """Return text that cannot steer a terminal: what is not printable is shown as an escape."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def safe_lines(text: str) -> str:
    """Return text of several lines made safe line by line; tabs become spaces."""
    return "\n".join(safe(line.expandtabs(8)) for line in text.replace("\r\n", "\n").split("\n"))


def _escaped(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def emit_json(value: object) -> None:
    """Print one JSON value: ASCII, so that nothing in it can steer a terminal."""
    print(json.dumps(value, indent=2))


def emit_lines(*lines: str) -> None:
    """Print lines that are safe already."""
    for line in lines:
        print(line)


def painted(text: str, colour: str) -> str:
    """Return text in a colour (or bold) where people look at a terminal that shows them."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{_CODES[colour]}m{text}\033[0m"


def emit_table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, wide: int = -1) -> None:
    """Print a table; on a terminal aligned, the column `wide` cut to what is left of the width.

    In a pipe the cells are separated by tabs and nothing is cut.
    """
    cells = [[safe(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        emit_lines("\t".join(headers), *("\t".join(row) for row in cells))
        return
    widths = [max(_width(r[i]) for r in [list(headers), *cells]) for i in range(len(headers))]
    wide %= len(headers)
    total = shutil.get_terminal_size((80, 24)).columns
    rest = total - sum(widths) + widths[wide] - _GAP * (len(widths) - 1)
    widths[wide] = min(widths[wide], max(rest, _NARROWEST))
    emit_lines(painted(_aligned(headers, widths), "bold"))
    emit_lines(*(_aligned(row, widths) for row in cells))


def emit_wrapped(head: str, text: str, *, margin: int) -> None:
    """Print text after `head`, on a terminal wrapped to its width, `margin` columns indented."""
    lines = [safe(text)]
    if sys.stdout.isatty():
        room = max(shutil.get_terminal_size((80, 24)).columns - margin, 3 * _NARROWEST)
        lines = textwrap.wrap(lines[0], room) or lines
    emit_lines(head + lines[0], *(" " * margin + line for line in lines[1:]))


def emit_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values below each other; a list's values each on a line of its own."""
    longest = max((len(name) for name in pairs), default=0)
    for name, value in pairs.items():
        first, *others = value if isinstance(value, list) and value else [value]
        emit_lines(f"{name:<{longest}}  {safe(str(first))}".rstrip())
        emit_lines(*(f"{'':<{longest}}  {safe(str(other))}" for other in others))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [_fitted(cell, width) for cell, width in zip(row, widths, strict=True)]
    return (" " * _GAP).join(cells).rstrip()


def _fitted(text: str, width: int) -> str:
    if _width(text) > width:
        kept = ""
        for character in text:
            if _width(kept + character) > width - 1:
                break
            kept += character
        text = f"{kept}…"
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return how many columns text takes: wide East Asian letters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
