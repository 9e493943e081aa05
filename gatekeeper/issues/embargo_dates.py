"""What is held of an issue's date, as `domain.dates` needs it; and how a decision is kept."""

from dataclasses import replace
from typing import Final

from gatekeeper.domain.ceilings import Ceiling, CeilingKind
from gatekeeper.domain.clock_rules import Running
from gatekeeper.domain.date_state import By, DateState
from gatekeeper.domain.dates import Decision, applied, first
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.process import Fact, IssueState
from gatekeeper.domain.process_policy import OWN_CLOCK
from gatekeeper.domain.timeline import Timeline
from gatekeeper.domain.wishes import Held, Standing
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store import ceilings, clocks, dates, issue_facts, told
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

POLICY: Final = "policy"
"""Whose word a date is that policy proposes."""

APPROVAL: Final = "approval"
"""How a proposal came about that enough people approved; any other is one person's."""

READ_LETTER: Final = "date-read"
"""The kind of letter that asks back what a mail without proof seemed to name."""

NAMED: Final = "instants"
"""The stamp of such a letter: the instants, with blanks between."""


def held_of(tx: Tx, desk: Desk, issue: IssueRow, *, now: Instant) -> Held:
    """Return all that a decision about the date of `issue` depends on.

    An issue whose date nobody has written down yet has the one that policy proposes.
    """
    history = dates.history(tx, issue.id)
    standing = _standing(tx, desk, issue, history, now=now)
    told_at = issue_facts.of_issue(tx, issue.id).get(Fact.PREDISCLOSED)
    return Held(
        date=standing,
        ceilings=tuple(
            Ceiling(holder=row.holder, instant=row.instant, kind=_kind(row.kind))
            for row in ceilings.binding(tx, issue.id)
        ),
        clocks=_running(tx, desk, issue),
        predisclosed_at=told_at.at if told_at is not None else None,
        mentioned=_mentioned(tx, issue.id, since=standing.since),
    )


def _kind(word: str) -> CeilingKind:
    """Return the kind of a ceiling; what another part of the program wrote down was agreed."""
    return CeilingKind.WISHED if word == CeilingKind.WISHED else CeilingKind.AGREED


def _standing(
    tx: Tx, desk: Desk, issue: IssueRow, history: tuple[DateRow, ...], *, now: Instant
) -> Standing:
    if not history:
        return first(issue.opened_at, desk.policy.embargo, tools=_found_with_tools(tx, issue))
    row = history[-1]
    if row.state == dates.ENDED and IssueState(issue.state).is_open:
        # It was closed and is open again: what is proposed begins anew.
        return first(now, desk.policy.embargo, tools=_found_with_tools(tx, issue))
    state = DateState(row.state)
    agreed = state is DateState.AGREED
    return Standing(
        instant=row.instant,
        predisclosure=row.predisclosure,
        state=state,
        since=row.at,
        by=_by(row) if agreed else None,
        seconded=agreed or row.via == APPROVAL or row.by == POLICY,
    )


def _by(row: DateRow) -> By:
    return By.POLICY_DEFAULT if row.by == By.POLICY_DEFAULT else By.REPORTER


def _found_with_tools(tx: Tx, issue: IssueRow) -> bool:
    return Fact.TOOLS in issue_facts.of_issue(tx, issue.id)


def _running(tx: Tx, desk: Desk, issue: IssueRow) -> tuple[Running, ...]:
    """Return the clocks that run, policy's own among them; what policy gave up runs no more."""
    policy = desk.policy.embargo
    started = {OWN_CLOCK: issue.opened_at, **clocks.of_issue(tx, issue.id)}
    return tuple(
        Running(rule=rule, started_at=at)
        for name, at in started.items()
        if (rule := policy.clock(name)) is not None
    )


def _mentioned(tx: Tx, issue: RowId, *, since: Instant) -> frozenset[Instant]:
    letters = told.since(tx, kind=READ_LETTER, at=since, issue=issue)
    return frozenset(
        Instant(int(each)) for letter in letters for each in str(letter.get(NAMED, "")).split()
    )


def begin(tx: Tx, issue: IssueRow, *, reported_at: Instant, line: Timeline) -> None:
    """Write down what the acknowledgement proposes, and that policy's own clock runs.

    Nothing when a date of the issue is written down already.
    """
    clocks.start(tx, issue=issue.id, rule=OWN_CLOCK, at=reported_at)
    if not dates.history(tx, issue.id):
        _begin(tx, issue, line.public, line.predisclosure, number=1, at=reported_at)


def ensure_begun(tx: Tx, desk: Desk, issue: IssueRow, *, now: Instant) -> Held:
    """Write down what policy proposes unless a date stands, and return what is held."""
    held = held_of(tx, desk, issue, now=now)
    if dates.standing(tx, issue.id) is None and held.date.state is DateState.PROPOSED:
        number, date = len(dates.history(tx, issue.id)) + 1, held.date
        _begin(tx, issue, date.instant, date.predisclosure, number=number, at=date.since)
    return held


def _begin(
    tx: Tx,
    issue: IssueRow,
    public: Instant,
    predisclosure: Instant | None,
    *,
    number: int,
    at: Instant,
) -> None:
    row = DateRow(
        issue=issue.id,
        number=number,
        instant=public,
        predisclosure=predisclosure,
        state=dates.PROPOSED,
        by=POLICY,
        at=at,
    )
    dates.add(tx, row)


def keep(
    tx: Tx,
    issue: IssueRow,
    decision: Decision,
    held: Held,
    *,
    by: str,
    via: str = "",
    reason: str = "",
    now: Instant,
) -> Held:
    """Write down what a decision changes, and return what is held then.

    `held` is what `ensure_begun` returned · `by` whose word it is, `via` how it was given, `reason`
    why; "" for not said. Conflict when the date was changed meanwhile.
    """
    then = applied(decision, held)
    ceiling = decision.ceiling
    if ceiling is not None and ceiling in then.ceilings and ceiling not in held.ceilings:
        ceilings.put(
            tx,
            issue=issue.id,
            holder=ceiling.holder,
            kind=ceiling.kind,
            instant=ceiling.instant,
            by=by,
            via=via,
            now=now,
        )
    if then.date == held.date:
        return then
    date = then.date
    agreed = date.by is not None
    if not agreed:
        via = APPROVAL if date.seconded else via
    row = DateRow(
        issue=issue.id,
        number=len(dates.history(tx, issue.id)) + 1,
        instant=date.instant,
        predisclosure=date.predisclosure,
        state=date.state,
        by=str(date.by) if agreed else by,
        via=via,
        reason=reason,
        at=now,
    )
    dates.add(tx, row)
    return then


def require_open(issue: IssueRow) -> None:
    """Refuse to decide about the date of an issue that is closed."""
    if not IssueState(issue.state).is_open:
        raise Refusal(f"{issue.issue_id} is {issue.state}", remedy="reopen it first")


def proposed_with_tools(held: Held, issue: IssueRow, desk: Desk) -> Standing | None:
    """Return the earlier date that policy proposes for what anybody may find; None if none is."""
    earlier = first(issue.opened_at, desk.policy.embargo, tools=True)
    if held.date.state is not DateState.PROPOSED or earlier.instant >= held.date.instant:
        return None
    return replace(earlier, since=held.date.since)
