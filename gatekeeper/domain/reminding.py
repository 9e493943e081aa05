"""Which reminders of an issue are due (S-2, R-6): one stage of each at a time, the latest reached.

So whatever was missed while nothing ran is told once, as it stands now, and not step by step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.calendar import Calendar
from gatekeeper.domain.clock_rules import Cap
from gatekeeper.domain.date_state import DateState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, MINUTE, Instant, later
from gatekeeper.domain.obligations import deadlines
from gatekeeper.domain.process import IssueState, Severity, Track
from gatekeeper.domain.process_policy import ReminderPolicy
from gatekeeper.domain.reminders import BEGUN, ESCALATED, Audience, Reminder, Reminds, key_of
from gatekeeper.domain.silence import working_days_after
from gatekeeper.domain.wishes import Standing

QUIET: Final = ("delivery.", "letter.", "reminder.", "key.", "issue.shown", "issue.exported")
"""How the kinds of entries begin by which nothing happens in an issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What of an open issue reminders depend on.

    `answered_at` when a person first answered, None while none did · `active_at` when something
    last happened · `caps` of the clocks that run, each with when it began · `exploited_at` since
    when it is known to be exploited.
    """

    issue: RowId
    state: IssueState
    track: Track | None
    severity: Severity | None
    owner: str
    reported_at: Instant
    answered_at: Instant | None
    active_at: Instant
    date: Standing | None
    caps: tuple[tuple[Cap, Instant], ...] = ()
    exploited_at: Instant | None = None

    @property
    def embargoed(self) -> bool:
        """Say whether silence about it is promised, or may be until its track is chosen."""
        return self.track is None or self.track.embargoed


def due(
    watched: Watched, policy: ReminderPolicy, calendar: Calendar, now: Instant
) -> tuple[Reminder, ...]:
    """Return what is to be reminded of at `now`, at most one for each thing that it is about."""
    return (
        *_unanswered(watched, policy, calendar, now),
        *_stale(watched, policy, now),
        *_date(watched, policy, now),
        *_caps(watched, policy, now),
        *_obligations(watched, policy, now),
    )


def waiting(
    asked_at: Instant, expires_at: Instant | None, policy: ReminderPolicy, now: Instant
) -> Reminder | None:
    """Return the reminder of a request that waits for approval since `asked_at`, None for none.

    A while after it was asked for, and as long before it ends; the second is urgent.
    """
    after = policy.approval_after
    first = _of_request(asked_at, asked_at, "waits", later(asked_at, after), urgent=False)
    if expires_at is None:
        return first if first.since <= now else None
    last = _of_request(asked_at, expires_at, "ends", later(expires_at, -after), urgent=True)
    if max(last.since, asked_at) <= now < expires_at and last.since > asked_at:
        return last
    return first if first.since <= now < expires_at else None


def absent(date: Instant, why: str, now: Instant) -> Reminder:
    """Return the reminder that too few can approve at a date, and `why`; urgent on the last day."""
    return Reminder(
        reminds=Reminds.APPROVERS,
        about=date,
        what=why,
        since=now,
        audience=Audience.TEAM,
        urgent=date - now <= DAY,
    )


def _of_request(
    asked_at: Instant, about: Instant, what: str, since: Instant, *, urgent: bool
) -> Reminder:
    return Reminder(
        reminds=Reminds.APPROVAL,
        about=about,
        what=f"{what} {asked_at}",
        since=since,
        audience=Audience.TEAM,
        urgent=urgent,
    )


def _unanswered(
    watched: Watched, policy: ReminderPolicy, calendar: Calendar, now: Instant
) -> Iterator[Reminder]:
    if watched.answered_at is not None or watched.state is not IssueState.REPORTED:
        return
    since = working_days_after(watched.reported_at, policy.unacknowledged_days, calendar)
    yield from _acted_on(Reminds.UNANSWERED, watched.reported_at, since, policy, now)


def _stale(watched: Watched, policy: ReminderPolicy, now: Instant) -> Iterator[Reminder]:
    if _waits_for_its_date(watched, now):
        return
    if watched.answered_at is None and watched.state is IssueState.REPORTED:
        return
    critical = watched.severity is Severity.CRITICAL
    since = later(watched.active_at, _still(watched.severity, policy))
    yield from _acted_on(Reminds.STALE, watched.active_at, since, policy, now, urgent=critical)


def _waits_for_its_date(watched: Watched, now: Instant) -> bool:
    """Say whether only its date is left: until then nothing is to be done, then it is told of."""
    if watched.state not in {IssueState.PREPARED, IssueState.PREDISCLOSED}:
        return False
    date = watched.date
    if date is None or date.state is not DateState.AGREED:
        return False
    return watched.embargoed or now < date.instant


def _still(severity: Severity | None, policy: ReminderPolicy) -> int:
    match severity:
        case Severity.CRITICAL:
            return policy.stale_critical
        case Severity.HIGH:
            return policy.stale_high
        case Severity.MODERATE:
            return policy.stale_moderate
        case Severity.LOW:
            return policy.stale_low
        case None:
            return policy.stale_unrated


def _acted_on(
    reminds: Reminds,
    about: Instant,
    since: Instant,
    policy: ReminderPolicy,
    now: Instant,
    *,
    urgent: bool = False,
) -> Iterator[Reminder]:
    """Yield what the owner is told of, or everybody once nobody acted on it for long enough."""
    escalates = later(since, policy.escalate_after)
    all_ = now >= escalates
    if now >= since:
        yield Reminder(
            reminds=reminds,
            about=about,
            what=ESCALATED if all_ else "",
            since=escalates if all_ else since,
            audience=Audience.TEAM if all_ else Audience.OWNER,
            urgent=urgent,
            silenced_by=() if all_ else (key_of(reminds, about, ESCALATED),),
        )


def _date(watched: Watched, policy: ReminderPolicy, now: Instant) -> Iterator[Reminder]:
    date = watched.date
    if date is None or not watched.embargoed:
        return
    if now < date.instant:
        yield from _approaching(Reminds.DATE, date.instant, policy.before_date, date.since, now)
    else:
        agreed = date.state is DateState.AGREED
        yield _over(Reminds.PASSED, date.instant, "", now, urgent=agreed)


def _caps(watched: Watched, policy: ReminderPolicy, now: Instant) -> Iterator[Reminder]:
    if not watched.embargoed:
        return
    for cap, began in watched.caps:
        if now < cap.instant:
            found = _approaching(
                Reminds.CAP, cap.instant, policy.before_cap, began, now, of=cap.clock
            )
            yield from found
        else:
            yield _over(Reminds.OVER_CAP, cap.instant, cap.clock, now, urgent=True)


def _approaching(
    reminds: Reminds,
    at: Instant,
    spans: Sequence[int],
    since: Instant,
    now: Instant,
    *,
    of: str = "",
) -> Iterator[Reminder]:
    """Yield the latest stage before an instant; none that was past when the instant was set."""
    stages = [(span, f"{of} {span // MINUTE} min".strip()) for span in spans]
    reached = [stage for stage in stages if since <= later(at, -stage[0]) <= now]
    if not reached:
        return
    span, what = reached[-1]
    closer = stages[stages.index((span, what)) + 1 :]
    yield Reminder(
        reminds=reminds,
        about=at,
        what=what,
        since=later(at, -span),
        audience=Audience.TEAM if span <= DAY else Audience.OWNER,
        urgent=span <= DAY,
        silenced_by=tuple(key_of(reminds, at, each) for _, each in closer),
    )


def _over(reminds: Reminds, at: Instant, of: str, now: Instant, *, urgent: bool) -> Reminder:
    """Return the reminder of what should have happened, another one each day (R-6)."""
    day = (now - at) // DAY
    return Reminder(
        reminds=reminds,
        about=at,
        what=f"{of} day {day}".strip(),
        since=later(at, day * DAY),
        audience=Audience.TEAM,
        urgent=urgent,
    )


def _obligations(watched: Watched, policy: ReminderPolicy, now: Instant) -> Iterator[Reminder]:
    """Yield the deadlines at once when they begin to run, and each again before it ends."""
    known = watched.exploited_at
    if known is None or not policy.obligations or now < known:
        return
    yield _obligation(known, BEGUN, known)
    for each in deadlines(known, policy.obligations):
        if each.remind_at <= now:
            yield _obligation(each.at, each.name, each.remind_at)


def _obligation(about: Instant, what: str, since: Instant) -> Reminder:
    return Reminder(
        reminds=Reminds.OBLIGATION,
        about=about,
        what=what,
        since=since,
        audience=Audience.TEAM,
        urgent=True,
    )
