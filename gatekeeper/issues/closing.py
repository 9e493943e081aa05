"""Close a report that is none of ours, or hand it over; open it again. Never silently (T-2)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.outcomes import Telling
from gatekeeper.domain.process import Fact, Step, missing, moved
from gatekeeper.domain.reasons import Rejection
from gatekeeper.issues import outcomes
from gatekeeper.issues.acting import Actor, Done, record
from gatekeeper.issues.asking import Effect, Granted, Payload, ask, of
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import NOTICE, Notice, tell_kind
from gatekeeper.issues.standing import Standing, end_date, standing
from gatekeeper.store import audit, deciding, issues, requests
from gatekeeper.store.deciding import Decided
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

_CLOSED: Final = "the issue was closed"


def reject(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, reason: Rejection, now: Instant
) -> Done:
    """Close a report for a reason, which its finders are told; others learn that it is closed.

    Where a date was agreed, that frees its finders from it, so it needs approval like its move.
    """
    stands = standing(tx, issue.id, now=now)
    moved(Step.REJECT, stands.state, stands.track, stands.facts)
    if Fact.AGREED_DATE in stands.facts:
        payload: dict[str, object] = {"reason": reason}
        return ask(tx, desk, REJECT_EFFECT, issue=issue, actor=actor, payload=payload, now=now)
    lines = _reject(tx, desk, issue, actor, stands, reason=reason, now=now)
    return outcomes.done(tx, desk, issue, actor, lines, now=now)


def reject_all(
    tx: Tx,
    desk: Desk,
    *,
    about: Sequence[IssueRow],
    actor: Actor,
    reason: Rejection,
    now: Instant,
) -> Done:
    """Close several reports for one reason, all or none; the team is told of all in one mail.

    Where a date was agreed the one waits for approval. Refusal, with what is wrong of each.
    """
    if len(about) == 1:
        return reject(tx, desk, issue=about[0], actor=actor, reason=reason, now=now)
    problems: list[str] = []
    lines: list[str] = []
    waiting = ""
    for issue in about:
        stands = standing(tx, issue.id, now=now)
        if lacking := missing(Step.REJECT, stands.state, stands.track, stands.facts):
            problems.append(f"{issue.issue_id}: {', '.join(lacking)}")
        elif Fact.AGREED_DATE in stands.facts:
            done = reject(tx, desk, issue=issue, actor=actor, reason=reason, now=now)
            lines += done.lines
            waiting = done.waiting or waiting
        else:
            lines += _reject(tx, desk, issue, actor, stands, reason=reason, now=now)
    if problems:
        raise Refusal(f"none was rejected: {'; '.join(problems)}")
    headline = f"{len(about)} issues are rejected as {reason}, says {actor.name}"
    notice = Notice(kind=NOTICE, headline=headline, lines=lines, next_step="", about=actor.about)
    tell_kind(tx, desk, notice, issue=None, once=False, now=now)
    return Done(lines=tuple(lines), waiting=waiting)


def _reject_text(tx: Tx, desk: Desk, issue: IssueRow | None, payload: Payload) -> str:
    del desk
    # Whether a date is reached is not shown, so that the hash does not depend on the time.
    stands = standing(tx, of(issue).id, now=Instant(0))
    reason = Rejection(str(payload["reason"]))
    lines = [
        "What:         the issue is rejected; those who found it are told why, and are free",
        f"State:        {stands.state}",
        f"Reason:       {reason}: {reason.meaning}",
    ]
    if stands.date is not None:
        date = f"{spoken(stands.date.instant)}, {stands.date.state}"
        lines.append(f"Date:         {date}; it is waited for no more")
    return "\n".join(lines)


def _perform_reject(
    tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant
) -> Done:
    about = of(issue)
    stands = standing(tx, about.id, now=now)
    reason = Rejection(str(granted.payload["reason"]))
    moved(Step.REJECT, stands.state, stands.track, stands.facts)
    return Done(lines=_reject(tx, desk, about, granted.actor, stands, reason=reason, now=now))


REJECT_EFFECT: Final = Effect(
    kind=RequestKind.REJECT,
    title="rejecting an issue whose date is agreed",
    render=_reject_text,
    perform=_perform_reject,
)


def _reject(
    tx: Tx,
    desk: Desk,
    issue: IssueRow,
    actor: Actor,
    stands: Standing,
    *,
    reason: Rejection,
    now: Instant,
) -> tuple[str, ...]:
    state = moved(Step.REJECT, stands.state, stands.track, stands.facts)
    deciding.save(tx, replace(stands.decided, state=state, reason=reason), now=now)
    end_date(tx, issue.id, by=actor.name, reason=_CLOSED, now=now)
    record(tx, "issue.rejected", issue, actor, {"reason": reason}, now=now)
    told = outcomes.told(
        tx, desk, issue=issue, actor=actor, telling=Telling.REJECTED, reason=reason, now=now
    )
    return (
        f"reject: {issue.issue_id} is rejected as {reason}: {reason.meaning}",
        *told,
        *taken_back(tx, issue, actor, now=now),
    )


def hand_over(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, project: str, now: Instant
) -> Done:
    """Leave an issue to another project, which has acknowledged it, with consent (R-13).

    Dates are the other project's then. Where one was agreed with us, that needs approval.
    """
    stands = standing(tx, issue.id, now=now)
    moved(Step.HAND_OVER, stands.state, stands.track, stands.facts)
    receiver = one_line(project, 100)
    if Fact.AGREED_DATE in stands.facts:
        payload: dict[str, object] = {"to": receiver}
        return ask(tx, desk, HAND_OVER_EFFECT, issue=issue, actor=actor, payload=payload, now=now)
    lines = _hand_over(tx, desk, issue, actor, stands, receiver=receiver, now=now)
    return outcomes.done(tx, desk, issue, actor, lines, now=now)


def _hand_over_text(tx: Tx, desk: Desk, issue: IssueRow | None, payload: Payload) -> str:
    del desk
    # Whether a date is reached is not shown, so that the hash does not depend on the time.
    stands = standing(tx, of(issue).id, now=Instant(0))
    lines = [
        f"What:         the issue is left to {payload['to']}, whose dates hold from then on",
        f"State:        {stands.state}",
    ]
    if stands.date is not None:
        date = f"{spoken(stands.date.instant)}, {stands.date.state}"
        lines.append(f"Date:         {date}; we wait for it no more")
    return "\n".join(lines)


def _perform_hand_over(
    tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant
) -> Done:
    about, receiver = of(issue), str(granted.payload["to"])
    stands = standing(tx, about.id, now=now)
    lines = _hand_over(tx, desk, about, granted.actor, stands, receiver=receiver, now=now)
    return Done(lines=lines)


HAND_OVER_EFFECT: Final = Effect(
    kind=RequestKind.HAND_OVER,
    title="leaving an issue whose date is agreed to another project",
    render=_hand_over_text,
    perform=_perform_hand_over,
)


def _hand_over(
    tx: Tx,
    desk: Desk,
    issue: IssueRow,
    actor: Actor,
    stands: Standing,
    *,
    receiver: str,
    now: Instant,
) -> tuple[str, ...]:
    state = moved(Step.HAND_OVER, stands.state, stands.track, stands.facts)
    deciding.save(tx, replace(stands.decided, state=state, reason=receiver), now=now)
    end_date(tx, issue.id, by=actor.name, reason=f"handed over to {receiver}", now=now)
    record(tx, "issue.handed_over", issue, actor, {"to": receiver}, now=now)
    return (
        f"hand-over: {issue.issue_id} is in the hands of {receiver}; it is watched until public",
        *outcomes.told(tx, desk, issue=issue, actor=actor, telling=Telling.HANDED_OVER, now=now),
        *taken_back(tx, issue, actor, now=now),
    )


def reopen(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, now: Instant) -> Done:
    """Open a closed issue again, and tell those who were told that it was closed."""
    open_again(tx, issue, by=actor.name, about=actor.about, now=now)
    lines = (
        f"reopen: {issue.issue_id} is open again, to be accepted or rejected",
        *outcomes.told(tx, desk, issue=issue, actor=actor, telling=Telling.REOPENED, now=now),
    )
    return outcomes.done(tx, desk, issue, actor, lines, now=now)


def open_again(tx: Tx, issue: IssueRow, *, by: str, about: RowId | None, now: Instant) -> Decided:
    """Open a closed issue again, without a track, and return how it stood; Refusal if it may not.

    `about` is the message that gives cause for it.
    """
    stands = standing(tx, issue.id, now=now)
    before = stands.decided
    state = moved(Step.REOPEN, stands.state, stands.track, stands.facts)
    if before.merged_into is not None:
        into = issues.by_row(tx, before.merged_into).issue_id
        raise Refusal(f"it goes on as {into}", remedy=f"split {into} where it is about two things")
    deciding.save(tx, replace(before, state=state, track=None, reason=""), now=now)
    audit.append(
        tx,
        kind="issue.reopened",
        actor=by,
        now=now,
        payload={"before": before.state, "reason": before.reason},
        issue=issue.id,
        message=about,
    )
    return before


def taken_back(tx: Tx, issue: IssueRow, actor: Actor, *, now: Instant) -> tuple[str, ...]:
    """Let nothing wait in an issue that is closed; return in a line what waited."""
    waiting = requests.waiting(tx, issue=issue.id)
    for each in waiting:
        requests.close(
            tx, request=each.id, state=requests.WITHDRAWN, by=actor.name, why=_CLOSED, now=now
        )
        effect = {"effect": each.effect.hex(), "why": _CLOSED}
        record(tx, "request.withdrawn", issue, actor, effect, now=now)
    if not waiting:
        return ()
    many = "1 request" if len(waiting) == 1 else f"{len(waiting)} requests"
    return (f"withdraw: {many} that waited in it will not be done",)
