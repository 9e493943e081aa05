"""Durations and sizes are written with a unit, days and times in one form each."""

from datetime import date

import pytest

from gatekeeper.config.units import WEEKDAYS, day, duration, size, time_of_day, weekday
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND
from gatekeeper.domain.policy import MIB


@pytest.mark.parametrize(
    ("text", "expected"),
    [("60s", 60 * SECOND), ("5m", 5 * MINUTE), ("2 h", 2 * HOUR), ("5d", 5 * DAY)],
)
def test_durations(text: str, expected: int) -> None:
    assert expected == duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("512B", 512), ("16KiB", 16 * 1024), ("50MiB", 50 * MIB), ("1 GiB", 1024 * MIB)],
)
def test_sizes(text: str, expected: int) -> None:
    assert expected == size(text)


@pytest.mark.parametrize("text", ["", "5", "s", "0s", "-5s", "5.5s", "5M", "5  s", "05s", "٥s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


@pytest.mark.parametrize("text", ["", "5", "5MB", "5mib", "0B", "1e3B", "B", "9999999999B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:00", 0),
        ("12:00", 12 * HOUR),
        ("09:30", 9 * HOUR + 30 * MINUTE),
        ("23:59", DAY - MINUTE),
    ],
)
def test_times_of_day(text: str, expected: int) -> None:
    assert expected == time_of_day(text)


@pytest.mark.parametrize(
    "text", ["", "12", "24:00", "12:60", "9:30", "12:00:00", "12.00", "１２:00"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of day"):
        time_of_day(text)


def test_weekdays() -> None:
    """As `date.weekday` counts them."""
    assert list(range(7)) == [weekday(text) for text in WEEKDAYS]
    assert date(2026, 9, 3).weekday() == weekday("thu")


@pytest.mark.parametrize("text", ["", "Mon", "monday", "0", "mo"])
def test_what_is_no_weekday_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no weekday; write one of mon, tue"):
        weekday(text)


def test_days() -> None:
    assert date(2026, 12, 25) == day("2026-12-25")
    assert date(2028, 2, 29) == day("2028-02-29")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-30", "is no day of any year"),
        ("2026-13-01", "is no day of any year"),
        ("0000-01-01", "is no day of any year"),
        ("2026-1-1", "is no date"),
        ("20261225", "is no date"),
        ("2026-W52-5", "is no date"),
        ("25.12.2026", "is no date"),
        ("2026-12-25T00:00", "is no date"),
        ("２０２６-12-25", "is no date"),
        ("", "is no date"),
    ],
)
def test_what_is_no_day_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        day(text)
