"""Write instants as an iCalendar file (RFC 5545), so that people's calendars show them (R-5).

Written here and not with a package: it is a dozen of fixed lines, which must come out the same
on every retry, and a library's calendar model would be the larger thing to trust.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant, to_datetime


class Method(StrEnum):
    """What a calendar asks of who gets it (RFC 5546 §1.4).

    PUBLISH: take it to know · REQUEST: put it into your calendar, also in place of an event with
    the same uid · CANCEL: take that event away.
    """

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"

    @property
    def media_type(self) -> str:
        """The media type of a calendar's file; the method stands in both (RFC 5545 §8.1)."""
        return f"text/calendar; charset=us-ascii; method={self}"


class Status(StrEnum):
    """How sure an event is (RFC 5545 §3.8.1.11); a cancelled one is by its method."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"


MEDIA_TYPE: Final = Method.PUBLISH.media_type

_LINE_OCTETS: Final = 75
"""Octets of a line without its end (RFC 5545 §3.1)."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_END: Final = re.compile(r"\r\n|\r|\n|\u2028|\u2029")
_SEQUENCE_MAX: Final = 2**31 - 1
"""The largest INTEGER (RFC 5545 §3.3.8)."""
_PRODUCT: Final = "-//Gatekeeper//Gatekeeper//EN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One instant with what happens at it.

    `uid` is the same in every copy of the event and never of another one; `sequence` rises with
    each change of it (RFC 5545 §3.8.7.4). Lines of `description` may be ended in any way.
    """

    uid: str
    starts_at: Instant
    summary: str
    description: str
    sequence: int = 0
    status: Status | None = None

    def __post_init__(self) -> None:
        """Refuse what a calendar could not hold."""
        if not self.uid or not self.uid.isascii() or not self.uid.isprintable():
            message = "the uid of an event is printable ASCII"
            raise ValueError(message)
        if any(_CONTROL.search(_one_end(text)) for text in (self.summary, self.description)):
            message = "the text of an event holds no control characters"
            raise ValueError(message)
        if not 0 <= self.sequence <= _SEQUENCE_MAX:
            message = "a sequence counts from zero"
            raise ValueError(message)


def uid(issue: object, what: str, domain: str) -> str:
    """Return the uid of what happens to an issue, such as `public`: the same in all its mails."""
    return f"{issue}-{what}@{domain}"


def calendar(
    events: Sequence[Event],
    *,
    stamped_at: Instant,
    organizer: Address,
    method: Method = Method.PUBLISH,
    attendee: Address | None = None,
) -> bytes:
    """Return a calendar of the events, in 7-bit lines ended by CRLF; the same bytes every time.

    Instants are written in UTC, to the second; events have no duration and leave the time free.
    `organizer` is who publishes them (RFC 5546 §3.2.1). Who is asked by a REQUEST is its
    `attendee`, without being asked for an answer (§3.2.2); a CANCEL may have one (§3.2.5), what is
    published has none; else ValueError.
    A letter beyond ASCII is written as the one it is based on, or as a question mark.
    """
    if (attendee is None) is (method is Method.REQUEST) or (attendee and method is Method.PUBLISH):
        message = "a request has an attendee, and what is published has none"
        raise ValueError(message)
    people = [f"ORGANIZER:{_mailto(organizer)}"]
    if attendee is not None:
        people.append(f"ATTENDEE;ROLE=NON-PARTICIPANT;RSVP=FALSE:{_mailto(attendee)}")
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{_PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
        *(line for event in events for line in _event(event, method, stamped_at, people)),
        "END:VCALENDAR",
    )
    return b"".join(_folded(lines))


def _event(
    event: Event, method: Method, stamped_at: Instant, people: Sequence[str]
) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_utc(stamped_at)}"
    yield f"DTSTART:{_utc(event.starts_at)}"
    yield f"SUMMARY:{_text(event.summary)}"
    yield f"DESCRIPTION:{_text(event.description)}"
    yield from people
    if event.sequence or method is Method.CANCEL:
        yield f"SEQUENCE:{event.sequence}"
    if method is Method.CANCEL:
        yield "STATUS:CANCELLED"
    elif event.status is not None:
        yield f"STATUS:{event.status}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _mailto(address: Address) -> str:
    return f"mailto:{quote(str(address), safe='@')}"


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
