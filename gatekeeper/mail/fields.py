"""Split a header block into its fields, byte for byte and line by line."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(rb"([!-9;-~]{1,256}+)[ \t]*+:")
_MORE: Final = re.compile(rb"\n(?![ \t])")
_MBOX_LINE: Final = re.compile(rb">?From ")
_DASH_LINE_MAX: Final = 258


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderField:
    """One header field: its name as written, and the value's bytes with their folding."""

    name: str
    raw: bytes

    def __post_init__(self) -> None:
        """Refuse what would be more than one field when it is written again."""
        if not _NAME.fullmatch(self.name.encode() + b":") or _MORE.search(self.raw):
            message = "not one header field"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A header block: its fields, where the body begins, and what was wrong."""

    fields: tuple[HeaderField, ...]
    body_start: int
    problem: str = ""


def block_at(
    raw: bytes, start: int, *, is_boundary: Callable[[bytes], bool], at_most: int
) -> Block:
    """Return the header block that begins at `start` of `raw`.

    It ends at an empty line, at a line `--text` with `is_boundary(text)`, or at a line that is no
    header field (RFC 5322 §2.2): as in Postfix, such a line is the first of the body, so that
    nothing a person wrote is lost. An mbox "From " line at the top is passed over. After `at_most`
    fields it ends as well, so that a flood of fields costs no more than a text of that length.
    """
    if start == 0 and b"\r" in raw and b"\n" not in raw:
        return Block(fields=(), body_start=0, problem="lines end with a bare CR; taken as one text")
    found: list[tuple[str, int, int]] = []
    body_start = at = start
    problem = ""
    while at < len(raw):
        end = raw.find(b"\n", at) + 1 or len(raw)
        body_start = end
        if raw[at] in b"\r\n" and not raw[at:end].strip(b"\r\n"):
            break
        body_start = at
        if raw[at] in b" \t" and found:
            pass
        elif raw.startswith(b"--", at) and is_boundary(_dash_text(raw, at, end)):
            break
        elif match := _NAME.match(raw, at, end):
            if len(found) == at_most:
                problem = "more header fields than are read; the text begins there"
                break
            found.append((match[1].decode("ascii"), at, match.end()))
        elif at != start or not _MBOX_LINE.match(raw, at):
            problem = "a header with a line that is no header field; the text begins there"
            break
        at = body_start = end
    ends = [line_start for _, line_start, _ in found[1:]] + [at]
    fields = tuple(
        HeaderField(name=name, raw=_without_line_end(raw[begin:end]))
        for (name, _, begin), end in zip(found, ends, strict=bool(found))
    )
    return Block(fields=fields, body_start=body_start, problem=problem)


def _dash_text(raw: bytes, at: int, end: int) -> bytes:
    """Return what stands after the two dashes of a line, as far as a boundary could reach."""
    return _without_line_end(raw[at + 2 : min(end, at + _DASH_LINE_MAX)])


def _without_line_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")
