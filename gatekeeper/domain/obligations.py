"""Obligation clocks: what must be told to authorities by when, once a vulnerability is exploited.

For those under the Cyber Resilience Act (Regulation (EU) 2024/2847, article 14): an early warning
within 24 hours, a notification within 72 hours, a final report after 14 days (S-6). The program
reminds people and drafts; it never sends anything to an authority.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.instants import DAY, Instant, later

NAMES: Final = ("early warning", "notification", "final report")
"""What is due at the first, second and third deadline; any further ones are reports, too."""

_QUARTER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One report to an authority: its name, when it is due, and when people are reminded of it."""

    name: str
    at: Instant
    remind_at: Instant


def deadlines(known_at: Instant, spans: Sequence[int]) -> tuple[Deadline, ...]:
    """Return the deadlines that run since it was known that a vulnerability is exploited.

    `spans` in microseconds, the shortest first. People are reminded when a quarter of the time is
    left, at most a day before.
    """
    found = []
    for number, span in enumerate(spans):
        name = NAMES[min(number, len(NAMES) - 1)]
        at = later(known_at, span)
        left = min(span // _QUARTER, DAY)
        found.append(Deadline(name=name, at=at, remind_at=later(at, -left)))
    return tuple(found)
