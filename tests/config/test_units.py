"""Durations and sizes are written with a unit."""

import pytest

from gatekeeper.config.units import duration, size
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
