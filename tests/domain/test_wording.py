"""What people write for a date is read as one thing only, or it is said why not (R-5)."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gatekeeper.domain.calendar import Calendar, day_of
from gatekeeper.domain.instants import MINUTE, Instant, from_datetime, rfc3339, to_datetime
from gatekeeper.domain.wording import Doubt, Read, When, find, read
from tests.domain.test_calendar import instants
from tests.sampling import tries

NOW = from_datetime(datetime(2026, 9, 3, 9, 41, tzinfo=UTC))
"""R-1's Thursday."""
IN_FULL = "write year, month and day, and the time in UTC"


def means(text: str, now: Instant = NOW) -> str:
    """Return what an operand certainly means, as people read it; else the name of its doubt."""
    found = read(text, now)
    return str(found.when) if found.when else str(found.doubt)


def found(text: str, now: Instant = NOW) -> dict[str, str]:
    """Return what is found in a mail: each wording with its meaning or doubt."""
    return {
        text[one.start : one.end]: str(one.read.when or one.read.doubt) for one in find(text, now)
    }


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-08T12:00Z",
        "2026-12-08T12:00:00.000Z",
        "2026-12-08 12:00 UTC",
        "2026-12-08t12:00z",
        "2026/12/08 12:00 GMT",
        "2026-12-08T13:00+01:00",
        "2026-12-08T07:00-0500",
        "2026-12-08 17:30 +05:30",
        "8 December 2026, 12:00 UTC",
        "8 Dec 2026 12:00:00 +0000",
        "Tue, 8 Dec 2026 12:00 UTC",
        "Tuesday, December 8th, 2026 at 12:00 UTC",
        "the 8th of December 2026 at noon UTC",
        "Dec. 8, 2026 at 12 p.m. UTC",
        "Dec 8 2026 4am PST",
        "8 Dec 2026 13:00 CET",
        "12:00 UTC on 8 December 2026",
        "1200Z, Dec 8, 2026",
        "8-Dec-2026 14:00 UTC+2",
        " 2026-12-08 \n 12:00 UTC ",
    ],
)
def test_an_instant_may_be_written_in_many_ways(text: str) -> None:
    assert "Tue 2026-12-08 12:00:00Z" == means(text)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-12-08", "2026/12/8", "8 December 2026", "Dec 8, 2026", "Tuesday 8 December 2026"),
        *("the 8th of December, 2026", "Tue. Dec 8th 2026", "8-DEC-2026"),
    ],
)
def test_a_day_without_a_time_is_a_day(text: str) -> None:
    """The policy's hour makes an instant of it."""
    assert "Tue 2026-12-08" == means(text)
    when = read(text, NOW).when
    assert when is not None
    assert "2026-12-08T15:00:00Z" == rfc3339(when.at(Calendar(at=15 * 60 * MINUTE)))
    assert read(text, NOW).exact is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("in 14 days", "Thu 2026-09-17"),
        ("14 days", "Thu 2026-09-17"),
        ("two weeks", "Thu 2026-09-17"),
        ("a fortnight", "Thu 2026-09-17"),
        ("+14d", "Thu 2026-09-17"),
        ("2w", "Thu 2026-09-17"),
        ("within 90 days", "Wed 2026-12-02"),
        ("90-day", "Wed 2026-12-02"),
        ("ninety calendar days", "Wed 2026-12-02"),
        ("in three months", "Thu 2026-12-03"),
        ("in 1 year", "Fri 2027-09-03"),
        ("72 hours", "Sun 2026-09-06 09:41:00Z"),
        ("10 working days", "10 working days after 2026-09-03"),
    ],
)
def test_a_span_begins_now(text: str, meaning: str) -> None:
    assert meaning == means(text)


def test_working_days_are_counted_by_the_calendar() -> None:
    when = read("10 business days", NOW).when
    assert when is not None
    assert "2026-09-17T12:00:00Z" == rfc3339(when.at(Calendar()))
    holiday = Calendar(holidays=frozenset({date(2026, 9, 7)}))
    assert "2026-09-18T12:00:00Z" == rfc3339(when.at(holiday))


@pytest.mark.parametrize(
    ("now", "text", "meaning"),
    [
        ("2028-02-28T23:59", "in 1 day", "Tue 2028-02-29"),
        ("2027-02-28T23:59", "in 1 day", "Mon 2027-03-01"),
        ("2026-12-31T00:00", "in 1 day", "Fri 2027-01-01"),
        ("2026-12-24T12:00", "in 14 days", "Thu 2027-01-07"),
        ("2026-11-30T12:00", "in 3 months", "Sun 2027-02-28"),
        ("2027-11-30T12:00", "in 3 months", "Tue 2028-02-29"),
        ("2028-02-29T12:00", "in 1 year", "Wed 2029-02-28"),
        ("2026-12-31T23:00", "in 2 hours", "Fri 2027-01-01 01:00:00Z"),
    ],
)
def test_spans_cross_leap_days_and_year_ends(now: str, text: str, meaning: str) -> None:
    instant = from_datetime(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert meaning == means(text, instant)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "is not a date; write it such as 2026-12-08T12:00Z"),
        ("2026-12-08T12:00Z or so", "is not a date; write it such as 2026-12-08T12:00Z"),
        ("2027-02-29", "is a day that no calendar has; look at year, month and day"),
        ("2026-12-08T25:00Z", "has no time of day in whole minutes; write it such as 12:00Z"),
        ("2026-12-08T12:00:30Z", "has no time of day in whole minutes; write it such as 12:00Z"),
        ("8 December", "has no year in four digits, so it may be Tue 2026-12-08; write the year"),
        (
            "2026-12-08T12:00",
            (
                "has no zone; in UTC it would be Tue 2026-12-08 12:00:00Z, so write that or your "
                "offset"
            ),
        ),
        (
            "2026-12-08 12:00 Europe/Berlin",
            "has a zone that is not known here; write the time in UTC",
        ),
        (
            "Monday 8 December 2026",
            "names another weekday than that of Tue 2026-12-08; write which is meant",
        ),
        ("03/04/2027", f"may be Sat 2027-04-03 or Thu 2027-03-04; {IN_FULL}"),
        (
            "8 Dec 2026 12:00 CST",
            f"may be Tue 2026-12-08 18:00:00Z or Tue 2026-12-08 04:00:00Z; {IN_FULL}",
        ),
        ("2026-09-03T12:00+05:00", "is Thu 2026-09-03 07:00:00Z, which is past"),
        ("99999 days", "is more than ten years away; write a nearer date"),
    ],
)
def test_what_is_in_doubt_is_said_with_what_to_write(text: str, why: str) -> None:
    result = read(text, NOW)
    assert result.when is None
    assert f"'{text}' {why}" == result.why()


def test_what_cannot_be_printed_is_not_quoted() -> None:
    expected = "this is not a date; write it such as 2026-12-08T12:00Z"
    assert expected == read("2026-12-08T12:00Z\u202e", NOW).why()


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("", Doubt.NOT_A_DATE),
        ("0 days", Doubt.NOT_A_DATE),
        ("14 days ago", Doubt.NOT_A_DATE),
        ("2026-12-08T12:00Z " * 10, Doubt.NOT_A_DATE),
        ("0001-01-01", Doubt.NO_SUCH_DAY),
        ("32 December 2026", Doubt.NO_SUCH_DAY),
        ("31/31/2026", Doubt.NO_SUCH_DAY),
        ("8 Dec 2026 13pm UTC", Doubt.NO_SUCH_TIME),
        ("8 Dec 2026 12:60 UTC", Doubt.NO_SUCH_TIME),
        ("08.12.26", Doubt.NO_YEAR),
        ("8 Dec 2026 12:00 ET", Doubt.UNKNOWN_ZONE),
        ("8 Dec 2026 12:00 +25:00", Doubt.UNKNOWN_ZONE),
        ("8 Dec 2026 noon", Doubt.NO_ZONE),
        ("2026-09-02", Doubt.PAST),
        ("2026-09-03T09:41Z", Doubt.PAST),
        ("2037-01-01", Doubt.TOO_FAR),
        ("9999-12-31T23:59-14:00", Doubt.TOO_FAR),
        ("999999999 hours", Doubt.TOO_FAR),
    ],
)
def test_each_doubt_has_its_name(text: str, doubt: Doubt) -> None:
    assert doubt is read(text, NOW).doubt


def test_a_number_that_can_be_one_day_only_is_that_day() -> None:
    assert "Fri 2026-12-25" == means("25/12/2026") == means("12/25/2026") == means("25.12.2026")
    assert "Wed 2027-05-05" == means("05/05/2027")
    assert "Thu 2027-03-04" == means("Thu 03/04/2027"), "the weekday tells which"


def test_what_may_be_meant_is_offered_on_allowed_days() -> None:
    """03/04/2027 is a Saturday or a Thursday: the days around the one, and the other itself."""
    offered = read("03/04/2027", NOW).nearest(Calendar(), NOW)
    days = [rfc3339(one) for one in offered]
    expected = ["2027-03-04T12:00:00Z", "2027-04-02T12:00:00Z", "2027-04-05T12:00:00Z"]
    assert expected == days
    for nothing in ("2026-09-02", "soon"):
        (first,) = read(nothing, NOW).nearest(Calendar(), NOW)
        assert "2026-09-03T12:00:00Z" == rfc3339(first)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We would like to publish in 14 days.", {"in 14 days": "Thu 2026-09-17"}),
        ("How about 90 days?", {"90 days": "Wed 2026-12-02"}),
        (
            "Our policy is a 90-day deadline, that is 2 December 2026.",
            {"90-day": "Wed 2026-12-02", "2 December 2026": "Wed 2026-12-02"},
        ),
        ("an embargo of two weeks", {"two weeks": "Thu 2026-09-17"}),
        ("Would Dec 8 work?", {"Dec 8": "Tue 2026-12-08"}),
        ("or rather on March 3?", {"March 3": "Wed 2027-03-03"}),
        ("public on 8\nDecember 2026 at 10:00", {"8\nDecember 2026 at 10:00": "no zone"}),
        ("on 03/04/2027, please", {"03/04/2027": "ambiguous"}),
        (
            "until Tue Dec 8, 2026 at 15:00 UTC (7am PST)",
            {"Tue Dec 8, 2026 at 15:00 UTC": "Tue 2026-12-08 15:00:00Z"},
        ),
        ("we publish in 48 hours.", {"in 48 hours": "Sat 2026-09-05 09:41:00Z"}),
        ("We keep it private for 90 days.", {"90 days": "Wed 2026-12-02"}),
        ("Thanks for your answer. 30 days, then.", {"30 days": "Sat 2026-10-03"}),
        (
            "Please reply within 2 days; our deadline is 45 days.",
            {"within 2 days": "Sat 2026-09-05", "45 days": "Sun 2026-10-18"},
        ),
        ("on 12/8/26", {"12/8/26": "no year"}),
        ("we publish today, 2026-09-03.", {"2026-09-03": "Thu 2026-09-03"}),
    ],
)
def test_wordings_in_a_mail_are_found(text: str, expected: dict[str, str]) -> None:
    assert expected == found(text)


@pytest.mark.parametrize(
    "text",
    [
        "I found this 3 days ago, after 14 days of fuzzing.",
        "For the last 30 days nothing happened; it runs every 2 days, and took 3 weeks.",
        "It crashes after 2 hours, with an uptime 45 days.",
        "It may 8 times fail. It costs a day, or one month.",
        "Reported on 2026-08-01, fixed on 1 September 2026.",
        "2026-09-03 09:12:33 error: lost\n2026-09-03T09:40:01.123 error: found",
        "notAfter=2027-01-01, v2026.12.08, path/2026-12-08/x, CVE-2026-12-08, 2027-01-01-rc1",
        "> We propose 2026-12-08T12:00Z.\n>> in 14 days\n  | 90 days",
        "On Thu, 3 Sep 2026 at 09:00, Security <security@example.org> wrote:",
        "Let us wait 14 days longer.",
        "Please respond within 48 hours. I expect an answer in 7 days.",
        "It crashed in 3 hours. I ran it for 10 days.",
        "Affected are 5.10.26, 2.4.27 and 10.12.20.26.",
        "We publish 30 days after a fix is there, or 90 days before our talk.",
    ],
)
def test_what_only_looks_like_a_date_to_come_is_left_alone(text: str) -> None:
    assert {} == found(text)


def test_spans_are_relative_and_dates_are_not() -> None:
    first, second = find("in 14 days, or on 2026-12-08", NOW)
    assert (True, False) == (first.relative, second.relative)


offsets = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timedelta(minutes=15 * quarters))
futures = st.integers(1, 3000 * 24 * 60).map(
    lambda minutes: Instant(NOW - NOW % MINUTE + minutes * MINUTE)
)
FORMS = (
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M ",
    "%d %B %Y, %H:%M ",
    "%a, %d %b %Y %H:%M:00 ",
    "%B %d, %Y at %I:%M %p ",
    "%A %d %B %Y %I:%M%p",
)


@tries(600)
@given(instant=futures, offset=offsets, form=st.sampled_from(FORMS), colon=st.booleans())
@example(
    from_datetime(datetime(2028, 2, 29, 23, 59, tzinfo=UTC)), timedelta(hours=-1), FORMS[0], True
)
@example(
    from_datetime(datetime(2027, 1, 1, 0, 0, tzinfo=UTC)), timedelta(hours=14), FORMS[4], False
)
def test_an_instant_in_any_zone_and_form_is_that_instant(
    instant: Instant, offset: timedelta, form: str, colon: bool
) -> None:
    """Local time is whatever it is where somebody lives; the offset leads back to UTC."""
    local = to_datetime(instant).astimezone(timezone(offset))
    zone = local.strftime("%z")
    text = local.strftime(form) + (f"{zone[:3]}:{zone[3:]}" if colon else zone)
    assert instant == read(text, NOW).exact, text
    (inside,) = find(f"We plan to publish on {text}, if you agree.", NOW)
    assert instant == inside.read.exact


@tries(300)
@given(
    now=instants,
    days=st.integers(1, 3660),
)
def test_days_from_now_are_days_in_utc(now: Instant, days: int) -> None:
    result = read(f"in {days} days", now)
    assert result.when == When(day=day_of(now) + timedelta(days=days))


@tries(300)
@given(day=st.dates(date(2026, 9, 4), date(2036, 1, 1)))
def test_a_day_that_two_orders_read_differently_is_never_assumed(day: date) -> None:
    for by in "/.-":
        result = read(day.strftime(f"%d{by}%m{by}%Y"), NOW)
        if day.day <= 12 and day.day != day.month:
            assert Doubt.AMBIGUOUS is result.doubt
            assert {day, date(day.year, day.day, day.month)} == {one.day for one in result.readings}
        else:
            assert When(day=day) == result.when


PIECES = st.sampled_from(
    [
        *(
            "2026-12-08",
            "T",
            " ",
            "12:00",
            "Z",
            "UTC",
            "+01:00",
            "8",
            "December",
            "2026",
            "in",
            ",",
        ),
        *("14", "days", "-", "/", ".", "03", "04", "at", "noon", "PST", "Tue", "of", "99", "\n"),
        *("9999", "0000", "weeks", "business", "> ", "ago", "ı", "４", "am"),
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=14).map("".join))


@tries(1500)
@given(text=TEXTS)
def test_whatever_is_written_is_either_certain_and_to_come_or_in_doubt(text: str) -> None:
    result = read(text, NOW)
    if result.when is None:
        assert result.why().isprintable()
        assert result.why() != ""
        assert all(one > NOW for one in result.nearest(Calendar(), NOW))
    else:
        assert "" == result.why()
        assert NOW < result.when.at(Calendar()) or result.when.day == to_datetime(NOW).date()
    places = [(one.start, one.end) for one in find(text, NOW)]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert sorted(places) == places


@given(text=TEXTS, quote=st.sampled_from(("> ", ">", " >> ", "| ")))
def test_nothing_is_found_in_quoted_lines(text: str, quote: str) -> None:
    assume("\r" not in text)
    quoted = "\n".join(quote + line for line in text.split("\n"))
    assert () == find(quoted, NOW)


def test_a_mail_full_of_dates_yields_a_few() -> None:
    assert 20 == len(find("2026-12-08 " * 10_000, NOW))


@pytest.mark.parametrize(
    "make",
    [
        lambda: When(day=date(2026, 12, 8), instant=Instant(1)),
        lambda: Read(text="x"),
        lambda: Read(text="x", readings=(When(day=date(2026, 12, 8)),) * 2),
    ],
)
def test_certainty_without_one_reading_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"whole minute|one reading"):
        make()
