"""What may be due to authorities of an exploited vulnerability: deadlines, and drafts (S-6)."""

from collections.abc import Sequence
from typing import Final

from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.obligations import deadlines
from gatekeeper.domain.process import Fact
from gatekeeper.domain.team import Person
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.post import Words, to_some
from gatekeeper.store import issues
from gatekeeper.store.dates import DateRow
from gatekeeper.store.tx import Tx
from gatekeeper.store.watching import Followed
from gatekeeper.texts.reminders import OBLIGATION

KIND: Final = "obligation"
"""The kind of letter that brings deadlines and drafts."""


def begin(
    tx: Tx,
    desk: Desk,
    issue: Followed,
    date: DateRow | None,
    people: Sequence[Person],
    *,
    known_at: Instant,
    now: Instant,
) -> None:
    """Write to people which reports may be due by when, with a draft of each to be completed."""
    headline = f"{issue.issue_id} is exploited: reports to authorities may be due"
    due = deadlines(known_at, desk.policy.reminders.obligations)
    fix = issue.facts.get(Fact.FIX_READY)
    text = desk.texts.fill(
        OBLIGATION,
        {
            "project": desk.name,
            "headline": headline,
            "issue": str(issue.issue_id),
            "known": spoken(known_at),
            "severity": str(issue.severity or "not judged yet"),
            "fix": "there is none yet" if fix is None else f"ready since {spoken(fix)}",
            "public": "a date that is not set" if date is None else spoken(date.instant),
            "deadlines": tuple(f"{each.name}: {spoken(each.at)}" for each in due),
        },
    )
    words = Words(kind=KIND, subject=headline, text=text)
    to_some(tx, desk, words, people, issue=issues.by_row(tx, issue.issue), now=now)
