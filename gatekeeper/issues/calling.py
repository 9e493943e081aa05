"""Whom reminders call: who of the team is there; what is urgent in mails of its own (S-0)."""

from collections.abc import Iterable, Sequence
from typing import Final

from gatekeeper.domain.instants import Instant
from gatekeeper.domain.reminders import ORDER, Reminder
from gatekeeper.domain.team import Person
from gatekeeper.domain.turnout import Turnout, addressed
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import notice_text
from gatekeeper.issues.post import Words, to_some
from gatekeeper.issues.reminder_words import Item
from gatekeeper.store import attendance, issues
from gatekeeper.store.tx import Tx

REMINDER: Final = "reminder"
"""The kind of letter that reminds of what is urgent."""

_APART: Final = 3
"""Issues of which each has a mail of its own, in its thread; more of them share one."""


def turnout(tx: Tx, desk: Desk) -> Turnout:
    """Return the team with who of it is away or suspended."""
    found = attendance.list_all(tx)
    return Turnout(
        team=desk.team,
        away={each.person.key: each.away_until for each in found if each.away_until is not None},
        suspended={each.person.key for each in found if each.suspended_at is not None},
    )


def called(reminder: Reminder, owner: str, there: Turnout, now: Instant) -> tuple[Person, ...]:
    """Return who is reminded; everybody where everybody is suspended, for somebody must know."""
    return addressed(reminder.audience, owner, there, now) or there.team.people


def call(tx: Tx, desk: Desk, items: Sequence[Item], now: Instant) -> int:
    """Write the urgent reminders, in the threads of their issues; return how many letters.

    When there are many at once, as after a long rest, each person has one mail with all of theirs.
    """
    grouped = _grouped(items)
    if len({each.issue.issue for each in items if each.issue is not None}) > _APART:
        for people in dict.fromkeys(each.people for each in items):
            theirs = [each for each in items if each.people == people]
            _write_together(tx, desk, theirs, people, now)
        return len({each.people for each in items})
    for group in grouped:
        _write(tx, desk, group, now)
    return len(grouped)


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return reminders in the order in which they are read: the most pressing first."""
    return sorted(items, key=lambda each: (ORDER[each.reminder.reminds], each.reminder.about))


def _grouped(items: Sequence[Item]) -> list[list[Item]]:
    """Return the reminders of each issue for the same people together."""
    found: dict[tuple[bytes, tuple[Person, ...]], list[Item]] = {}
    for each in in_order(items):
        place = each.issue.issue if each.issue is not None else b""
        found.setdefault((place, each.people), []).append(each)
    return list(found.values())


def _write(tx: Tx, desk: Desk, group: Sequence[Item], now: Instant) -> None:
    """Write what is urgent in one issue."""
    first = group[0]
    steps = dict.fromkeys(each.next_step for each in group if each.next_step)
    words = Words(
        kind=REMINDER,
        subject=_capital(first.line),
        text=notice_text(
            desk, first.title, [_capital(each.line) for each in group], "\n".join(steps)
        ),
    )
    row = issues.by_row(tx, first.issue.issue) if first.issue is not None else None
    to_some(tx, desk, words, first.people, issue=row, now=now)


def _write_together(
    tx: Tx, desk: Desk, items: Sequence[Item], people: Sequence[Person], now: Instant
) -> None:
    """Write what is urgent in several issues into one mail."""
    headline = f"Urgent in {len({each.title for each in items})} issues"
    lines: list[str] = []
    for group in _grouped(items):
        lines += [group[0].title, *(f"  {each.line}" for each in group), ""]
    text = notice_text(desk, headline, lines[:-1], "")
    words = Words(kind=REMINDER, subject=headline, text=text)
    to_some(tx, desk, words, people, issue=None, now=now)


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]
