"""Remind people: look at everything that is open, and write what is due, each once (S-2).

What was told is noted in the transaction that writes the letters: whatever is killed, nothing is
told twice and nothing is lost. Whatever was missed while nothing ran is told once, as it stands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain import reminding
from gatekeeper.domain.clock_rules import Cap, Running, caps, own
from gatekeeper.domain.date_state import By, DateState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.process import Fact
from gatekeeper.domain.reminders import BEGUN, Reminder, Reminds
from gatekeeper.domain.reminding import QUIET, Watched
from gatekeeper.domain.statistics import ANSWERS
from gatekeeper.domain.turnout import Turnout, too_few
from gatekeeper.domain.wishes import Standing
from gatekeeper.issues import (
    approving,
    calling,
    daily,
    obligation_words,
    outside_reminders,
    waiting_requests,
)
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.reminder_words import Item, line_of, next_step
from gatekeeper.store import audit, dates, frozen, reminded, requests, watching
from gatekeeper.store import tx as transaction
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from gatekeeper.store.watching import Followed

_ACTOR: Final = "gatekeeper"
_KEPT: Final = 400 * DAY
"""How long it is known what was reminded of that concerns no issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminding:
    """Reminds over one store; what `desk.policy` says of reminders is when."""

    store: Store
    desk: Desk
    now: Callable[[], Instant]

    def tick(self) -> int:
        """Write what is due; return how many letters, 0 when there is nothing new."""
        now = self.now()
        if not self.store.read(lambda tx: _anything(tx, self.desk, now)):
            return 0
        return self.store.write(lambda tx: remind(tx, self.desk, now))


def remind(tx: Tx, desk: Desk, now: Instant) -> int:
    """Write what is due now; return how many letters that were."""
    transaction.lock(tx, "reminding", b"")
    if frozen.of(tx) is not None:
        return 0
    written = approving.expire(tx, desk, now=now)
    seen = _seen(tx, desk)
    new = [each for each in _due(tx, desk, seen, now) if _note(tx, each, now)]
    urgent = [each for each in new if each.reminder.urgent]
    begun = [each for each in urgent if _begins_obligations(each)]
    for each in begun:
        _obliged(tx, desk, seen, each, now)
    written += len(begun) + calling.call(tx, desk, [e for e in urgent if e not in begun], now)
    written += daily.write(tx, desk, [e for e in new if not e.reminder.urgent], now)
    outside_reminders.begin(tx, now)
    owed = tuple(outside_reminders.owed(tx, seen.issues, seen.dates, desk.policy, now))
    written += outside_reminders.write(tx, desk, owed, now)
    reminded.forget_old(tx, before=later(now, -_KEPT))
    audit.append_all(tx, tuple(_entries(new)), now=now)
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Everything at one moment that reminders depend on."""

    issues: tuple[Followed, ...]
    dates: Mapping[RowId, DateRow]
    there: Turnout


def _seen(tx: Tx, desk: Desk) -> _Seen:
    return _Seen(
        issues=watching.open_issues(tx, quiet=QUIET, answers=ANSWERS),
        dates={each.issue: each for each in dates.all_standing(tx)},
        there=calling.turnout(tx, desk),
    )


def _anything(tx: Tx, desk: Desk, now: Instant) -> bool:
    """Say whether there is something to write."""
    if frozen.of(tx) is not None:
        return False
    if requests.expired(tx, now=now) or outside_reminders.began(tx) is None:
        return True
    seen = _seen(tx, desk)
    if any(outside_reminders.owed(tx, seen.issues, seen.dates, desk.policy, now)):
        return True
    return any(_is_new(tx, each) for each in _due(tx, desk, seen, now))


def _due(tx: Tx, desk: Desk, seen: _Seen, now: Instant) -> Iterator[Item]:
    """Yield all that is due now, told before or not; what can wait only when it is time for it."""
    is_daily = daily.is_due(tx, desk, now)
    by_row = {each.issue: each for each in seen.issues}
    for each in (
        *waiting_requests.items(tx, desk, by_row, seen.there, now),
        *(item for issue in seen.issues for item in _of_issue(desk, seen, issue, now)),
    ):
        if each.reminder.urgent or is_daily:
            yield each


def _of_issue(desk: Desk, seen: _Seen, issue: Followed, now: Instant) -> Iterator[Item]:
    date, policy = seen.dates.get(issue.issue), desk.policy
    watched = _watched(desk, issue, date)
    found = reminding.due(watched, policy.reminders, policy.embargo.calendar, now)
    for reminder in (*found, *_approvers(desk, watched, seen.there, now)):
        yield Item(
            reminder=reminder,
            issue=issue,
            people=calling.called(reminder, issue.owner, seen.there, now),
            line=line_of(reminder, issue, date, now),
            next_step=next_step(desk, reminder, issue),
        )


def _approvers(desk: Desk, watched: Watched, there: Turnout, now: Instant) -> tuple[Reminder, ...]:
    """Return whether too few of the team are there at the date of an issue (S-0)."""
    date, policy = watched.date, desk.policy
    if date is None or date.state is not DateState.AGREED or not watched.embargoed:
        return ()
    if not now < date.instant <= later(now, policy.reminders.approvers_before):
        return ()
    why = too_few(date.instant, there, policy.approvals)
    return (reminding.absent(date.instant, why, now),) if why else ()


def _watched(desk: Desk, issue: Followed, date: DateRow | None) -> Watched:
    return Watched(
        issue=issue.issue,
        state=issue.state,
        track=issue.track,
        severity=issue.severity,
        owner=issue.owner,
        reported_at=issue.opened_at,
        answered_at=issue.answered_at,
        active_at=issue.active_at,
        date=_standing(date),
        caps=_caps(desk, issue),
        exploited_at=issue.facts.get(Fact.EXPLOITED),
    )


def _standing(date: DateRow | None) -> Standing | None:
    if date is None:
        return None
    state = DateState(date.state)
    return Standing(
        instant=date.instant,
        predisclosure=date.predisclosure,
        state=state,
        since=date.at,
        by=By.REPORTER if state is DateState.AGREED else None,
    )


def _caps(desk: Desk, issue: Followed) -> tuple[tuple[Cap, Instant], ...]:
    """Return the caps of all clocks that run, the policy's own among them, and since when."""
    policy = desk.policy.embargo
    running = [own(issue.opened_at, policy)]
    for name, started_at in issue.clocks.items():
        rule = policy.clock(name)
        if rule is not None and rule.name != running[0].rule.name:
            running.append(Running(rule=rule, started_at=started_at))
    return tuple((cap, each.started_at) for each in running for cap in caps([each], policy))


def _is_new(tx: Tx, item: Item) -> bool:
    """Say whether this was not told yet, nor a later stage of it."""
    issue = item.issue.issue if item.issue is not None else None
    reminder = item.reminder
    return all(
        reminded.last(tx, key=key, issue=issue) is None
        for key in (reminder.key, *reminder.silenced_by)
    )


def _note(tx: Tx, item: Item, now: Instant) -> bool:
    """Write down that this is told now; False when it was before."""
    issue = item.issue.issue if item.issue is not None else None
    return _is_new(tx, item) and reminded.first_time(
        tx, key=item.reminder.key, issue=issue, now=now
    )


def _begins_obligations(item: Item) -> bool:
    return item.reminder.reminds is Reminds.OBLIGATION and item.reminder.what == BEGUN


def _obliged(tx: Tx, desk: Desk, seen: _Seen, item: Item, now: Instant) -> None:
    issue = item.issue
    if issue is None:
        message = "what is exploited is an issue"
        raise ValueError(message)
    date, known_at = seen.dates.get(issue.issue), item.reminder.about
    obligation_words.begin(tx, desk, issue, date, item.people, known_at=known_at, now=now)


def _entries(told: Sequence[Item]) -> Iterator[audit.Entry]:
    """Yield an entry for each reminder, in no order that depends on chance."""
    for each in calling.in_order(told):
        yield audit.Entry(
            kind="reminder.sent",
            actor=_ACTOR,
            payload={
                "reminder": each.reminder.key,
                "urgent": each.reminder.urgent,
                "to": [person.name for person in each.people],
            },
            issue=each.issue.issue if each.issue is not None else None,
        )
