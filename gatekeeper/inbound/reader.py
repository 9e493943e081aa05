"""What a client sent, cut into commands and messages: no socket, no waiting, bounded memory.

Only CRLF ends a line and only CRLF.CRLF ends a message (RFC 5321 §2.3.8, §4.1.1.4). Whatever
a more lenient server would take for an end makes the message refused, so that nothing can be
smuggled behind it.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatekeeper.domain.errors import Reply
from gatekeeper.domain.policy import IntakeLimits

COMMAND_BYTES: Final = 2048
"""A command line with its CRLF; RFC 5321 §4.5.3.1.4 asks for 512, RFC 6531 §3.4 for more."""

LINE_TOO_LONG: Final = Reply(code=500, enhanced="5.5.2", text="Line too long")
BAD_LINE: Final = Reply(code=500, enhanced="5.5.2", text="Bare CR, bare LF or NUL in a command")
BARE: Final = Reply(code=554, enhanced="5.6.0", text="Bare CR or bare LF in the message")
TEXT_TOO_LONG: Final = Reply(code=554, enhanced="5.6.0", text="Line too long in the message")
TOO_LARGE: Final = Reply(code=552, enhanced="5.3.4", text="Message too large")
HEADER_TOO_LARGE: Final = Reply(code=552, enhanced="5.3.4", text="Message header too large")
TOO_MANY_HOPS: Final = Reply(code=554, enhanced="5.4.6", text="Too many Received headers")
BUSY: Final = Reply(code=452, enhanced="4.3.1", text="Too much mail at once, try again later")

_LENIENT_END: Final = re.compile(rb"(?:\A|[\r\n])\.(?:\r\n?|\n)")
_NO_FIELD: Final = re.compile(rb"(?m)^(?![ \t]|[!-9;-~]++[ \t]*:)(?=[\s\S])")
_RECEIVED: Final = re.compile(rb"(?mi)^received[ \t]*:")


class Budget:
    """How many bytes of mail may be on their way into the store at once.

    `reserved` of them are for favoured mail alone. A budget `within` another takes from both.
    """

    def __init__(self, limit: int, *, reserved: int = 0, within: "Budget | None" = None) -> None:
        self._free = limit
        self._reserved = reserved
        self._within = within

    def take(self, size: int, *, favoured: bool = False) -> bool:
        """Set `size` bytes aside; False when there are not as many."""
        if size > self.free(favoured=favoured):
            return False
        self._add(-size)
        return True

    def give(self, size: int) -> None:
        """Give back `size` bytes that were taken."""
        self._add(size)

    def free(self, *, favoured: bool = False) -> int:
        """Return how many bytes can still be taken; below 0 when the reserve is in use."""
        own = self._free if favoured else self._free - self._reserved
        if self._within is None:
            return own
        return min(own, self._within.free(favoured=favoured))

    def _add(self, size: int) -> None:
        self._free += size
        if self._within is not None:
            self._within._add(size)  # noqa: SLF001 - of the same class


class Incoming:
    """Bytes that arrived and are not yet read as commands."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._overlong = False

    def feed(self, chunk: bytes) -> None:
        """Add what arrived."""
        self._buffer += chunk

    def command(self) -> bytes | Reply | None:
        """Return the next command line without CRLF, a reply that refuses it, or None: more."""
        end = self._buffer.find(b"\n") + 1
        if not end:
            if len(self._buffer) >= COMMAND_BYTES:
                self._overlong = True
                del self._buffer[:-1]  # the last may be the CR of its end
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        overlong, self._overlong = self._overlong or end > COMMAND_BYTES, False
        if not line.endswith(b"\r\n"):
            return BAD_LINE
        if overlong:
            return LINE_TOO_LONG
        if line.count(b"\r") != 1 or b"\0" in line:
            return BAD_LINE
        return line[:-2]

    @property
    def empty(self) -> bool:
        """Say whether nothing arrived that is not yet read."""
        return not self._buffer and not self._overlong

    def take_rest(self) -> bytes:
        """Return and forget everything that arrived: the message begins there."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest


class Body:
    """One message after DATA, kept as far as it may be kept; the rest is read and dropped.

    `refusal` says why the message is not kept; `ends_session` that nothing the client sends
    afterwards can be trusted to be a command; `held` how many bytes of the budget it uses.
    """

    def __init__(self, *, limits: IntakeLimits, budget: Budget, favoured: bool = False) -> None:
        self._limits = limits
        self._budget = budget
        self._favoured = favoured
        self._chunks: list[bytes] = []
        self._size = 0
        self._partial = bytearray()
        self._in_header = True
        self._header_size = 0
        self._received = 0
        self.held = 0
        self.refusal: Reply | None = None

    @property
    def ends_session(self) -> bool:
        """Whether the connection must end with this message."""
        return self.refusal is BARE

    def feed(self, chunk: bytes) -> bytes | None:
        """Take what arrived; return what follows the message once its end was seen, else None."""
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            self._partial += chunk
            self._bound()
            return None
        block = bytes(self._partial + chunk[:cut])
        self._partial = bytearray(chunk[cut:])
        begin, end = _end(block)
        self._take(block[:begin])
        if end:
            rest = block[end:] + self._partial
            self._partial.clear()
            self._bound()
            return rest
        if self.ends_session and _LENIENT_END.search(block):
            return b""
        self._bound()
        return None

    @property
    def size(self) -> int:
        """The bytes of the message that are kept so far."""
        return self._size

    def content(self) -> bytes:
        """Return the message as it was sent, without stuffed dots; can be asked for once."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)

    def release(self) -> None:
        """Forget the message and give its bytes back to the budget."""
        self._chunks = []
        self._budget.give(self.held)
        self.held = 0

    def _take(self, block: bytes) -> None:
        """Keep `block`, whole lines, or say why not."""
        if self.refusal is not None or not block:
            return
        refusal = self._fault(block)
        if refusal is not None:
            self._refuse(refusal)
            return
        text = block.replace(b"\r\n.", b"\r\n").removeprefix(b".")
        self._size += len(text)
        if self._size > self._limits.message_bytes:
            self._refuse(TOO_LARGE)
            return
        self._chunks.append(text)

    def _fault(self, block: bytes) -> Reply | None:
        ends = block.count(b"\r\n")
        if block.count(b"\n") != ends or block.count(b"\r") != ends:
            return BARE
        if _has_longer_line(block, self._limits.line_bytes):
            return TEXT_TOO_LONG
        if self._in_header:
            self._read_header(block)
            if self._header_size > self._limits.header_bytes:
                return HEADER_TOO_LARGE
            if self._received > self._limits.received_headers:
                return TOO_MANY_HOPS
        return None

    def _read_header(self, block: bytes) -> None:
        """Count what belongs to the header: up to the first line that is no field's."""
        found = _NO_FIELD.search(block)
        end = found.start() if found else len(block)
        self._in_header = found is None
        self._header_size += end
        self._received += sum(1 for _ in _RECEIVED.finditer(block, 0, end))

    def _bound(self) -> None:
        """Keep an unfinished line within its limit and everything kept within the budget."""
        if self.refusal is None and len(self._partial) > self._limits.line_bytes:
            self._refuse(TEXT_TOO_LONG)
        wanted = self._size + len(self._partial) - self.held
        if self.refusal is None and wanted > 0:
            if self._budget.take(wanted, favoured=self._favoured):
                self.held += wanted
            else:
                self._refuse(BUSY)
        if self.refusal is not None and len(self._partial) > 3:
            # Too long to become a lone dot; whether a CR stands at its end still matters.
            self._partial[:-1] = b"x"

    def _refuse(self, reply: Reply) -> None:
        self.refusal = reply
        self._size = 0
        self.release()


def _end(block: bytes) -> tuple[int, int]:
    """Return where the message in `block` ends and where what follows begins; 0: not here."""
    if block.startswith(b".\r\n"):
        return 0, 3
    found = block.find(b"\r\n.\r\n")
    return (found + 2, found + 5) if found >= 0 else (len(block), 0)


def _has_longer_line(block: bytes, limit: int) -> bool:
    """Say whether a line of `block`, which ends with a line end, has more than `limit` bytes."""
    return any(end - begin > limit for begin, end in _jumps(block, limit))


def _jumps(block: bytes, limit: int) -> Iterator[tuple[int, int]]:
    """Go through `block` in steps of as many whole lines as fit the limit, or one that does not."""
    begin = 0
    while len(block) - begin > limit:
        end = block.rfind(b"\n", begin, begin + limit) + 1 or block.find(b"\n", begin) + 1
        yield begin, end
        begin = end
