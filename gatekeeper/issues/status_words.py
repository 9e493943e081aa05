"""How issues stand, in lines for one person of the team who asked by mail."""

from collections.abc import Iterator
from typing import Final

from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.team import Person
from gatekeeper.issues import codes
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.pending import Pending, pending
from gatekeeper.issues.standing import Standing, standing
from gatekeeper.store import dates, issues
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tables import OPEN_STATES

_SUBJECT_MAX: Final = 60
_DATES: Final = {
    dates.PROPOSED: "proposed for",
    dates.AGREED: "agreed on",
    dates.ENDED: "not waited for any more, was",
}


def of_issue(
    tx: Tx, desk: Desk, issue: IssueRow, person: Person, *, now: Instant
) -> tuple[str, ...]:
    """Return how one issue stands, what may come next, and what waits for whom.

    The code at the end is for this person alone.
    """
    stands = standing(tx, issue.id, now=now)
    lines = [
        f"{issue.issue_id}: {one_line(issue.subject, _SUBJECT_MAX)}",
        f"State:    {_state(stands)}",
        f"Owner:    {issue.owner or 'nobody'}",
        f"Date:     {_date(stands)}",
    ]
    for each in stands.next:
        lacking = ", ".join(each.missing)
        lines.append(f"Next:     {each.step}" + (f": {lacking}" if lacking else ""))
    for one in pending(tx, desk, issue.id):
        lines += _waiting(one)
    code = codes.mint(desk, person, issue.issue_id, now=now)
    example = command(desk, issue.issue_id, f"own {codes.KEY}={code}")
    lines += [
        "",
        "Without your key at hand, this does `own`, `note` or `status` once, within a week:",
        f"  {example}",
    ]
    return tuple(lines)


def of_all(tx: Tx, desk: Desk, *, now: Instant) -> tuple[str, ...]:
    """Return every open issue in a line or two, and everything that waits for approval."""
    lines: list[str] = []
    for issue in issues.list_all(tx):
        if issue.state in OPEN_STATES:
            stands = standing(tx, issue.id, now=now)
            lines += [
                f"{issue.issue_id}: {one_line(issue.subject, _SUBJECT_MAX)}",
                f"  {_state(stands)}; {_date(stands)}; owner: {issue.owner or 'nobody'}",
            ]
    if not lines:
        lines.append("no issue is open")
    waits = pending(tx, desk)
    if waits:
        lines.append("")
    for one in waits:
        lines += _waiting(one)
    return tuple(lines)


def _state(stands: Standing) -> str:
    decided = stands.decided
    parts = [str(decided.state)]
    parts += [f"track {decided.track}"] if decided.track is not None else []
    parts += [f"severity {decided.severity}"] if decided.severity is not None else []
    parts += [decided.reason] if decided.reason else []
    return ", ".join(parts)


def _date(stands: Standing) -> str:
    date = stands.date
    if date is None:
        return "no date stands"
    return f"{_DATES[date.state]} {spoken(date.instant)}, by {date.by}"


def _waiting(one: Pending) -> Iterator[str]:
    """Say what waits, who can approve it, and how; what it would do is in the mail that asked."""
    place = one.issue.issue_id if one.issue is not None else "the installation"
    yield f"Waits:    {one.title}, in {place}, asked by {one.request.created_by}"
    if one.changed:
        yield "  what it would do has changed since: ask for it again"
        return
    yield f"  {one.missing}: {one.who}"
    yield f"  {one.approve}"
