"""The text of a mail as far as a person wants to read it at first: long quotes folded, cut once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from gatekeeper.issues.quoting import is_quoted

QUOTED_SHOWN: Final = 3
"""Quoted lines in a row that are shown as they are."""

LINES_SHOWN: Final = 60
"""Lines of one mail that are shown at first."""

HOW: Final = "--full shows them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some lines of a mail, or, where lines were left out, a `note` of ours in their place."""

    text: str
    note: bool = False


def folded(text: str) -> Iterator[Stretch]:
    """Yield what is shown of a text, in order, with a note wherever lines are left out."""
    left = LINES_SHOWN
    lines = text.split("\n")
    at = 0
    for quoted, group in groupby(lines, key=is_quoted):
        run = list(group)
        if left <= 0:
            break
        at += len(run)
        if quoted and len(run) > QUOTED_SHOWN:
            yield Stretch(text=f"{len(run)} quoted lines; {HOW}", note=True)
            left -= 1
            continue
        yield Stretch(text="\n".join(run[:left]))
        at -= max(len(run) - left, 0)
        left -= len(run)
    if rest := len(lines) - at:
        yield Stretch(text=f"{rest} more lines; {HOW}", note=True)
