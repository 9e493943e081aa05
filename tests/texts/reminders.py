"""Each text that reminds the response team, with its values, for its golden file."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.texts.reminders import DAILY, OBLIGATION

_NOBODYS: Final = "it is nobody's"

REMINDERS: Final[Mapping[str, tuple[str, dict[str, object]]]] = MappingProxyType(
    {
        "daily": (
            DAILY,
            {
                "headline": "Example: 5 reminders for Thu 2026-09-17",
                "dates": (
                    'SEC-2026-0007 "Heap overflow in the parser", Andrea Example looks after it',
                    "  public on Thu 2026-09-24 12:00:00Z, in 7 d (agreed)",
                    'SEC-2026-0003 "Session tokens can be predicted", Wei Example looks after it',
                    "  the clock linux-distros ends Mon 2026-09-21 12:00:00Z, in 4 d 4 h",
                ),
                "approvals": (
                    'SEC-2026-0003 "Session tokens can be predicted", Wei Example looks after it',
                    "  a move of the date, asked by Sam Example Wed 2026-09-16 07:00:00Z",
                    "  It ends unapproved Wed 2026-09-23 07:00:00Z. To approve it, send signed:",
                    f"  !SEC-2026-0003@example.org approve {'4f1c' * 16}",
                ),
                "unanswered": (
                    f'SEC-2026-0011 "Crash in the frame parser", {_NOBODYS}',
                    "  reported Tue 2026-09-15 09:30:00Z, 1 d 22 h ago; no person has answered it",
                ),
                "stale": (
                    'SEC-2026-0005 "Stored XSS in the web interface", Sam Example looks after it',
                    "  nothing has happened since Thu 2026-09-10 08:00:00Z, 7 d ago (moderate)",
                ),
            },
        ),
        "daily-of-one-thing": (
            DAILY,
            {
                "headline": "Example: 1 reminder for Thu 2026-09-17",
                "dates": (),
                "approvals": (),
                "unanswered": (
                    f'SEC-2026-0011 "Crash in the frame parser", {_NOBODYS}',
                    "  reported Tue 2026-09-15 09:30:00Z, 1 d 22 h ago; no person has answered it",
                ),
                "stale": (),
            },
        ),
        "obligation": (
            OBLIGATION,
            {
                "project": "Example",
                "headline": "SEC-2026-0007 is exploited: reports to authorities may be due",
                "issue": "SEC-2026-0007",
                "known": "Thu 2026-09-03 12:00:00Z",
                "severity": "critical",
                "fix": "ready since Wed 2026-09-02 09:00:00Z",
                "public": "Thu 2026-09-24 12:00:00Z",
                "deadlines": (
                    "early warning: Fri 2026-09-04 12:00:00Z",
                    "notification: Sun 2026-09-06 12:00:00Z",
                    "final report: Thu 2026-09-17 12:00:00Z",
                ),
            },
        ),
    }
)
