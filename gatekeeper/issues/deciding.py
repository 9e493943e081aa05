"""Decide about an issue: accept it on a track, judge its severity, state what is known of it.

Every step is one of the table in `domain.process`; what is missing for it is told all at once.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import Instant, parsed, spoken
from gatekeeper.domain.outcomes import Telling
from gatekeeper.domain.process import (
    BY_HAND,
    Fact,
    IssueState,
    Severity,
    Step,
    Track,
    missing,
    moved,
    retracked,
)
from gatekeeper.domain.process_policy import StartEvent
from gatekeeper.domain.reasons import NoEmbargo
from gatekeeper.issues import dating, outcomes
from gatekeeper.issues.acting import Actor, Done, record
from gatekeeper.issues.asking import Effect, Granted, Payload, ask, of
from gatekeeper.issues.column import quoted
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.standing import Standing, end_date, standing
from gatekeeper.store import deciding, issue_facts
from gatekeeper.store.engine import Tx
from gatekeeper.store.issue_facts import Known
from gatekeeper.store.issues import IssueRow

_CLOCKS: Final[Mapping[Fact, StartEvent]] = MappingProxyType(
    {
        Fact.FIX_READY: StartEvent.FIX_READY,
        Fact.DISTROS_POSTED: StartEvent.DISTROS_POSTED,
        Fact.CERT_CONTACTED: StartEvent.CERT_CONTACTED,
    }
)
"""Which facts start clocks (R-6)."""


def accept(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, track: Track, now: Instant
) -> Done:
    """Take a report up on a track, and tell its finders that somebody has read it.

    On a track without an embargo the date that was proposed is waited for no more. Where one was
    agreed already, that is a change of the track, which needs approval.
    """
    stands = standing(tx, issue.id, now=now)
    state = moved(Step.ACCEPT, stands.state, track, stands.facts)
    if not track.embargoed and Fact.AGREED_DATE in stands.facts:
        raise Refusal(
            "a date was agreed, which the track would end",
            remedy=f"accept it on {Track.EMBARGO_ONLY}, then ask for the track {track}",
        )
    deciding.save(tx, replace(stands.decided, state=state, track=track), now=now)
    if Fact.TRIAGED not in stands.known:
        _put(tx, issue, Fact.TRIAGED, actor, at=now)
    record(tx, "issue.accepted", issue, actor, {"track": track}, now=now)
    telling = Telling.ACCEPTED
    if not track.embargoed:
        telling = Telling.ACCEPTED_NO_EMBARGO
        end_date(tx, issue.id, by=actor.name, reason=f"track {track}", now=now)
    told = outcomes.told(tx, desk, issue=issue, actor=actor, telling=telling, now=now)
    lines = (f"accept: {issue.issue_id} is accepted, track {track}", *told)
    return outcomes.done(tx, desk, issue, actor, lines, now=now)


def track(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, to: Track, reason: str, now: Instant
) -> Done:
    """Change the track with a reason (R-12); where that moves a date, ask for approval."""
    stands = standing(tx, issue.id, now=now)
    change = retracked(stands.state, _track_of(stands), to, stands.facts)
    payload: dict[str, object] = {"track": to, "reason": reason}
    if change.moves_date:
        return ask(tx, desk, TRACK_EFFECT, issue=issue, actor=actor, payload=payload, now=now)
    lines = _retrack(tx, desk, issue, actor, stands, to=to, reason=reason, now=now)
    return outcomes.done(tx, desk, issue, actor, lines, now=now)


def _track_of(stands: Standing) -> Track:
    if stands.track is None:
        raise Refusal(
            f"it is {stands.state}, so its track is not chosen yet",
            remedy="accept it with the track it shall have",
        )
    return stands.track


def _track_text(tx: Tx, desk: Desk, issue: IssueRow | None, payload: Payload) -> str:
    del desk
    # Whether a date is reached is not shown, so that the hash does not depend on the time.
    stands = standing(tx, of(issue).id, now=Instant(0))
    to = Track(str(payload["track"]))
    lines = [
        f"What:         the track changes from {stands.track} to {to}",
        f"State:        {stands.state}",
    ]
    if stands.date is not None:
        ends = "it is waited for no more" if not to.embargoed else "it stays"
        lines.append(f"Date:         {spoken(stands.date.instant)}, {stands.date.state}; {ends}")
    elif not to.embargoed:
        lines.append("Date:         none was agreed, and none is waited for any more")
    lines.append(f"Reason:       {payload['reason']}")
    return "\n".join(lines)


def _perform_track(
    tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant
) -> Done:
    about = of(issue)
    stands = standing(tx, about.id, now=now)
    to, reason = Track(str(granted.payload["track"])), str(granted.payload["reason"])
    retracked(stands.state, _track_of(stands), to, stands.facts)
    lines = _retrack(tx, desk, about, granted.actor, stands, to=to, reason=reason, now=now)
    return Done(lines=lines)


TRACK_EFFECT: Final = Effect(
    kind=RequestKind.TRACK,
    title="another track",
    render=_track_text,
    perform=_perform_track,
)


def _retrack(
    tx: Tx,
    desk: Desk,
    issue: IssueRow,
    actor: Actor,
    stands: Standing,
    *,
    to: Track,
    reason: str,
    now: Instant,
) -> tuple[str, ...]:
    before = _track_of(stands)
    deciding.save(tx, replace(stands.decided, track=to), now=now)
    payload = {"track": to, "before": before, "reason": reason}
    record(tx, "issue.track_changed", issue, actor, payload, now=now)
    lines = [f"track: {issue.issue_id} is on the track {to} now, before {before}"]
    if before.embargoed and not to.embargoed:
        if end_date(tx, issue.id, by=actor.name, reason=reason, now=now):
            lines.append("track: the date is waited for no more")
        lines += outcomes.told(
            tx, desk, issue=issue, actor=actor, telling=Telling.NO_EMBARGO, now=now
        )
    return tuple(lines)


def severity(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, judged: Severity, now: Instant
) -> Done:
    """Write down how bad it is."""
    stands = standing(tx, issue.id, now=now)
    _require_open(stands)
    before = stands.decided.severity
    if before is judged:
        raise Refusal(f"its severity is {judged} already", remedy="nothing is to be done")
    deciding.save(tx, replace(stands.decided, severity=judged), now=now)
    record(tx, "issue.severity", issue, actor, {"severity": judged}, now=now)
    was = f", before {before}" if before is not None else ""
    lines = (
        f"severity: {issue.issue_id} is {judged}{was}",
        *_prepared(tx, issue, actor, now=now),
    )
    return outcomes.done(tx, desk, issue, actor, lines, now=now)


def fact(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    stated: Fact,
    now: Instant,
    at: Instant | None = None,
    reason: NoEmbargo | None = None,
) -> Done:
    """Write down what is known, since now or since `at`.

    `reason` says why an issue is public already, and of no other fact (R-10). Of an issue that was
    handed over, its being public is the end (R-13).
    """
    since = now if at is None else at
    _require_statable(stated, since, reason, now=now)
    stands = standing(tx, issue.id, now=now)
    if stands.state in {IssueState.REJECTED, IssueState.DISCLOSED}:
        raise Refusal(f"{issue.issue_id} is {stands.state}", remedy="reopen it first")
    _put(tx, issue, stated, actor, at=since, value=reason or "")
    record(tx, "issue.fact", issue, actor, {"fact": stated, "at": since}, now=now)
    why = f": {reason.meaning}" if reason is not None else ""
    lines = [f"fact: {stated} since {spoken(since)}{why}"]
    lines += _prepared(tx, issue, actor, now=now)
    lines += _public_elsewhere(tx, issue, actor, now=now)
    if stated in _CLOCKS and stands.state.is_open:
        event = _CLOCKS[stated]
        lines += dating.clock_event(
            tx, desk, issue=issue, event=event, actor=actor, at=since, now=now
        )
    return outcomes.done(tx, desk, issue, actor, tuple(lines), now=now)


def since(text: str) -> Instant | None:
    """Return since when a fact holds, as people write it; None for "", Refusal without a zone."""
    if not text:
        return None
    try:
        return parsed(text)
    except ValueError:
        raise Refusal(
            f"{quoted(text, 60)} is no instant", remedy="write it as 2026-09-03T12:00Z"
        ) from None


def no_fact(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, stated: Fact, now: Instant
) -> Done:
    """Take back what was written down by mistake; steps that were taken since stay taken."""
    if stated not in BY_HAND:
        raise Refusal(f"{stated} is not stated by hand", remedy=_statable())
    if not issue_facts.drop(tx, issue=issue.id, fact=stated):
        raise Refusal(f"{stated} was not stated", remedy="nothing is to be done")
    record(tx, "issue.fact_taken_back", issue, actor, {"fact": stated}, now=now)
    return outcomes.done(tx, desk, issue, actor, (f"fact: {stated} holds no more",), now=now)


def _require_statable(
    stated: Fact, since: Instant, reason: NoEmbargo | None, *, now: Instant
) -> None:
    problems = []
    if stated not in BY_HAND:
        problems.append(f"{stated} is not stated by hand: {_statable()}")
    if since > now:
        problems.append(f"{spoken(since)} is still to come: a fact has an instant in the past")
    if (stated is Fact.PUBLIC_ALREADY) != (reason is not None):
        reasons = ", ".join(NoEmbargo)
        problems.append(
            f"{Fact.PUBLIC_ALREADY} needs a reason, one of: {reasons}"
            if reason is None
            else f"a reason goes with {Fact.PUBLIC_ALREADY} only"
        )
    if problems:
        raise Refusal("; ".join(problems))


def _statable() -> str:
    return f"write one of: {', '.join(each for each in Fact if each in BY_HAND)}"


def tools(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, found: bool, now: Instant) -> Done:
    """Write down that public tools or models found it, so that others may, or that they did not."""
    stands = standing(tx, issue.id, now=now)
    _require_open(stands)
    if found is (Fact.TOOLS in stands.known):
        said = "that is written down already" if found else "nobody said that it was"
        raise Refusal(said, remedy="nothing is to be done")
    record(tx, "issue.tools", issue, actor, {"found": found}, now=now)
    if not found:
        issue_facts.drop(tx, issue=issue.id, fact=Fact.TOOLS)
        line = "tools: not found with public tools or models; a date that was proposed stays"
        return outcomes.done(tx, desk, issue, actor, (line,), now=now)
    lines = ["tools: found with public tools or models, so others may find it soon"]
    if stands.track is None or stands.track.embargoed:
        lines += dating.with_tools(tx, desk, issue=issue, actor=actor, now=now)
    _put(tx, issue, Fact.TOOLS, actor, at=now)
    return outcomes.done(tx, desk, issue, actor, tuple(lines), now=now)


def _require_open(stands: Standing) -> None:
    if not stands.state.is_open:
        raise Refusal(f"it is {stands.state}", remedy="reopen it first")


def _prepared(tx: Tx, issue: IssueRow, actor: Actor, *, now: Instant) -> tuple[str, ...]:
    """Take the step to `prepared` as soon as nothing is missing for it."""
    stands = standing(tx, issue.id, now=now)
    if missing(Step.PREPARE, stands.state, stands.track, stands.facts):
        return ()
    state = moved(Step.PREPARE, stands.state, stands.track, stands.facts)
    deciding.save(tx, replace(stands.decided, state=state), now=now)
    record(tx, "issue.prepared", issue, actor, {}, now=now)
    return (f"prepare: {issue.issue_id} is {state}: its severity and its advisory are there",)


def _public_elsewhere(tx: Tx, issue: IssueRow, actor: Actor, *, now: Instant) -> tuple[str, ...]:
    """End an issue that was handed over once it is public (R-13)."""
    stands = standing(tx, issue.id, now=now)
    if stands.state is not IssueState.HANDED_OVER:
        return ()
    if missing(Step.DISCLOSE, stands.state, stands.track, stands.facts):
        return ()
    state = moved(Step.DISCLOSE, stands.state, stands.track, stands.facts)
    deciding.save(tx, replace(stands.decided, state=state), now=now)
    _put(tx, issue, Fact.PUBLIC, actor, at=stands.known[Fact.PUBLIC_ALREADY].at)
    record(tx, "issue.disclosed", issue, actor, {"handed_over": True}, now=now)
    return (f"disclose: {issue.issue_id} is public, where it was handed over to",)


def _put(
    tx: Tx, issue: IssueRow, stated: Fact, actor: Actor, *, at: Instant, value: str = ""
) -> None:
    known = Known(issue=issue.id, fact=stated, at=at, by=actor.name, value=value)
    issue_facts.put(tx, known)
