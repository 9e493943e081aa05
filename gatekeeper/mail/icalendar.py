"""Write instants as an iCalendar file (RFC 5545), so that people's calendars show them (R-5).

Written here and not with a package: it is a dozen of fixed lines, which must come out the same
on every retry, and a library's calendar model would be the larger thing to trust.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant, to_datetime

MEDIA_TYPE: Final = "text/calendar; charset=us-ascii; method=PUBLISH"
"""The method stands here as well as inside (RFC 5545 §8.1)."""

_LINE_OCTETS: Final = 75
"""Octets of a line without its end (RFC 5545 §3.1)."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_END: Final = re.compile(r"\r\n|\r|\n|\u2028|\u2029")
_PRODUCT: Final = "-//Gatekeeper//Gatekeeper//EN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One instant with what happens at it.

    `uid` is the same in every copy of the event and never of another one; lines of `description`
    may be ended in any way.
    """

    uid: str
    starts_at: Instant
    summary: str
    description: str

    def __post_init__(self) -> None:
        """Refuse what a calendar could not hold."""
        if not self.uid or not self.uid.isascii() or not self.uid.isprintable():
            message = "the uid of an event is printable ASCII"
            raise ValueError(message)
        if any(_CONTROL.search(_one_end(text)) for text in (self.summary, self.description)):
            message = "the text of an event holds no control characters"
            raise ValueError(message)


def calendar(events: Sequence[Event], *, stamped_at: Instant, organizer: Address) -> bytes:
    """Return a calendar of the events, in 7-bit lines ended by CRLF; the same bytes every time.

    Instants are written in UTC, to the second; events have no duration and leave the time free.
    `organizer` is who publishes them (RFC 5546 §3.2.1).
    A letter beyond ASCII is written as the one it is based on, or as a question mark.
    """
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{_PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        *(line for event in events for line in _event(event, stamped_at, organizer)),
        "END:VCALENDAR",
    )
    return b"".join(_folded(lines))


def _event(event: Event, stamped_at: Instant, organizer: Address) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_utc(stamped_at)}"
    yield f"DTSTART:{_utc(event.starts_at)}"
    yield f"SUMMARY:{_text(event.summary)}"
    yield f"DESCRIPTION:{_text(event.description)}"
    yield f"ORGANIZER:mailto:{quote(str(organizer), safe='@')}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _utc(instant: Instant) -> str:
    return to_datetime(instant).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """Return a TEXT value (RFC 5545 §3.3.11) in ASCII."""
    escaped = re.sub(r"[\\;,]", r"\\\g<0>", _seven_bit(_one_end(text)))
    return escaped.replace("\n", "\\n")


def _one_end(text: str) -> str:
    return _LINE_END.sub("\n", text)


def _seven_bit(text: str) -> str:
    parted = unicodedata.normalize("NFKD", text)
    bases = "".join(c for c in parted if not unicodedata.combining(c))
    return bases.encode("ascii", "replace").decode("ascii")


def _folded(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        rest = line.encode("ascii")
        while len(rest) > _LINE_OCTETS:
            yield rest[:_LINE_OCTETS] + b"\r\n"
            rest = b" " + rest[_LINE_OCTETS:]
        yield rest + b"\r\n"
