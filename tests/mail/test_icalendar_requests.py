"""Requests and cancellations are about one event, told by its uid, and the newest counts (iTIP)."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.mail.icalendar import Event, Method, Status, calendar, uid
from tests.sampling import tries

NOON = Instant(1_789_041_600_000_000)
"""2026-09-10T12:00:00Z."""
ALIAS = Address.parse("security@example.org")
REPORTER = Address.parse("reporter@reporter.example")
UID = uid("SEC-2026-0007", "public", "example.org")

Properties = dict[str, str]


def event(sequence: int = 0, *, status: Status | None = None, at: Instant = NOON) -> Event:
    """Return the disclosure of an issue, as it is told for the `sequence`-th time."""
    return Event(
        uid=UID,
        starts_at=at,
        summary="SEC-2026-0007: public disclosure",
        description="Agreed.",
        sequence=sequence,
        status=status,
    )


def properties(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield name, parameters and value of each content line; an odd line is an error (§3.1)."""
    assert data.endswith(b"\r\n")
    for line in data.decode("ascii").replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        found = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[A-Z-]+)*):([^\x00-\x1f]*)", line)
        assert found, line
        yield found[1], found[2], found[3]


class Reader:
    """A calendar of somebody who follows RFC 5546: what is told about an event, by its uid."""

    def __init__(self) -> None:
        self.events: dict[str, Properties] = {}

    def receive(self, data: bytes) -> None:
        """Take a calendar in: the higher sequence wins, then the later stamp (§2.1.5)."""
        lines = list(properties(data))
        names = [name for name, _, _ in lines]
        assert ["BEGIN", "END"] == [names[0], names[-1]]
        assert names.count("METHOD") == 1 < names.count("BEGIN") == names.count("END")
        method = next(value for name, _, value in lines if name == "METHOD")
        for found in self._events(lines):
            kept = self.events.get(found["UID"])
            if kept is not None and self._order(found) < self._order(kept):
                continue
            if method == "CANCEL":
                assert "SEQUENCE" in found
                assert "CANCELLED" == found["STATUS"]
                self.events.pop(found["UID"], None)
            else:
                assert ("ATTENDEE" in found) is (method == "REQUEST")
                self.events[found["UID"]] = found

    @staticmethod
    def _order(found: Properties) -> tuple[int, str]:
        return int(found.get("SEQUENCE", "0")), found["DTSTAMP"]

    @staticmethod
    def _events(lines: list[tuple[str, str, str]]) -> Iterator[Properties]:
        inside: Properties | None = None
        for name, _, value in lines[1:-1]:
            if (name, value) == ("BEGIN", "VEVENT"):
                assert inside is None
                inside = {}
            elif name == "END":
                assert inside is not None
                assert {"UID", "DTSTAMP", "DTSTART", "ORGANIZER", "SUMMARY"} <= set(inside)
                yield inside
                inside = None
            elif inside is not None:
                assert name not in inside, name
                inside[name] = value
        assert inside is None


def test_a_request_as_it_is_written() -> None:
    data = calendar(
        (event(2, status=Status.CONFIRMED),),
        stamped_at=NOON,
        organizer=ALIAS,
        method=Method.REQUEST,
        attendee=REPORTER,
    )
    expected = (
        b"BEGIN:VCALENDAR\r\n"
        b"VERSION:2.0\r\n"
        b"PRODID:-//Gatekeeper//Gatekeeper//EN\r\n"
        b"CALSCALE:GREGORIAN\r\n"
        b"METHOD:REQUEST\r\n"
        b"BEGIN:VEVENT\r\n"
        b"UID:SEC-2026-0007-public@example.org\r\n"
        b"DTSTAMP:20260910T120000Z\r\n"
        b"DTSTART:20260910T120000Z\r\n"
        b"SUMMARY:SEC-2026-0007: public disclosure\r\n"
        b"DESCRIPTION:Agreed.\r\n"
        b"ORGANIZER:mailto:security@example.org\r\n"
        b"ATTENDEE;ROLE=NON-PARTICIPANT;RSVP=FALSE:mailto:reporter@reporter.example\r\n"
        b"SEQUENCE:2\r\n"
        b"STATUS:CONFIRMED\r\n"
        b"TRANSP:TRANSPARENT\r\n"
        b"END:VEVENT\r\n"
        b"END:VCALENDAR\r\n"
    )
    assert expected == data


def test_a_cancellation_names_its_event_and_no_more_than_it_must() -> None:
    """Also one of what was published, without anybody who was asked (§3.2.5)."""
    data = calendar((event(3),), stamped_at=NOON, organizer=ALIAS, method=Method.CANCEL)
    found = {name: value for name, _, value in properties(data)}
    assert ("CANCEL", UID, "3", "CANCELLED") == tuple(
        found[name] for name in ("METHOD", "UID", "SEQUENCE", "STATUS")
    )
    assert "ATTENDEE" not in found


def told(sequence: int, *, method: Method) -> bytes:
    """Return the calendar of the `sequence`-th telling: a day and a microsecond later each time."""
    return calendar(
        (event(sequence, at=later(NOON, sequence * DAY)),),
        stamped_at=later(NOON, sequence),
        organizer=ALIAS,
        method=method,
        attendee=REPORTER if method is Method.REQUEST else None,
    )


def test_a_date_that_moves_is_moved_and_one_that_ends_is_gone() -> None:
    """Proposed, agreed, moved, and cancelled; a copy that comes late changes nothing."""
    reader = Reader()
    agreed = told(1, method=Method.REQUEST)
    for data, start in (
        (told(0, method=Method.PUBLISH), "20260910T120000Z"),
        (agreed, "20260911T120000Z"),
        (told(2, method=Method.REQUEST), "20260912T120000Z"),
        (agreed, "20260912T120000Z"),
    ):
        reader.receive(data)
        assert start == reader.events[UID]["DTSTART"]
    reader.receive(told(3, method=Method.CANCEL))
    assert {} == reader.events


def test_the_method_stands_in_the_media_type_too() -> None:
    """RFC 5545 §8.1."""
    for method in Method:
        attendee = REPORTER if method is Method.REQUEST else None
        data = calendar(
            (event(),), stamped_at=NOON, organizer=ALIAS, method=method, attendee=attendee
        )
        assert f"METHOD:{method}\r\n".encode() in data
        assert method.media_type.endswith(f"; method={method}")


@tries(200)
@given(
    name=st.text(alphabet="abcxyz0189.!#$%&'*+/=?^_`{|}~-üß", min_size=1, max_size=60),
    sequence=st.integers(0, 2**31 - 1),
)
def test_whoever_is_asked_no_line_is_added_and_none_is_long(name: str, sequence: int) -> None:
    if name.strip(".") != name or ".." in name:
        return
    data = calendar(
        (event(sequence),),
        stamped_at=NOON,
        organizer=ALIAS,
        method=Method.REQUEST,
        attendee=Address(local=name, domain="reporter.example"),
    )
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert 1 == [name for name, _, _ in properties(data)].count("ATTENDEE")


@pytest.mark.parametrize("sequence", [-1, 2**31])
def test_a_sequence_that_could_not_be_written_is_refused(sequence: int) -> None:
    with pytest.raises(ValueError, match="sequence"):
        event(sequence)


@pytest.mark.parametrize(
    ("method", "attendee"), [(Method.REQUEST, None), (Method.PUBLISH, REPORTER)]
)
def test_somebody_is_asked_or_nobody(method: Method, attendee: Address | None) -> None:
    with pytest.raises(ValueError, match="attendee"):
        calendar((event(),), stamped_at=NOON, organizer=ALIAS, method=method, attendee=attendee)
