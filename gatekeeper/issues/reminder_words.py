"""What the team reads of each reminder: what it is about in one line, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import MINUTE, Instant, spoken
from gatekeeper.domain.process_policy import OWN_CLOCK
from gatekeeper.domain.reminders import BEGUN, Reminder, Reminds
from gatekeeper.domain.statistics import said
from gatekeeper.domain.team import Person
from gatekeeper.issues.column import quoted
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.store import dates
from gatekeeper.store.dates import DateRow
from gatekeeper.store.watching import Followed

_SUBJECT_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One reminder as it is written: about which issue, for whom, and in which words.

    `issue` None for what is about the installation · `line` one line of ours · `next_step` what to
    do, "" for nothing in particular.
    """

    reminder: Reminder
    issue: Followed | None
    people: tuple[Person, ...]
    line: str
    next_step: str = ""

    @property
    def title(self) -> str:
        """What the issue is called, and who looks after it."""
        if self.issue is None:
            return "The installation"
        owner = f"{self.issue.owner} looks after it" if self.issue.owner else "it is nobody's"
        return f"{self.issue.issue_id} {quoted(self.issue.subject, _SUBJECT_MAX)}, {owner}"


def line_of(reminder: Reminder, issue: Followed, date: DateRow | None, now: Instant) -> str:
    """Return what a reminder says of an issue, in one line; `date` is the one that stands."""
    at = spoken(reminder.about)
    match reminder.reminds:
        case Reminds.UNANSWERED:
            return f"reported {at}, {_ago(reminder.about, now)}; no person has answered it"
        case Reminds.STALE:
            rated = f" ({issue.severity})" if issue.severity is not None else ""
            return f"nothing has happened since {at}, {_ago(reminder.about, now)}{rated}"
        case Reminds.OBLIGATION if reminder.what == BEGUN:
            return f"it is exploited, known since {at}: reports to authorities may be due"
        case Reminds.OBLIGATION:
            return f"{reminder.what} to the authorities is due {at}, {_left(reminder.about, now)}"
        case Reminds.APPROVAL:
            message = "what waits for approval is said where it is known"
            raise ValueError(message)
        case _:
            return _of_date(reminder, date, now)


def _of_date(reminder: Reminder, date: DateRow | None, now: Instant) -> str:
    """Return what is said of a date, or of a clock, which `what` then begins with."""
    at, clock = spoken(reminder.about), _clock(reminder.what.split(" ", maxsplit=1)[0])
    stands = date.state if date is not None else dates.PROPOSED
    left, ago = _left(reminder.about, now), _ago(reminder.about, now)
    match reminder.reminds:
        case Reminds.DATE:
            return f"public on {at}, {left} ({stands})"
        case Reminds.PASSED:
            return f"the {stands} date was {at}, {ago}, and it is not public"
        case Reminds.CAP:
            return f"{clock} ends {at}, {left}"
        case Reminds.OVER_CAP:
            return f"{clock} ended {at}, {ago}, and it is not public"
        case _:
            return f"public on {at}, and too few can approve anything then: {reminder.what}"


def _clock(name: str) -> str:
    return "the longest embargo by policy" if name == OWN_CLOCK else f"the clock {name}"


def next_step(desk: Desk, reminder: Reminder, issue: Followed) -> str:
    """Return what can be done about a reminder, "" where nothing in particular can."""
    verbs = _VERBS.get(reminder.reminds)
    return "" if verbs is None else verbs.format(command=command(desk, issue.issue_id))


_VERBS: Final[Mapping[Reminds, str]] = MappingProxyType(
    {
        Reminds.UNANSWERED: "Take it with `{command} own`, and answer with `reply`.",
        Reminds.STALE: "Say how it stands with `{command} note`, or hand it on with `own`.",
        Reminds.DATE: 'Move it with `{command} move INSTANT reason="WHY"`, which others approve.',
        Reminds.PASSED: "Publish it, or agree on another date: `{command} move INSTANT`.",
        Reminds.OVER_CAP: "Publish it; a clock of others cannot be moved by the team.",
        Reminds.APPROVERS: "Have somebody be there, or back earlier: `!away UNTIL`.",
    }
)


def _left(at: Instant, now: Instant) -> str:
    """Return how long it is until then, in whole minutes."""
    left = (at - now + MINUTE - 1) // MINUTE * MINUTE
    return f"in {said(left)}" if left > 0 else _ago(at, now)


def _ago(at: Instant, now: Instant) -> str:
    return f"{said(max(0, now - at))} ago"
