"""Instants: UTC microseconds since 1970, the only form of time that rules and tables know."""

from datetime import UTC, datetime, timedelta
from typing import Final, NewType

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01T00:00:00Z; what the database stores as BIGINT."""

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of an aware datetime; a naive one is refused with ValueError."""
    if moment.tzinfo is None:
        message = "a datetime without a zone is not an instant"
        raise ValueError(message)
    return Instant((moment - _EPOCH) // timedelta(microseconds=1))


def to_datetime(instant: Instant) -> datetime:
    """Return the aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def later(instant: Instant, microseconds: int) -> Instant:
    """Return the instant that many microseconds after (or, negative, before) `instant`."""
    return Instant(instant + microseconds)


def rfc3339(instant: Instant) -> str:
    """Return the instant as RFC 3339 UTC to the second: `2026-09-03T12:00:00Z`."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def parsed(text: str) -> Instant:
    """Return the instant that is written as RFC 3339, with its zone; ValueError for anything else.

    >>> rfc3339(parsed("2026-09-03T14:00+02:00"))
    '2026-09-03T12:00:00Z'
    """
    moment = datetime.fromisoformat(text.strip())
    if "T" not in text.upper() or moment.tzinfo is None:
        message = "an instant has a time of day and a zone"
        raise ValueError(message)
    return from_datetime(moment)


def spoken(instant: Instant) -> str:
    """Return the instant as people read it (R-5): `Thu 2026-09-03 12:00:00Z`."""
    return to_datetime(instant).strftime("%a %Y-%m-%d %H:%M:%SZ")
