"""Durations, sizes and days as people write them: `60s`, `50MiB`, `12:00`, `mon`, `2026-12-25`."""

import re
from datetime import date
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND
from gatekeeper.domain.policy import MIB

DURATIONS: Final = MappingProxyType({"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY})
"""Unit -> microseconds."""

SIZES: Final = MappingProxyType({"B": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB})
"""Unit -> bytes."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of their numbers, Monday 0."""

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WRITTEN: Final = re.compile(r"([1-9][0-9]{0,8}) ?([A-Za-z]+)")


def duration(text: str) -> int:
    """Return the microseconds of a duration such as `60s`, `5m`, `2h`, `5d`, else ValueError."""
    return _read(text, DURATIONS, "is no duration; write a number with s, m, h or d, such as 60s")


def size(text: str) -> int:
    """Return the bytes of a size such as `512B`, `16KiB`, `50MiB`, `1GiB`, else ValueError."""
    return _read(text, SIZES, "is no size; write a number with B, KiB, MiB or GiB, such as 50MiB")


def time_of_day(text: str) -> int:
    """Return the microseconds after midnight of a time such as `09:30`, else ValueError."""
    found = _TIME.fullmatch(text)
    if not found:
        message = "is no time of day; write hours and minutes, such as 12:00"
        raise ValueError(message)
    return int(found[1]) * HOUR + int(found[2]) * MINUTE


def weekday(text: str) -> int:
    """Return the number of a weekday such as `mon`, Monday 0, else ValueError."""
    if text not in WEEKDAYS:
        message = f"is no weekday; write one of {', '.join(WEEKDAYS)}"
        raise ValueError(message)
    return WEEKDAYS.index(text)


def day(text: str) -> date:
    """Return the date written as `2026-12-25`, else ValueError."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        message = "is no day of any year; look at the month and the day"
    else:
        message = "is no date; write year, month and day, such as 2026-12-25"
    raise ValueError(message)


def _read(text: str, units: MappingProxyType[str, int], complaint: str) -> int:
    found = _WRITTEN.fullmatch(text)
    if not found or found[2] not in units:
        raise ValueError(complaint)
    return int(found[1]) * units[found[2]]
