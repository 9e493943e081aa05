"""Zones as people abbreviate them; their offsets are fixed, so that nothing here knows a summer.

Names of places (Europe/Berlin) are not read: their offset changes by laws that a program does not
know ahead. An abbreviation that several zones share has several offsets (R-5: nothing is assumed).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import HOUR, MINUTE

_WINTER_OF: Final = MappingProxyType(
    {
        "EDT": "EST",
        "CDT": "CST",
        "MDT": "MST",
        "PDT": "PST",
        "AKDT": "AKST",
        "CEST": "CET",
        "EEST": "EET",
        "WEST": "WET",
    }
)
"""The abbreviation of winter of each of summer, in the north."""

_SUMMER_OF: Final = MappingProxyType({winter: summer for summer, winter in _WINTER_OF.items()})
_SUMMER: Final = range(4, 10)
"""Months in which all of these zones have summer time; in `_WINTER` none has."""
_WINTER: Final = (12, 1, 2)

_HOURS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "Z": (0,),
        "UTC": (0,),
        "GMT": (0,),
        "WET": (0,),
        "WEST": (1,),
        "CET": (1,),
        "CEST": (2,),
        "EET": (2,),
        "EEST": (3,),
        "MSK": (3,),
        "EST": (-5,),
        "EDT": (-4,),
        "CDT": (-5,),
        "MST": (-7,),
        "MDT": (-6,),
        "PST": (-8,),
        "PDT": (-7,),
        "AKST": (-9,),
        "AKDT": (-8,),
        "HST": (-10,),
        "JST": (9,),
        "KST": (9,),
        "HKT": (8,),
        "SGT": (8,),
        "AEST": (10,),
        "AEDT": (11,),
        "ACST": (9.5,),
        "ACDT": (10.5,),
        "AWST": (8,),
        "NZST": (12,),
        "NZDT": (13,),
        "CST": (-6, 8),
        "IST": (5.5, 2, 1),
        "BST": (1, 6),
    }
)
"""Hours east of UTC of each abbreviation; several where several zones use it."""

_OFFSET: Final = re.compile(r"(?:UTC|GMT)? ?([+-])([0-9]{1,2})(?::?([0-9]{2}))?", re.ASCII)
_OFFSET_MAX: Final = 14 * HOUR


def offsets(zone: str, month: int) -> tuple[int, ...]:
    """Return the offsets east of UTC, in microseconds, that `zone` may mean in `month`.

    `Z`, `UTC`, `+01:00`, `UTC+1`, `CET`; one that is not known has none. Who writes the
    abbreviation of winter in summer, or the other way, may mean either.

    >>> [offset // HOUR for offset in offsets("PST", 12)], offsets("+00:30", 1)[0] // MINUTE
    ([-8], 30)
    """
    name = zone.upper()
    found = _OFFSET.fullmatch(name)
    if found:
        minutes = int(found[3] or 0)
        size = int(found[2]) * HOUR + minutes * MINUTE
        sound = size <= _OFFSET_MAX and minutes < 60
        return ((size if found[1] == "+" else -size),) if sound else ()
    names = [name]
    if month in _SUMMER and name in _SUMMER_OF:
        names.append(_SUMMER_OF[name])
    if month in _WINTER and name in _WINTER_OF:
        names.append(_WINTER_OF[name])
    hours = (each for one in names for each in _HOURS.get(one, ()))
    return tuple(dict.fromkeys(round(each * HOUR) for each in hours))
