"""Calendars are read alike by everyone: folded, escaped, in UTC and in seven bits (RFC 5545)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, Instant
from gatekeeper.mail.icalendar import Event, calendar
from tests.domain.samples import instants
from tests.sampling import tries

NOON = Instant(1_789_041_600_000_000)
"""2026-09-10T12:00:00Z."""
ALIAS = Address.parse("security@example.org")
LETTERS = "".join(map(chr, range(0x20, 0x7F)))

plain = st.text(alphabet=LETTERS + "\n\t", max_size=300)
anything = st.text(alphabet=st.characters(exclude_categories=["Cc"]), max_size=200)


def event(**changes: str) -> Event:
    """Return an event at noon with what a test says."""
    values = {"uid": "7@example.org", "summary": "Disclosure", "description": "All is told."}
    values.update(changes)
    return Event(
        uid=values["uid"],
        starts_at=NOON,
        summary=values["summary"],
        description=values["description"],
    )


def written(*events: Event, stamped_at: Instant = NOON, organizer: Address = ALIAS) -> bytes:
    """Return the calendar of events, in most tests stamped at noon by our alias."""
    return calendar(events, stamped_at=stamped_at, organizer=organizer)


def unfolded(data: bytes) -> list[str]:
    """Return the content lines of a calendar, each after checking how it was folded."""
    assert data.endswith(b"\r\n")
    lines = data.removesuffix(b"\r\n").split(b"\r\n")
    assert all(len(line) <= 75 and not re.search(rb"[\r\n]", line) for line in lines)
    return data.decode("ascii").replace("\r\n ", "").splitlines()


def value(data: bytes, name: str) -> str:
    """Return the text of the one property of this name, its escapes undone by RFC 5545 §3.3.11."""
    (line,) = (one for one in unfolded(data) if one.startswith(f"{name}:"))
    meanings = {"\\n": "\n", "\\N": "\n"}
    escapes = re.compile(r"\\.|[;,]")
    raw = line.removeprefix(f"{name}:")
    assert all(found[0] not in ";," for found in escapes.finditer(raw))
    return escapes.sub(lambda found: meanings.get(found[0], found[0][-1]), raw)


def test_a_calendar_as_it_is_written() -> None:
    events = (
        event(),
        Event(uid="8@example.org", starts_at=Instant(NOON + 14 * DAY), summary="", description=""),
    )
    expected = (
        b"BEGIN:VCALENDAR\r\n"
        b"VERSION:2.0\r\n"
        b"PRODID:-//Gatekeeper//Gatekeeper//EN\r\n"
        b"CALSCALE:GREGORIAN\r\n"
        b"METHOD:PUBLISH\r\n"
        b"BEGIN:VEVENT\r\n"
        b"UID:7@example.org\r\n"
        b"DTSTAMP:20260903T120000Z\r\n"
        b"DTSTART:20260910T120000Z\r\n"
        b"SUMMARY:Disclosure\r\n"
        b"DESCRIPTION:All is told.\r\n"
        b"ORGANIZER:mailto:security@example.org\r\n"
        b"TRANSP:TRANSPARENT\r\n"
        b"END:VEVENT\r\n"
        b"BEGIN:VEVENT\r\n"
        b"UID:8@example.org\r\n"
        b"DTSTAMP:20260903T120000Z\r\n"
        b"DTSTART:20260924T120000Z\r\n"
        b"SUMMARY:\r\n"
        b"DESCRIPTION:\r\n"
        b"ORGANIZER:mailto:security@example.org\r\n"
        b"TRANSP:TRANSPARENT\r\n"
        b"END:VEVENT\r\n"
        b"END:VCALENDAR\r\n"
    )
    stamped = Instant(NOON - 7 * DAY)
    assert expected == written(*events, stamped_at=stamped)
    assert expected == written(*events, stamped_at=stamped)


def test_the_organizer_is_written_as_a_uri() -> None:
    """RFC 6068 §2: what a URI could not hold is percent-encoded."""
    data = written(event(), organizer=Address.parse("jörg?a%b@example.org"))
    assert "ORGANIZER:mailto:j%C3%B6rg%3Fa%25b@example.org" in unfolded(data)


@tries(300)
@given(summary=plain, description=plain)
def test_texts_are_read_back(summary: str, description: str) -> None:
    data = written(event(summary=summary, description=description))
    assert summary == value(data, "SUMMARY")
    assert description == value(data, "DESCRIPTION")


def test_lines_of_every_length_are_folded_at_75_octets() -> None:
    """Not one octet earlier, and never twice for one line's length."""
    for length in range(60, 230):
        data = written(event(summary="x" * length))
        assert "x" * length == value(data, "SUMMARY")
        after = data.partition(b"SUMMARY:")[2].partition(b"\r\nDESCRIPTION:")[0]
        folds = [len(line) for line in (b"SUMMARY:" + after).split(b"\r\n")]
        assert [75] * (len(folds) - 1) == folds[:-1], length
        assert (1 if len(folds) == 1 else 2) <= folds[-1] <= 75, length


@tries(300)
@given(summary=anything, description=anything)
def test_whatever_stands_in_a_text_no_line_is_added_and_none_is_long(
    summary: str, description: str
) -> None:
    """A text can end neither its property nor its event."""
    data = written(event(summary=summary, description=description))
    names = [line.partition(":")[0] for line in unfolded(data)]
    assert (
        "BEGIN VERSION PRODID CALSCALE METHOD BEGIN UID DTSTAMP DTSTART SUMMARY DESCRIPTION "
        "ORGANIZER TRANSP END END"
    ).split() == names


@given(starts_at=instants, stamped_at=instants)
def test_every_instant_is_written_in_utc_to_the_second(
    starts_at: Instant, stamped_at: Instant
) -> None:
    data = written(
        Event(uid="u", starts_at=starts_at, summary="s", description="d"), stamped_at=stamped_at
    )
    for name in ("DTSTART", "DTSTAMP"):
        assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", value(data, name))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029"])
def test_every_end_of_a_line_is_one_newline(end: str) -> None:
    data = written(event(description=f"a{end}b{end}"))
    assert "DESCRIPTION:a\\nb\\n" in unfolded(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("M\u00fcller; na\u00efve, caf\u00e9", "Muller; naive, cafe"),
        ("full\uff1bwidth\uff0c\uff3c", "full;width,\\"),
        ("\u65e5\u672c", "??"),
        ("x\u202ey", "x?y"),
        ("\ud800", "?"),
    ],
)
def test_seven_bits_are_enough(text: str, expected: str) -> None:
    """What is changed to fit is changed before it is escaped."""
    assert expected == value(written(event(summary=text)), "SUMMARY")


@pytest.mark.parametrize("uid", ["", "a\nb", "a\u00e9", "a\0"])
def test_a_uid_that_could_not_stand_is_refused(uid: str) -> None:
    with pytest.raises(ValueError, match="uid"):
        event(uid=uid)


@pytest.mark.parametrize("text", ["a\0b", "\x1b[2J", "a\x0bb", "\x7f", "a\u0085b"])
@pytest.mark.parametrize("field", ["summary", "description"])
def test_control_characters_are_refused(field: str, text: str) -> None:
    with pytest.raises(ValueError, match="control"):
        event(**{field: text})
