"""Hear what the relay answers: one reply to each command, and what its words may be used for.

An answer that nobody asked for would be taken for the answer to the next command, and decide over
a message that it was not meant for. So whatever comes beyond the one reply is noticed, and nothing
more is said on that connection. Nor is a reply one answer whose lines say different things.
"""

import asyncio
import re
from typing import Final, TypeVar

REPLY_LENGTH: Final = 500
"""Printable characters kept of a reply."""

NO_REPLY: Final = "its answer is no SMTP reply"
TOO_LONG: Final = "its answer is too long"

_Reply = TypeVar("_Reply")

_LENGTH: Final = 64 * 1024
"""Octets kept of one reply: more than the client reads of any."""

# RFC 5321 §4.2: three digits, and a space, a minus or the end of the line behind them.
_CODE: Final = re.compile(rb"[2-5][0-9]{2}(?=[ \-\r\n]|\Z)")

# RFC 5321 §4.2.1: a minus after the code says that another line follows.
_REPLY: Final = re.compile(rb"(?:...-.*\n)*+.*\n")

# What the TLS library adds to its words for those who read its source.
_SOURCE: Final = re.compile(r"\[SSL[^\]]*\] | ?\(_ssl\.c:[0-9]+\)")


class Answers(asyncio.Protocol):
    """Stands between a connection and the protocol that reads it, and hands all on."""

    def __init__(self, reader: asyncio.Protocol, *, unasked: bool = False) -> None:
        """Listen for `reader`; `unasked` says that more than the greeting was already heard."""
        self._reader = reader
        self._heard = bytearray()
        self._end = 0
        self._whole = True
        self.fit = not unasked
        """False once something came that was not asked for."""

    @property
    def code(self) -> int | None:
        """The code that the last answer begins with, None where there is none, or another too."""
        first, *more = map(code_of, bytes(self._heard).split(b"\n"))
        return first if all(code in {first, None} for code in more) else None

    @property
    def words(self) -> str:
        """What followed that code in its first line."""
        return bytes(self._heard[4:REPLY_LENGTH]).partition(b"\n")[0].decode(errors="replace")

    def require_fit(self) -> None:
        """Raise ConnectionError when something came that was not asked for."""
        if not self.fit:
            message = "its answers do not fit what it was asked"
            raise ConnectionError(message)

    def judged(self, reply: _Reply) -> _Reply:
        """Return what was made of the last answer; ConnectionError if its lines are no answer.

        All must carry the same code (RFC 5321 §4.2.1): by which of two a message was taken, nobody
        can say.
        """
        codes = {code_of(line) for line in bytes(self._heard[: self._end]).split(b"\n")[:-1]}
        if len(codes) != 1 or None in codes:
            raise ConnectionError(NO_REPLY)
        return reply

    def ask(self) -> None:
        """Expect one reply from now on; raise ConnectionError when there is one already."""
        self.require_fit()
        self._heard.clear()
        self._whole = False

    def data_received(self, data: bytes) -> None:
        """Note whether that was asked for, and hand it on."""
        if self._whole:
            self.fit = False
        else:
            self._heard += data[: _LENGTH - len(self._heard)]
            reply = _REPLY.match(self._heard)
            self._whole = reply is not None
            self._end = reply.end() if reply is not None else 0
            self.fit = reply is None or reply.end() == len(self._heard)
        self._reader.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand it on."""
        return self._reader.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand it on."""
        self._reader.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hand it on."""
        self._reader.pause_writing()

    def resume_writing(self) -> None:
        """Hand it on."""
        self._reader.resume_writing()


def code_of(line: bytes) -> int | None:
    """Return the code that a line begins with, None when it is no reply (RFC 5321 §4.2)."""
    found = _CODE.match(line)
    return int(found[0]) if found else None


def told(code: int, words: str) -> str:
    """Return a reply as it is told; `words` of one that could not be read are the client's own."""
    if code_of(b"%d" % code) is not None:
        return f"{code} {words}".rstrip()
    return TOO_LONG if words == "Response too long" else NO_REPLY


def plain(words: str) -> str:
    """Return what the TLS library says without the places in its source."""
    return _SOURCE.sub("", words)


def printable(text: str) -> str:
    """Return the text in one line of printable characters, cut at REPLY_LENGTH."""
    words = "".join(letter if letter.isprintable() else " " for letter in text).split()
    return " ".join(words)[:REPLY_LENGTH]
