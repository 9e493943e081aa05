"""What a reporter is owed: a word now and then, and a reminder of a date that waits for them.

Nobody gets one before a person of the team has answered or decided: what only a machine has seen
may be in a forged name. A status mail says state and date, and nothing else (S-2). Once the time
for an answer is over, the date that was proposed binds (R-2).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.codes import new_code
from gatekeeper.domain.date_forms import DateLetter, DateTelling
from gatekeeper.domain.date_state import DateState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, Instant, later, spoken
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.protection import Form
from gatekeeper.domain.silence import silent, status_due
from gatekeeper.issues import dating
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.notices import tell
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.store import audit, correspondents, issues, noted, reminded
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.dates import DateRow
from gatekeeper.store.tx import Tx
from gatekeeper.store.watching import Followed
from gatekeeper.texts.forms import subject_of

STATUS: Final = "status"
REMINDED: Final = "date-reminder"
"""Kinds of letters: how the report stands, and that a date waits for an answer."""

AT_ONCE: Final = 20
"""Reporters who are written to in one look: after a long rest others wait for the next."""

_BEGAN: Final = "reminding began"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What a reporter is owed: a letter, or that a date binds of which they said nothing.

    `reminder` numbers the letters about a date, 0 is a status · `until` when it stands.
    """

    issue: Followed
    reporter: RowId
    date: DateRow | None
    key: str
    reminder: int = 0
    until: Instant | None = None
    binds: bool = False


def began(tx: Tx) -> Instant | None:
    """Return since when anybody is reminded, None before the first look."""
    found = noted.get(tx, _BEGAN)
    return Instant(int(str(found))) if found is not None else None


def begin(tx: Tx, now: Instant) -> None:
    """Write down that people are reminded from now on.

    What a database of an earlier version holds is owed nothing for the time before.
    """
    if began(tx) is None:
        noted.put(tx, _BEGAN, str(now))


def owed(
    tx: Tx,
    followed: Iterable[Followed],
    dates: Mapping[RowId, DateRow],
    policy: Policy,
    now: Instant,
) -> Iterator[Owed]:
    """Yield what reporters are owed now and were not sent yet."""
    since = began(tx)
    if since is None:
        return
    for issue in followed:
        if issue.answered_at is None and issue.state is IssueState.REPORTED:
            continue
        date = dates.get(issue.issue)
        for each in (_reminder(issue, date, policy, now), _status(issue, date, policy, since, now)):
            if each is not None and _is_new(tx, each):
                yield each
                break


def write(tx: Tx, desk: Desk, letters: Iterable[Owed], now: Instant, *, most: int = AT_ONCE) -> int:
    """Write what is owed, `most` of it, and note it; return how many letters."""
    written = 0
    for each in letters:
        if written == most:
            break
        if not reminded.first_time(tx, key=each.key, issue=each.issue.issue, now=now):
            continue
        if each.binds:
            _bind(tx, desk, each, now)
        else:
            _write(tx, desk, each, now)
        written += 1
    return written


def _status(
    issue: Followed, date: DateRow | None, policy: Policy, since: Instant, now: Instant
) -> Owed | None:
    if issue.reporter is None:
        return None
    last = issue.written_at if issue.written_at is not None else issue.opened_at
    begun = max(last, since)
    days, calendar = policy.reminders.status_days, policy.embargo.calendar
    if now < status_due(begun, days, calendar):
        return None
    return Owed(issue=issue, reporter=issue.reporter, date=date, key=f"status since {begun}")


def _reminder(issue: Followed, date: DateRow | None, policy: Policy, now: Instant) -> Owed | None:
    """Return the reminder of a date that is proposed and not answered (R-2)."""
    if issue.reporter is None or date is None or date.state != DateState.PROPOSED:
        return None
    found = silent(date.at, issue.heard_at, policy.embargo, now)
    if date.instant <= now or not (found.reminder or found.binds):
        return None
    return Owed(
        issue=issue,
        reporter=issue.reporter,
        date=date,
        key=f"silent {date.number} {found.binds_at} {found.reminder}",
        reminder=found.reminder,
        until=found.binds_at,
        binds=found.binds,
    )


def _is_new(tx: Tx, each: Owed) -> bool:
    return reminded.last(tx, key=each.key, issue=each.issue.issue) is None


def _bind(tx: Tx, desk: Desk, each: Owed, now: Instant) -> None:
    """Let the date bind, or tell the team once that silence alone does not make it one."""
    row = issues.by_row(tx, each.issue.issue)
    if dating.silence(tx, desk, issue=row, now=now) or each.date is None:
        return
    again = command(desk, row.issue_id, "agree INSTANT by=reporter via=HOW")
    tell(
        tx,
        desk,
        issue=row.id,
        headline=f"{row.issue_id}: the reporter did not answer, and no date binds",
        lines=(
            f"Proposed is {spoken(each.date.instant)}.",
            "It does not bind by silence: one person alone proposed it,",
            "or somebody who holds a date asked for an earlier one.",
        ),
        next_step=f"Ask the reporter another way, and record what they say:\n{again}",
        now=now,
    )


def _write(tx: Tx, desk: Desk, each: Owed, now: Instant) -> None:
    """Write one letter: sealed to a reporter whose key is pinned, else a form in clear."""
    reporter = correspondents.by_row(tx, each.reporter)
    form = _form(tx, desk, each, reporter, now)
    kind = REMINDED if each.reminder else STATUS
    to_correspondent(
        tx,
        desk,
        Words(kind=kind, subject=subject_of(form, project=desk.name), form=form),
        Posting(
            correspondent=reporter,
            to=reporter.address,
            form=Form.SEALED if reporter.fingerprint is not None else Form.CLEAR_FORM,
            unasked=True,
        ),
        now=now,
    )
    audit.append(
        tx,
        kind="reminder.reporter",
        actor="gatekeeper",
        now=now,
        payload={"letter": kind, "number": each.reminder},
        issue=each.issue.issue,
    )


def _form(tx: Tx, desk: Desk, each: Owed, reporter: Correspondent, now: Instant) -> DateLetter:
    issue, date = each.issue, each.date
    if each.until is None or date is None:
        return DateLetter(
            issue=issue.issue_id,
            telling=DateTelling.STATUS,
            fingerprint=desk.fingerprint,
            state=issue.state,
            instant=date.instant if date is not None else None,
            date_state=DateState(date.state) if date is not None else None,
        )
    return DateLetter(
        issue=issue.issue_id,
        telling=DateTelling.REMINDED,
        fingerprint=desk.fingerprint,
        code=_code(tx, desk, reporter, now),
        instant=date.instant,
        until=later(each.until, -(each.until % MINUTE)),
    )


def _code(tx: Tx, desk: Desk, reporter: Correspondent, now: Instant) -> str:
    """Return the code with which a reporter without a key answers: the one sent before holds."""
    if reporter.fingerprint is not None:
        return ""
    if reporter.nonce is not None:
        return reporter.nonce
    code = new_code(desk.chance)
    correspondents.give_nonce(tx, correspondent=reporter.id, nonce=code, now=now)
    return code
