"""Make two issues one: the earliest date wins, and everybody goes on in the issue that stays (R-8).

The other one ends rejected as a duplicate; its mail stays in it, and new mail is read in the one
that goes on. Where a date was agreed in either, the merge needs the approvals of a date move.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.date_forms import DateTelling
from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.outcomes import Telling
from gatekeeper.domain.participants import Part
from gatekeeper.domain.process import Fact, IssueState, Step, missing
from gatekeeper.domain.reasons import Rejection
from gatekeeper.issues import outcomes
from gatekeeper.issues.acting import Actor, Done, record
from gatekeeper.issues.asking import Effect, Granted, Payload, ask, of
from gatekeeper.issues.closing import taken_back
from gatekeeper.issues.correspondence import REPORTER, reporter_of
from gatekeeper.issues.date_letters import Sender
from gatekeeper.issues.dating import ask_reporter
from gatekeeper.issues.embargo_dates import held_of
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.standing import Standing, end_date, standing
from gatekeeper.store import ceilings, correspondents, dates, deciding, issue_facts, issues
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

_CARRIED: Final = (Fact.TOOLS, Fact.EXPLOITED, Fact.PUBLIC_ALREADY)
"""What is true of the vulnerability, whoever told us of it first."""

_MERGED: Final = "it goes on in another issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The issue that ends and the one that goes on, and how both stand."""

    ends: IssueRow
    goes_on: IssueRow
    ending: Standing
    going_on: Standing

    @property
    def date(self) -> DateRow | None:
        """The date that holds afterwards: the earliest of those that stand."""
        both = [each for each in (self.ending.date, self.going_on.date) if each is not None]
        return min(both, key=lambda each: each.instant, default=None)

    @property
    def is_date_move(self) -> bool:
        """Say whether a date was agreed in either."""
        return any(Fact.AGREED_DATE in each.facts for each in (self.ending, self.going_on))


def merge(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, into: IssueId, now: Instant
) -> Done:
    """Let `issue` go on in `into`; where that moves a date, ask for approval."""
    pair = _pair(tx, issue, into, now=now)
    if pair.is_date_move:
        payload: dict[str, object] = {"into": str(into)}
        return ask(tx, desk, MERGE_EFFECT, issue=issue, actor=actor, payload=payload, now=now)
    lines = _merge(tx, desk, pair, actor, now=now)
    return outcomes.done(tx, desk, issue, actor, lines, now=now)


def _pair(tx: Tx, issue: IssueRow, into: IssueId, *, now: Instant) -> _Pair:
    """Return both; Refusal, with all reasons, when they cannot become one."""
    other = issues.get(tx, into)
    if other is None:
        raise NotThere(f"there is no issue {into}", remedy="see `gatekeeper issue list`")
    if other.id == issue.id:
        raise Refusal(f"{into} is this issue itself", remedy="name the one that goes on")
    ending, going_on = (standing(tx, each.id, now=now) for each in (issue, other))
    problems = missing(Step.REJECT, ending.state, ending.track, ending.facts)
    reasons = [f"{issue.issue_id}: {each}" for each in problems]
    if not going_on.state.is_open:
        reasons.append(f"{into} is {going_on.state}")
    if reasons:
        raise Refusal(
            f"cannot merge: {', '.join(reasons)}",
            remedy="merge an open issue into an open one that goes on",
        )
    return _Pair(ends=issue, goes_on=other, ending=ending, going_on=going_on)


def _text(tx: Tx, desk: Desk, issue: IssueRow | None, payload: Payload) -> str:
    del desk
    # Whether a date is reached is not shown, so that the hash does not depend on the time.
    pair = _pair(tx, of(issue), IssueId.parse(str(payload["into"])), now=Instant(0))
    ends, goes_on = pair.ends.issue_id, pair.goes_on.issue_id
    date = pair.date
    return "\n".join(
        (
            f"What:         {ends} ends as a duplicate and goes on in {goes_on}",
            f"{f'{ends}:':<14}{_shown(pair.ending)}",
            f"{f'{goes_on}:':<14}{_shown(pair.going_on)}",
            f"Date after:   {'none' if date is None else f'{spoken(date.instant)}, {date.state}'}",
            f"They go over: {_listed(_going_over(tx, pair))}",
        )
    )


def _shown(stands: Standing) -> str:
    date = stands.date
    track = f", track {stands.track}" if stands.track is not None else ""
    return f"{stands.state}{track}, " + (
        "no date" if date is None else f"{spoken(date.instant)}, {date.state}"
    )


def _listed(people: Iterable[Correspondent]) -> str:
    return ", ".join(f"the {each.name}, {each.address}" for each in people) or "nobody"


def _perform(tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant) -> Done:
    pair = _pair(tx, of(issue), IssueId.parse(str(granted.payload["into"])), now=now)
    return Done(lines=_merge(tx, desk, pair, granted.actor, now=now))


MERGE_EFFECT: Final = Effect(
    kind=RequestKind.MERGE, title="making two issues one", render=_text, perform=_perform
)


def _merge(tx: Tx, desk: Desk, pair: _Pair, actor: Actor, *, now: Instant) -> tuple[str, ...]:
    ends, goes_on = pair.ends, pair.goes_on
    lines = [f"merge: {ends.issue_id} goes on as {goes_on.issue_id}"]
    moved = _date(tx, pair, actor, now=now)
    for fact in _CARRIED:
        if fact in pair.ending.known and fact not in pair.going_on.known:
            issue_facts.put(tx, replace(pair.ending.known[fact], issue=goes_on.id))
    # Told before they go over, so that what they are told hangs in the thread that they know.
    lines += outcomes.told(
        tx,
        desk,
        issue=ends,
        actor=actor,
        telling=Telling.MERGED,
        other=goes_on.issue_id,
        now=now,
    )
    lines += _people(tx, pair, now=now)
    if moved is not None:
        lines += _told(tx, desk, pair, moved, actor, now=now)
    ended = replace(
        deciding.get(tx, ends.id),
        state=IssueState.REJECTED,
        reason=Rejection.DUPLICATE,
        merged_into=goes_on.id,
    )
    deciding.save(tx, ended, now=now)
    deciding.save(tx, deciding.get(tx, goes_on.id), now=now)
    record(tx, "issue.merged", ends, actor, {"into": str(goes_on.issue_id)}, now=now)
    record(tx, "issue.joined", goes_on, actor, {"from": str(ends.issue_id)}, now=now)
    return (*lines, *taken_back(tx, ends, actor, now=now))


def _date(tx: Tx, pair: _Pair, actor: Actor, *, now: Instant) -> DateRow | None:
    """Let the earliest date hold, and nobody's agreement be lost; return it if it moved."""
    date, before = pair.date, pair.going_on.date
    held = {each.holder for each in ceilings.binding(tx, pair.goes_on.id)}
    for ceiling in ceilings.binding(tx, pair.ends.id):
        holder = ceiling.holder
        if holder in held:
            holder = f"{holder} of {pair.ends.issue_id}"
        ceilings.put(
            tx,
            issue=pair.goes_on.id,
            holder=holder,
            kind=ceiling.kind,
            instant=ceiling.instant,
            by=ceiling.by,
            via=ceiling.via,
            now=now,
        )
    end_date(tx, pair.ends.id, by=actor.name, reason=_MERGED, now=now)
    if date is None or date is before:
        return None
    agreed = dates.AGREED in {date.state, before.state if before is not None else ""}
    number = before.number if before is not None else _last(tx, pair.goes_on)
    moved = replace(
        date,
        issue=pair.goes_on.id,
        number=number + 1,
        state=dates.AGREED if agreed else dates.PROPOSED,
        reason=f"{pair.ends.issue_id} was merged",
        at=now,
    )
    dates.add(tx, moved)
    return moved


def _told(
    tx: Tx, desk: Desk, pair: _Pair, moved: DateRow, actor: Actor, *, now: Instant
) -> list[str]:
    """Tell all of the date that holds now; of one that is only proposed, ask the reporter."""
    lines = [
        f"merge: the date of {pair.goes_on.issue_id} is {spoken(moved.instant)} now, {moved.state}"
    ]
    held = held_of(tx, desk, pair.goes_on, now=now)
    sender = Sender(tx=tx, desk=desk, issue=pair.goes_on, now=now, by=actor.name, about=actor.about)
    if moved.state == dates.PROPOSED:
        return [*lines, ask_reporter(sender, held)]
    before = pair.going_on.date
    told = sender.to_all(
        DateTelling.MOVED, held, before=before.instant if before is not None else None
    )
    return [*lines, *told]


def _last(tx: Tx, issue: IssueRow) -> int:
    return max((each.number for each in dates.history(tx, issue.id)), default=0)


def _going_over(tx: Tx, pair: _Pair) -> tuple[Correspondent, ...]:
    """Return who goes over: whoever takes part there at the same address already does not."""
    there = {each.address.key for each in correspondents.of_issue(tx, pair.goes_on.id)}
    return tuple(
        each
        for each in correspondents.of_issue(tx, pair.ends.id)
        if each.removed_at is None and each.address.key not in there
    )


def _people(tx: Tx, pair: _Pair, *, now: Instant) -> list[str]:
    reporter_of(tx, pair.goes_on, now=now)
    taken = {each.name for each in correspondents.of_issue(tx, pair.goes_on.id)}
    lines = []
    for each in _going_over(tx, pair):
        role = Part.SECOND_REPORTER if each.role is Part.REPORTER else each.role
        name = _free(role if each.name == REPORTER else each.name, taken)
        taken.add(name)
        correspondents.go_over(
            tx, correspondent=each.id, issue=pair.goes_on.id, name=name, role=role, now=now
        )
        lines.append(
            f"merge: the {each.name}, {each.address}, is the {name} of {pair.goes_on.issue_id} now"
        )
    return lines


def _free(name: str, taken: set[str]) -> str:
    """Return a name that nobody has there: `upstream`, `upstream-2`, and so on."""
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)
