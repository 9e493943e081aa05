"""Abbreviated zones have the offsets they have; what several zones share has several."""

from datetime import UTC, datetime

import pytest

from gatekeeper.domain.instants import HOUR, from_datetime
from gatekeeper.domain.wording import read
from gatekeeper.domain.zones import offsets

NOW = from_datetime(datetime(2026, 9, 3, 9, 41, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("Z", [0]),
        ("utc", [0]),
        ("+00:00", [0]),
        ("-00:00", [0]),
        ("+0530", [5.5]),
        ("-3", [-3]),
        ("UTC+2", [2]),
        ("GMT -03:30", [-3.5]),
        ("+14:00", [14]),
        ("JST", [9]),
        ("CST", [-6, 8]),
        ("IST", [5.5, 2, 1]),
        ("+14:01", []),
        ("+01:60", []),
        ("ET", []),
        ("Europe/Berlin", []),
        ("", []),
    ],
)
def test_a_zone_has_its_offsets(zone: str, hours: list[float]) -> None:
    assert [round(each * HOUR) for each in hours] == list(offsets(zone, 3))


@pytest.mark.parametrize(
    ("winter", "summer", "offset"),
    [("PST", "PDT", -8), ("EST", "EDT", -5), ("CET", "CEST", 1), ("EET", "EEST", 2)],
)
def test_winter_time_in_summer_may_be_summer_time_and_the_other_way(
    winter: str, summer: str, offset: int
) -> None:
    """In the months of the changes each is what it says."""
    for month in range(1, 13):
        first, second = offsets(winter, month), offsets(summer, month)
        assert offset * HOUR == first[0], month
        assert (offset + 1) * HOUR == second[0], month
        assert (2 if 4 <= month <= 9 else 1) == len(first), month
        assert (2 if month in {12, 1, 2} else 1) == len(second), month


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("25 Oct 2026 02:30 CEST", "Sun 2026-10-25 00:30:00Z"),
        ("25 Oct 2026 02:30 CET", "Sun 2026-10-25 01:30:00Z"),
        ("28 Mar 2027 01:59 CET", "Sun 2027-03-28 00:59:00Z"),
        ("28 Mar 2027 03:00 CEST", "Sun 2027-03-28 01:00:00Z"),
        ("1 Nov 2026 01:30 EDT", "Sun 2026-11-01 05:30:00Z"),
        ("1 Nov 2026 01:30 EST", "Sun 2026-11-01 06:30:00Z"),
        ("31 Dec 2026 23:30 PST", "Fri 2027-01-01 07:30:00Z"),
        ("1 Jan 2027 00:30 NZDT", "Thu 2026-12-31 11:30:00Z"),
        ("29 Feb 2028 00:00 JST", "Mon 2028-02-28 15:00:00Z"),
    ],
)
def test_an_hour_that_comes_twice_is_told_apart_by_its_zone(text: str, meaning: str) -> None:
    """In the nights of the changes, and over the ends of years and of February."""
    assert meaning == str(read(text, NOW).when)
