"""Remind of what waits for approval those who can give it."""

from collections.abc import Iterator

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.reminding import waiting
from gatekeeper.domain.team import Person
from gatekeeper.domain.turnout import Turnout
from gatekeeper.issues import asking
from gatekeeper.issues.effects import EFFECTS
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.reminder_words import Item
from gatekeeper.store import issues, requests
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.requests import Request
from gatekeeper.store.tx import Tx
from gatekeeper.store.watching import Followed


def items(
    tx: Tx, desk: Desk, open_issues: dict[RowId, Followed], there: Turnout, now: Instant
) -> Iterator[Item]:
    """Yield the reminders of all requests that wait, for those whose approval would count."""
    for request in requests.waiting(tx):
        reminder = waiting(request.created_at, request.expires_at, desk.policy.reminders, now)
        if reminder is None:
            continue
        people = _who(tx, desk, request, there, now)
        row = issues.by_row(tx, request.issue) if request.issue is not None else None
        yield Item(
            reminder=reminder,
            issue=open_issues.get(request.issue) if request.issue is not None else None,
            people=people,
            line=_line(request),
            next_step=_next(desk, row, request),
        )


def _who(tx: Tx, desk: Desk, request: Request, there: Turnout, now: Instant) -> tuple[Person, ...]:
    """Return who can bring it further and is there; all who are there where nobody can alone."""
    present = there.there(now) or there.active() or desk.team.people
    if request.kind not in set(RequestKind):
        return present
    before = asking.standing(tx, desk, request)
    able = tuple(
        person
        for person in present
        if asking.helps(before, asking.standing(tx, desk, request, with_=(person,)))
    )
    return able or present


def _line(request: Request) -> str:
    title = next((e.title for e in EFFECTS.values() if e.kind == request.kind), request.kind)
    return f"{title}, asked by {request.created_by} {spoken(request.created_at)}"


def _next(desk: Desk, row: IssueRow | None, request: Request) -> str:
    """Return how it is approved, with the command on a line of its own, to be copied."""
    ends = f"It ends unapproved {spoken(request.expires_at)}. " if request.expires_at else ""
    approve = asking.line(desk, row, f"approve {request.effect.hex()}")
    return f"{ends}To approve it, send signed:\n{approve}"
