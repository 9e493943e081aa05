"""The daily mail: everything that is not urgent, in one letter to whom it concerns."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.calendar import day_of
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.reminders import Reminds
from gatekeeper.domain.team import Person
from gatekeeper.issues.calling import in_order
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.post import Words, to_some
from gatekeeper.issues.reminder_words import Item
from gatekeeper.store import reminded
from gatekeeper.store.tx import Tx
from gatekeeper.texts.reminders import DAILY

KIND: Final = "daily"
"""The kind of letter that it is."""

_SHOWN: Final = 40
"""Reminders of one section that are told each; of more it is told how many."""

_SECTIONS: Final[Mapping[str, frozenset[Reminds]]] = MappingProxyType(
    {
        "dates": frozenset(
            {
                Reminds.PASSED,
                Reminds.OVER_CAP,
                Reminds.DATE,
                Reminds.CAP,
                Reminds.APPROVERS,
                Reminds.OBLIGATION,
            }
        ),
        "approvals": frozenset({Reminds.APPROVAL}),
        "unanswered": frozenset({Reminds.UNANSWERED}),
        "stale": frozenset({Reminds.STALE}),
    }
)


def is_due(tx: Tx, desk: Desk, now: Instant) -> bool:
    """Say whether it is time for today's: a working day, the hour reached, none sent yet."""
    day, policy = day_of(now), desk.policy
    if not policy.embargo.calendar.works_on(day):
        return False
    midnight = policy.embargo.calendar.on(day) - policy.embargo.calendar.at
    return now >= midnight + policy.reminders.daily_at and reminded.last(tx, key=_key(now)) is None


def write(tx: Tx, desk: Desk, items: Sequence[Item], now: Instant) -> int:
    """Write today's mail to everybody who has something in it; return how many letters.

    People with the same reminders share a letter.
    """
    if not items:
        return 0
    reminded.first_time(tx, key=_key(now), now=now)
    theirs: dict[tuple[str, ...], list[Person]] = {}
    for person in desk.team.people:
        keys = tuple(each.reminder.key for each in items if person in each.people)
        if keys:
            theirs.setdefault(keys, []).append(person)
    for people in theirs.values():
        wanted = [each for each in items if people[0] in each.people]
        to_some(tx, desk, _words(desk, wanted, now), people, issue=None, now=now)
    return len(theirs)


def _key(now: Instant) -> str:
    return f"daily {day_of(now).isoformat()}"


def _words(desk: Desk, items: Sequence[Item], now: Instant) -> Words:
    number = "1 reminder" if len(items) == 1 else f"{len(items)} reminders"
    headline = f"{number} for {day_of(now):%a %Y-%m-%d}"
    sections = {name: tuple(_section(items, of)) for name, of in _SECTIONS.items()}
    text = desk.texts.fill(DAILY, {"headline": f"{desk.name}: {headline}", **sections})
    return Words(kind=KIND, subject=headline, text=text)


def _section(items: Sequence[Item], of: frozenset[Reminds]) -> Iterator[str]:
    found = [each for each in in_order(items) if each.reminder.reminds in of]
    for each in found[:_SHOWN]:
        yield each.title
        yield f"  {each.line}"
        if each.reminder.reminds is Reminds.APPROVAL:
            yield from (f"  {line}" for line in each.next_step.split("\n"))
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN} more; `gatekeeper issue list` shows all issues"
