"""The texts that remind the response team: their names, values and samples."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

DAILY: Final = "daily.txt"
"""What is not urgent, once a day."""

OBLIGATION: Final = "obligation.txt"
"""What may be due to authorities of what is exploited, with drafts."""

SAMPLES: Final[Mapping[str, Mapping[str, str | Sequence[str]]]] = MappingProxyType(
    {
        DAILY: MappingProxyType(
            {
                "headline": "Example: 4 reminders for Thu 2026-09-03",
                "dates": (
                    'SEC-2026-0001 "a subject", Andrea Example looks after it',
                    "  public on Thu 2026-09-10 12:00:00Z, in 7 d (agreed)",
                ),
                "approvals": ("SEC-2026-0002 ...", "  a date move, asked by Andrea Example"),
                "unanswered": ("SEC-2026-0003 ...", "  no person has answered it"),
                "stale": ("SEC-2026-0004 ...", "  nothing has happened"),
            }
        ),
        OBLIGATION: MappingProxyType(
            {
                "project": "Example",
                "headline": "It is exploited",
                "issue": "SEC-2026-0001",
                "known": "Thu 2026-09-03 12:00:00Z",
                "severity": "high",
                "fix": "there is none yet",
                "public": "Thu 2026-09-24 12:00:00Z",
                "deadlines": ("early warning: Fri 2026-09-04 12:00:00Z",),
            }
        ),
    }
)
"""Every value that each text is given."""

NEVER_LEFT_OUT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        DAILY: frozenset({"headline", "dates", "approvals", "unanswered", "stale"}),
        OBLIGATION: frozenset({"headline", "known", "deadlines"}),
    }
)
"""What each has to say however it is written."""
