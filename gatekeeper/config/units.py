"""Durations and sizes as people write them: `60s`, `5m`, `50MiB`."""

import re
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND
from gatekeeper.domain.policy import MIB

DURATIONS: Final = MappingProxyType({"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY})
"""Unit -> microseconds."""

SIZES: Final = MappingProxyType({"B": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB})
"""Unit -> bytes."""

_WRITTEN: Final = re.compile(r"([1-9][0-9]{0,8}) ?([A-Za-z]+)")


def duration(text: str) -> int:
    """Return the microseconds of a duration such as `60s`, `5m`, `2h`, `5d`, else ValueError."""
    return _read(text, DURATIONS, "is no duration; write a number with s, m, h or d, such as 60s")


def size(text: str) -> int:
    """Return the bytes of a size such as `512B`, `16KiB`, `50MiB`, `1GiB`, else ValueError."""
    return _read(text, SIZES, "is no size; write a number with B, KiB, MiB or GiB, such as 50MiB")


def _read(text: str, units: MappingProxyType[str, int], complaint: str) -> int:
    found = _WRITTEN.fullmatch(text)
    if not found or found[2] not in units:
        raise ValueError(complaint)
    return int(found[1]) * units[found[2]]
