"""The calendar finds the allowed instants, all in UTC, over weekends, holidays and year ends."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.calendar import Calendar, day_of
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, from_datetime, to_datetime
from tests.sampling import tries

NEW_YEAR = frozenset({date(2026, 12, 25), date(2027, 1, 1)})


def at(text: str) -> Instant:
    """Return the instant written as ISO 8601 in UTC."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def shown(*instants: Instant) -> tuple[str, ...]:
    """Return instants as ISO 8601 in UTC, to the minute."""
    return tuple(to_datetime(one).isoformat(timespec="minutes")[:16] for one in instants)


days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
calendars = st.builds(
    Calendar,
    at=st.integers(0, 24 * 60 - 1).map(lambda minutes: minutes * MINUTE),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(days, max_size=60),
)
instants = st.builds(
    lambda day, rest: Instant(at(day.isoformat()) + rest), days, st.integers(0, DAY - 1)
)


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        ("2026-12-08T12:00", "2026-12-08T12:00", "2026-12-08T12:00"),
        ("2026-12-08T12:01", "2026-12-08T12:00", "2026-12-09T12:00"),
        ("2026-12-08T11:59", "2026-12-07T12:00", "2026-12-08T12:00"),
        ("2026-12-05T12:00", "2026-12-04T12:00", "2026-12-07T12:00"),
        ("2026-12-25T12:00", "2026-12-24T12:00", "2026-12-28T12:00"),
        ("2026-12-31T23:59", "2026-12-31T12:00", "2027-01-04T12:00"),
        ("2028-02-29T00:00", "2028-02-28T12:00", "2028-02-29T12:00"),
    ],
)
def test_the_nearest_allowed_instants_are_on_both_sides(
    asked: str, before: str, after: str
) -> None:
    calendar = Calendar(holidays=NEW_YEAR)
    assert (before, after) == shown(*calendar.nearest(at(asked)))


def test_days_are_those_of_utc_wherever_somebody_writes_from() -> None:
    """Friday evening in California is Saturday here, and Monday morning in Tokyo still Sunday."""
    california, tokyo = timezone(timedelta(hours=-8)), timezone(timedelta(hours=9))
    calendar = Calendar(at=0)
    friday = from_datetime(datetime(2026, 12, 4, 20, 0, tzinfo=california))
    monday = from_datetime(datetime(2026, 12, 7, 8, 0, tzinfo=tokyo))
    assert (date(2026, 12, 5), date(2026, 12, 6)) == (day_of(friday), day_of(monday))
    assert ("2026-12-07T00:00",) * 2 == shown(*map(calendar.next_allowed, (friday, monday)))


def test_a_change_of_local_time_moves_nothing() -> None:
    """Instants a day apart are a day apart in the nights in which clocks are changed, too."""
    calendar = Calendar(weekdays=frozenset(range(7)))
    for changed in ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01"):
        noon = at(f"{changed}T12:00")
        assert noon == calendar.next_allowed(Instant(noon - DAY + 1))
        assert noon + DAY == calendar.next_allowed(Instant(noon + 1))


def test_days_are_counted_without_those_that_are_not_allowed() -> None:
    calendar = Calendar(holidays=NEW_YEAR)
    assert date(2026, 12, 24) == calendar.after(date(2026, 12, 24), 0)
    assert date(2026, 12, 28) == calendar.after(date(2026, 12, 24), 1)
    assert date(2027, 1, 4) == calendar.after(date(2026, 12, 24), 5)


def test_saturdays_sundays_and_holidays_are_no_working_days() -> None:
    week = [date(2026, 12, day) for day in range(21, 28)]
    works = [Calendar(holidays=NEW_YEAR).works_on(day) for day in week]
    assert [True] * 4 + [False] * 3 == works


@tries(600)
@given(instant=instants, calendar=calendars)
def test_both_neighbours_are_allowed_and_nothing_between_is(
    instant: Instant, calendar: Calendar
) -> None:
    before, after = calendar.nearest(instant)
    assert before <= instant <= after
    assert (before == instant) == (after == instant) == calendar.allows(instant)
    for one in (before, after):
        moment = to_datetime(one)
        assert calendar.at == one % DAY
        assert moment.weekday() in calendar.weekdays
        assert moment.date() not in calendar.holidays
    between = (day_of(before) + timedelta(days=n) for n in range(1, (after - before) // DAY))
    assert not any(
        day.weekday() in calendar.weekdays and day not in calendar.holidays for day in between
    )


@tries(300)
@given(first=instants, second=instants, calendar=calendars)
def test_who_asks_later_is_offered_no_earlier_instant(
    first: Instant, second: Instant, calendar: Calendar
) -> None:
    first, second = sorted((first, second))
    assert calendar.next_allowed(first) <= calendar.next_allowed(second)
    assert calendar.previous_allowed(first) <= calendar.previous_allowed(second)


def test_the_ends_of_time_are_an_error_and_no_endless_search() -> None:
    calendar = Calendar()
    with pytest.raises(OverflowError):
        calendar.next_allowed(at("9999-12-31T23:00"))
    with pytest.raises(OverflowError):
        calendar.previous_allowed(at("0001-01-01T00:00"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": -MINUTE},
        {"at": DAY},
        {"at": HOUR + 1},
        {"weekdays": frozenset()},
        {"weekdays": frozenset({0, 7})},
    ],
)
def test_a_calendar_without_an_allowed_instant_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"weekday|time of day"):
        Calendar(**wrong)  # type: ignore[arg-type]  # the weekdays are no number
