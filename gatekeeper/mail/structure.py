"""Find the MIME structure of a mail as spans into its bytes, which are never written anew."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.charset import decode_in
from gatekeeper.mail.fields import Block, HeaderField, block_at
from gatekeeper.mail.media import Media, boundary_in, media_of
from gatekeeper.mail.transfer import decode

TWO_WAYS: Final = "its parts can be divided in two ways, and programs show one or the other"

MAX_FIELDS: Final = 20_000
"""Header fields read of one mail, all parts together; ordinary mail has some dozens."""

_DASH_LINE: Final = re.compile(rb"\n--([^\n]{1,256}+)(?=\n|\Z)")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:+-]{1,40}")
_BOUNDARY_MAX: Final = 200
_BLANK: Final = b" \t\r"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One MIME entity (RFC 2045) as a span of the mail it was found in.

    `start`, `body_start` and `end` are offsets into `source`; the line end before a boundary
    belongs to the boundary (RFC 2046 §5.1.1). `content_type` is lower case, `disposition` lower
    case or empty, `encoding` the transfer encoding in lower case ("7bit" when there is none).
    Two parts are equal only when they are the same object.
    """

    source: bytes = field(repr=False)
    start: int
    body_start: int
    end: int
    fields: tuple[HeaderField, ...] = field(default=(), repr=False)
    content_type: str = "text/plain"
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    disposition: str = ""
    filename: str | None = None
    encoding: str = "7bit"
    children: tuple["Part", ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse spans that do not lie in the source, in order."""
        if not 0 <= self.start <= self.body_start <= self.end <= len(self.source):
            message = "a part's span lies inside its mail"
            raise ValueError(message)

    @property
    def entity(self) -> bytes:
        """The header block and the body, exactly as they were."""
        return self.source[self.start : self.end]

    @property
    def header_block(self) -> bytes:
        """The header fields and the empty line after them, exactly as they were."""
        return self.source[self.start : self.body_start]

    @property
    def body(self) -> bytes:
        """The body exactly as it was, still in its transfer encoding."""
        return self.source[self.body_start : self.end]

    @property
    def size(self) -> int:
        """Length of the body in bytes, still in its transfer encoding."""
        return self.end - self.body_start

    def decoded(self, at_most: int | None = None) -> bytes:
        """Return the body without its transfer encoding; broken input gives what can be read.

        `at_most` looks only at that many bytes of the encoded body.
        """
        end = self.end if at_most is None else min(self.end, self.body_start + at_most)
        return decode(self.source[self.body_start : end], self.encoding)

    def first(self, name: str) -> bytes | None:
        """Return the raw value of the first field called `name` in any case, or None."""
        return next(iter(self.every(name)), None)

    def every(self, name: str) -> tuple[bytes, ...]:
        """Return the raw values of all fields called `name` in any case."""
        wanted = name.lower()
        return tuple(each.raw for each in self.fields if each.name.lower() == wanted)

    @property
    def is_divided_one_way(self) -> bool:
        """Whether all programs find the same parts in a multipart: its boundary is beyond doubt."""
        boundary = boundary_in(self.every("Content-Type"))
        return boundary is not None and boundary.decode("ascii") == self.params.get("boundary")

    def walk(self) -> Iterator["Part"]:
        """Yield this part and all parts inside it, in the order of the bytes."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A mail's structure, and what was wrong with it in words without content."""

    root: Part
    problems: tuple[str, ...] = ()


def scan(raw: bytes, limits: ReadingLimits) -> Scanned:
    """Return the structure of any bytes; never raises, in time linear in their length.

    Line ends may be LF or CRLF. An outer boundary ends everything inside it. message/rfc822 is
    not looked into. What lies deeper than `limits.depth` stays one part without children; after
    `limits.parts` parts the rest of the mail is one last opaque part.
    """
    scanner = _Scanner(raw, limits)
    root = scanner.run()
    return Scanned(root=root, problems=tuple(scanner.problems))


def text_entity(text: bytes, charset: str = "") -> Part:
    """Return `text`, which came without any header, as a text/plain part with the same body.

    It is in UTF-8 when other letters than ASCII's are in it and it can be, else in `charset`, a
    plain name, when it can be, else Western.
    """
    charset = charset if _PLAIN.fullmatch(charset) else "utf-8"
    names = (charset, "utf-8") if text.isascii() else ("utf-8", charset)
    fitting = (name for name in names if not decode_in(text, name).problem)
    name = next(fitting, "iso-8859-1")
    head = (
        f"Content-Type: text/plain; charset={name}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode()
    return scan(head + text, ReadingLimits()).root


@dataclass(slots=True, kw_only=True)
class _Growing:
    """A part whose end is not known yet."""

    start: int
    body_start: int
    fields: tuple[HeaderField, ...]
    media: Media
    boundary: bytes | None = None
    closed: bool = False
    children: list[Part] = field(default_factory=list)


class _Scanner:
    """One pass over the lines that start with two dashes, with a stack of open multiparts."""

    def __init__(self, raw: bytes, limits: ReadingLimits) -> None:
        self.problems: list[str] = []
        self._raw = raw
        self._limits = limits
        self._fields_left = MAX_FIELDS
        self._parts = 0
        self._stack: list[_Growing] = []
        self._active: dict[bytes, int] = {}
        self._leaf: _Growing | None = None

    def run(self) -> Part:
        """Return the root part."""
        root = self._open(0)
        at = root.body_start
        while found := self._next_delimiter(at):
            newline, at, index, closing = found
            self._end_children(index, self._before_line_end(newline))
            if closing:
                self._close(index)
            elif self._parts >= self._limits.parts:
                self._rest(at)
                break
            else:
                at = self._open(at).body_start
        end = len(self._raw)
        if self._stack:
            self._end_children(0, end)
            if not root.closed:
                self._note("a multipart without its closing boundary")
        return self._grown(root, end)

    def _next_delimiter(self, at: int) -> tuple[int, int, int, bool] | None:
        """Return the next boundary line: the line feed before it, the offset after it, and whose.

        `at` is the start of a line.
        """
        if not self._active:
            return None
        for match in _DASH_LINE.finditer(self._raw, max(0, at - 1)):
            found = self._owner(match[1])
            if found is not None:
                return match.start(), min(match.end() + 1, len(self._raw)), *found
        return None

    def _open(self, start: int) -> _Growing:
        """Start the part whose header begins at `start`."""
        self._parts += 1
        block = self._fields(start)
        default = "text/plain"
        if self._stack and self._stack[-1].media.content_type == "multipart/digest":
            default = "message/rfc822"
        part = _Growing(
            start=start,
            body_start=block.body_start,
            fields=block.fields,
            media=self._media(block.fields, default),
        )
        if part.media.content_type.startswith("multipart/") and self._may_nest(part):
            self._stack.append(part)
        else:
            self._leaf = part
        return part

    def _media(self, fields: tuple[HeaderField, ...], default: str) -> Media:
        about: dict[str, bytes] = {}
        for each in fields:
            name = each.name.lower()
            if name.startswith("content-"):
                about.setdefault(name, each.raw)
        return media_of(about, default=default, limit=self._limits.header_value_bytes)

    def _fields(self, start: int) -> Block:
        block = block_at(
            self._raw,
            start,
            is_boundary=lambda text: self._owner(text) is not None,
            at_most=self._fields_left,
        )
        self._fields_left -= len(block.fields)
        if block.problem:
            self._note(block.problem)
        return block

    def _may_nest(self, part: _Growing) -> bool:
        """Make the boundary of a multipart known, or note why what is inside stays closed."""
        boundary = part.media.boundary.rstrip(_BLANK)
        if not 0 < len(boundary) <= _BOUNDARY_MAX:
            self._note("a multipart without a usable boundary")
        elif len(self._stack) >= self._limits.depth:
            self._note(f"parts nested deeper than {self._limits.depth} levels were not looked into")
        elif boundary in self._active:
            self._note("a boundary used again inside itself")
        else:
            named = tuple(each.raw for each in part.fields if each.name.lower() == "content-type")
            if boundary_in(named) != boundary:
                self._note(TWO_WAYS)
            part.boundary = boundary
            self._active[boundary] = len(self._stack)
            return True
        return False

    def _owner(self, text: bytes) -> tuple[int, bool] | None:
        """Return which open multipart a line `--text` belongs to and whether it closes it."""
        line = text.rstrip(_BLANK)
        if line in self._active:
            return self._active[line], False
        if line.endswith(b"--") and line[:-2] in self._active:
            return self._active[line[:-2]], True
        return None

    def _before_line_end(self, newline: int) -> int:
        return newline - 1 if newline and self._raw[newline - 1] == 0x0D else newline

    def _end_children(self, index: int, end: int) -> None:
        """End at `end` whatever is open inside the multipart at `index` of the stack."""
        if self._leaf is not None:
            self._stack[-1].children.append(self._grown(self._leaf, end))
            self._leaf = None
        while len(self._stack) > index + 1:
            inner = self._stack.pop()
            if not inner.closed:
                self._note("a multipart without its closing boundary")
            self._forget(inner)
            self._stack[-1].children.append(self._grown(inner, end))

    def _close(self, index: int) -> None:
        self._stack[index].closed = True
        self._forget(self._stack[index])

    def _forget(self, part: _Growing) -> None:
        if part.boundary is not None:
            self._active.pop(part.boundary, None)
            part.boundary = None

    def _rest(self, start: int) -> None:
        """Leave everything from `start` on as one opaque part."""
        self._note(f"more than {self._limits.parts} parts; the rest was not looked into")
        media = Media(content_type="application/octet-stream")
        self._leaf = _Growing(start=start, body_start=start, fields=(), media=media)

    def _grown(self, part: _Growing, end: int) -> Part:
        end = max(part.start, end)
        return Part(
            source=self._raw,
            start=part.start,
            body_start=min(part.body_start, end),
            end=end,
            fields=part.fields,
            content_type=part.media.content_type,
            params=part.media.params,
            disposition=part.media.disposition,
            filename=part.media.filename,
            encoding=part.media.encoding,
            children=tuple(part.children),
        )

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)
