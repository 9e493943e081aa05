"""What people see: tables as wide as the terminal, plain text in pipes, JSON for programs."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from gatekeeper.cli.wrapping import NARROWEST, columns, fitted, wrapped
from gatekeeper.domain.errors import OurFault, Refusal

T = TypeVar("T")

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
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
    emit_lines(json.dumps(value, indent=2))


def emit_lines(*lines: str) -> None:
    """Print lines that are safe already; OurFault when there is no room for them."""
    with _told():
        for line in lines:
            print(line)


def emit_raw(content: bytes) -> None:
    """Print bytes as they are into a pipe or a file; a terminal might obey them: Refusal."""
    if sys.stdout.isatty():
        raise Refusal(
            "a message is not printed to a terminal, which would obey what stands in it",
            remedy="write it to a file, or hand it to `gatekeeper mail inspect -`",
        )
    with _told():
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def flush() -> None:
    """Hand on what was printed; OurFault when there is no room for it."""
    with _told():
        sys.stdout.flush()


def forget_output() -> None:
    """Let nothing more be written, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_output()
        raise OurFault(
            "the output could not be written",
            reason=error.strerror or "",
            remedy="see to where it goes; what the command did stands",
        ) from None


def painted(text: str, colour: str) -> str:
    """Return text in a colour (or bold) where people look at a terminal that shows them."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{_CODES[colour]}m{text}\033[0m"


def room() -> int | None:
    """Return how many columns a line may have where people look; None in a pipe, where any may."""
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size((80, 24)).columns, NARROWEST)


def emit_table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, wide: int = -1) -> None:
    """Print a table; on a terminal aligned, the column `wide` cut to what is left of the width.

    In a pipe the cells are separated by tabs and nothing is cut.
    """
    cells = [[safe(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        emit_lines("\t".join(headers), *("\t".join(row) for row in cells))
        return
    widths = [max(columns(r[i]) for r in [list(headers), *cells]) for i in range(len(headers))]
    wide %= len(headers)
    total = room() or 0
    rest = total - sum(widths) + widths[wide] - _GAP * (len(widths) - 1)
    widths[wide] = min(widths[wide], max(rest, _NARROWEST))
    emit_lines(painted(_aligned(headers, widths), "bold"))
    emit_lines(*(_aligned(row, widths) for row in cells))


def emit_wrapped(head: str, text: str, *, margin: int) -> None:
    """Print text after `head`, on a terminal wrapped to its width, `margin` columns indented."""
    total = room()
    left = None if total is None else max(total - margin, 3 * _NARROWEST)
    lines = wrapped(safe(text), left)
    emit_lines(head + lines[0], *(" " * margin + line for line in lines[1:]))


def emit_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values below each other; a list's values each on a line of its own."""
    longest = max((len(name) for name in pairs), default=0)
    for name, value in pairs.items():
        first, *others = value if isinstance(value, list) and value else [value]
        emit_lines(f"{name:<{longest}}  {safe(str(first))}".rstrip())
        emit_lines(*(f"{'':<{longest}}  {safe(str(other))}" for other in others))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [fitted(cell, width) for cell, width in zip(row, widths, strict=True)]
    return (" " * _GAP).join(cells).rstrip()


def progress(items: Sequence[T]) -> Iterator[T]:
    """Yield the items, saying on standard error how far it got while nothing else is seen."""
    shown = sys.stderr.isatty() and not sys.stdout.isatty() and len(items) > 1
    for number, item in enumerate(items, 1):
        if shown:
            print(f"\r{number} of {len(items)}", end="", file=sys.stderr, flush=True)
        yield item
    if shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
