"""Instants are whole microseconds of UTC: nothing is lost on the way there and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Instant,
    from_datetime,
    later,
    rfc3339,
    spoken,
    to_datetime,
)
from tests.domain.samples import instants

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    min_value=datetime(1000, 1, 3),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001 - the strategy adds the zone
    timezones=zones,
)


@given(instant=instants)
def test_there_and_back(instant: Instant) -> None:
    assert instant == from_datetime(to_datetime(instant))


@given(moment=moments)
def test_a_zone_is_another_way_to_say_the_same(moment: datetime) -> None:
    instant = from_datetime(moment)
    assert moment == to_datetime(instant)
    assert UTC is to_datetime(instant).tzinfo


@given(early=moments, late=moments)
def test_order_is_kept(early: datetime, late: datetime) -> None:
    assert (early < late) == (from_datetime(early) < from_datetime(late))


@given(instant=instants, step=st.integers(-DAY, DAY))
def test_later_is_so_much_later(instant: Instant, step: int) -> None:
    assert step == later(instant, step) - instant


@given(instant=instants)
def test_rfc3339_is_the_second_the_instant_lies_in(instant: Instant) -> None:
    text = rfc3339(instant)
    assert 20 == len(text)
    assert 0 <= instant - from_datetime(datetime.fromisoformat(text)) < SECOND


@given(instant=instants)
def test_spoken_is_rfc3339_with_the_weekday(instant: Instant) -> None:
    weekday, _, rest = spoken(instant).partition(" ")
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert days[to_datetime(instant).weekday()] == weekday
    assert rfc3339(instant) == rest.replace(" ", "T")


def test_known_instants() -> None:
    assert 0 == from_datetime(datetime(1970, 1, 1, tzinfo=UTC))
    instant = from_datetime(datetime(2026, 9, 3, 14, 0, tzinfo=timezone(timedelta(hours=2))))
    assert 1_788_436_800_000_000 == instant
    assert "2026-09-03T12:00:00Z" == rfc3339(instant)
    assert "Thu 2026-09-03 12:00:00Z" == spoken(instant)
    assert "2026-09-03T11:59:59Z" == rfc3339(later(instant, -1))


def test_units() -> None:
    units = {timedelta(seconds=1): SECOND, timedelta(minutes=1): MINUTE}
    units |= {timedelta(hours=1): HOUR, timedelta(days=1): DAY}
    for length, unit in units.items():
        assert length == timedelta(microseconds=unit)


def test_a_datetime_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        from_datetime(datetime(2026, 9, 3))  # noqa: DTZ001 - that it is refused is the point
