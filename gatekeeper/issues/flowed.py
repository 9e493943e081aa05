"""Text that a mail program broke into lines for the way, as it was typed (RFC 3676)."""

import re
from collections.abc import Iterator
from typing import Final

_QUOTES: Final = re.compile(r">+")
_SIGNATURE: Final = "-- "


def unflowed(text: str, *, delsp: bool) -> str:
    """Return format=flowed `text` with its paragraphs joined and its stuffing blanks removed.

    Lines of one quote depth are joined where a blank ends them; the blank stays unless `delsp`
    says that it was added (§4.1). The mark of a signature ends a paragraph (§4.3). A quoted line
    keeps its marks, one blank after them.
    """
    return "\n".join(_paragraphs(text, delsp=delsp))


def _paragraphs(text: str, *, delsp: bool) -> Iterator[str]:
    open_depth = -1
    pieces: list[str] = []
    for line in text.split("\n"):
        found = _QUOTES.match(line)
        depth = found.end() if found else 0
        content = line[depth:].removeprefix(" ")
        is_mark = content == _SIGNATURE
        if pieces and (depth != open_depth or is_mark):
            yield _shown(open_depth, pieces)
            pieces = []
        if content.endswith(" ") and not is_mark:
            pieces.append(content[:-1] if delsp else content)
            open_depth = depth
        else:
            yield _shown(depth, [*pieces, content])
            pieces = []
    if pieces:
        yield _shown(open_depth, pieces)


def _shown(depth: int, pieces: list[str]) -> str:
    content = "".join(pieces)
    return f"{'>' * depth} {content}" if depth else content
