"""Abbreviated zones have the offsets they have; what several zones share has several."""

import pytest

from gatekeeper.domain.instants import HOUR
from gatekeeper.domain.zones import offsets


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
