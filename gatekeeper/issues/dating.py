"""What the team does with dates: propose, record what was agreed, move, and what follows of itself.

Whether it may be is decided in `domain.dates`, and in nothing else; what needs approval is asked
for by `date_effects`.
"""

from dataclasses import replace
from typing import Final

from gatekeeper.domain.clock_rules import started
from gatekeeper.domain.date_forms import DateTelling
from gatekeeper.domain.dates import Decision, Outcome, decide
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.process_policy import StartEvent
from gatekeeper.domain.wishes import Authority, Held, Proof, Wish, WishKind
from gatekeeper.domain.wording import read
from gatekeeper.issues.acting import Actor, Done, record
from gatekeeper.issues.asking import ask
from gatekeeper.issues.column import one_line
from gatekeeper.issues.date_effects import (
    AGREEMENT_EFFECT,
    MOVE_EFFECT,
    asked_for,
    changed,
    refused,
)
from gatekeeper.issues.date_letters import Sender
from gatekeeper.issues.embargo_dates import (
    ensure_begun,
    keep,
    proposed_with_tools,
    require_open,
)
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.notices import tell
from gatekeeper.store import clocks
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.texts.date_letters import operand

_OURS: Final = "gatekeeper"


def propose(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, when: str, now: Instant) -> Done:
    """Suggest a date to the reporter: they are asked, and beside an agreed date nothing moves."""
    held = _held(tx, desk, issue, now=now)
    wish = Wish(kind=WishKind.PROPOSE, instant=instant_of(when, desk, now))
    found = decide(wish, held, desk.policy.embargo, now, authority=_authority(actor))
    sender = _sender(tx, desk, issue, actor, now=now)
    if found.outcome is Outcome.REFUSED:
        raise refused(found)
    if found.outcome is Outcome.APPROVE:
        payload = asked_for(wish, reason="")
        return ask(tx, desk, MOVE_EFFECT, issue=issue, actor=actor, payload=payload, now=now)
    if found.outcome is Outcome.ASK:
        form = replace(
            sender.form(DateTelling.OFFERED, wish.instant),
            before=held.date.instant,
            code=_code(sender),
        )
        _record(tx, issue, actor, "date.offered", wish, now=now)
        lines = [
            (
                f"propose: the reporter is asked about {spoken(wish.instant)}; the agreed date"
                f" stays {spoken(held.date.instant)} unless they agree"
            ),
            sender.to_reporter(form),
        ]
        return _done(tx, desk, issue, actor, lines, now=now)
    then = keep(tx, issue, found, held, by=actor.name, now=now)
    _record(tx, issue, actor, "date.proposed", wish, now=now)
    lines = [f"propose: {spoken(then.date.instant)} is proposed to the reporter"]
    lines.append(ask_reporter(sender, then))
    return _done(tx, desk, issue, actor, lines, now=now)


def agree(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    when: str,
    holder: str,
    via: str,
    now: Instant,
) -> Done:
    """Record that somebody agreed elsewhere; it counts once another person records it, too."""
    held = _held(tx, desk, issue, now=now)
    if "," in holder:
        raise Refusal("each who agreed is recorded alone", remedy="write one command for each")
    wish = Wish(
        kind=WishKind.AGREE,
        instant=instant_of(when, desk, now),
        holder=holder,
        proof=Proof.RECORD,
    )
    found = decide(wish, held, desk.policy.embargo, now)
    if found.outcome is Outcome.REFUSED:
        raise refused(found)
    payload = asked_for(wish, via=one_line(via, 200))
    return ask(tx, desk, AGREEMENT_EFFECT, issue=issue, actor=actor, payload=payload, now=now)


def move(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    when: str,
    reason: str,
    now: Instant,
) -> Done:
    """Move the date; what somebody who holds a date asked for, one of the team confirms so."""
    held = _held(tx, desk, issue, now=now)
    wish = Wish(kind=WishKind.MOVE, instant=instant_of(when, desk, now))
    found = decide(wish, held, desk.policy.embargo, now, authority=_authority(actor))
    if found.outcome is Outcome.REFUSED:
        raise refused(found)
    if found.outcome is Outcome.CONFIRM:
        raise Refusal(
            "a shell cannot confirm what somebody asked for",
            remedy=f"send the signed mail `{command(desk, issue.issue_id, f'move {when}')}"
            ' reason="…"`',
        )
    if found.outcome is Outcome.APPROVE:
        payload = asked_for(wish, reason=one_line(reason, 300))
        return ask(tx, desk, MOVE_EFFECT, issue=issue, actor=actor, payload=payload, now=now)
    then = keep(tx, issue, found, held, by=actor.name, reason=reason, now=now)
    _record(tx, issue, actor, "date.moved", wish, reason=reason, now=now)
    sender = _sender(tx, desk, issue, actor, now=now)
    lines = [
        changed("move", held, then),
        *sender.to_all(DateTelling.MOVED, then, before=held.date.instant),
    ]
    return _done(tx, desk, issue, actor, lines, now=now)


def extension(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, org: str, when: str, now: Instant
) -> Done:
    """Record that an organisation asked for more time (T-11); no date moves by it."""
    require_open(issue)
    wanted = instant_of(when, desk, now) if when else None
    payload = {"org": org, "until": wanted}
    record(tx, "date.extension_asked", issue, actor, payload, now=now)
    until = f" until {spoken(wanted)}" if wanted is not None else ""
    lines = [
        (
            f"extension: recorded that {org} asked for more time{until}; the date stays, and it is"
            " published after the lift that they asked"
        )
    ]
    return _done(tx, desk, issue, actor, lines, now=now)


def silence(tx: Tx, desk: Desk, *, issue: IssueRow, now: Instant) -> bool:
    """Let the proposed date bind to which the reporter said nothing (R-2); say whether it does.

    Nothing, unless policy's time for an answer is over and policy or enough people proposed it.
    The reporter and the team are told.
    """
    held = ensure_begun(tx, desk, issue, now=now)
    wish = Wish(kind=WishKind.SILENCE, instant=held.date.instant)
    found = decide(wish, held, desk.policy.embargo, now)
    if not found.is_done:
        return False
    actor = Actor(shell=_OURS)
    then = keep(tx, issue, found, held, by=_OURS, reason="the reporter did not answer", now=now)
    _record(tx, issue, actor, "date.bound", wish, now=now)
    sender = Sender(tx=tx, desk=desk, issue=issue, now=now)
    lines = [
        f"the reporter did not answer, so {spoken(then.date.instant)} is the date by policy",
        *sender.to_all(DateTelling.BOUND, then, before=None),
    ]
    headline = f"{issue.issue_id}: the proposed date stands"
    tell(tx, desk, issue=issue.id, headline=headline, lines=lines, now=now)
    return True


def clock_event(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    event: StartEvent,
    actor: Actor,
    at: Instant,
    now: Instant,
) -> tuple[str, ...]:
    """Start the clocks that `event` starts, and bring the date under their caps (R-6).

    Return in lines what follows; () when no clock starts. Where the lead would not be kept, one of
    the team confirms the move.
    """
    policy = desk.policy.embargo
    began = [
        each
        for each in started(policy, event, at)
        if clocks.start(tx, issue=issue.id, rule=each.rule.name, at=at)
    ]
    lines: list[str] = []
    for each in began:
        cap = each.rule.cap(at, policy.calendar)
        lines.append(f"clock: {each.rule.name} runs since {spoken(at)}, and ends {spoken(cap)}")
        held = ensure_begun(tx, desk, issue, now=now)
        wish = Wish(kind=WishKind.CLOCK, instant=cap, holder=each.rule.name)
        found = decide(wish, held, policy, now)
        sender = _sender(tx, desk, issue, actor, now=now)
        lines += _under_the_cap(sender, actor, found, held)
    return tuple(lines)


def _under_the_cap(sender: Sender, actor: Actor, found: Decision, held: Held) -> list[str]:
    tx, issue, now = sender.tx, sender.issue, sender.now
    if found.outcome is Outcome.CONFIRM and found.date is not None:
        line = confirming(sender.desk, issue, found.date.instant, f"clock {found.wish.holder}")
        return [f"clock: {'; '.join(found.reasons)}; one of the team confirms: {line}"]
    if found.outcome is Outcome.REFUSED:
        return [f"clock: {'; '.join(found.reasons)}: it is over its cap"]
    if found.date is None:
        return []
    why = f"the clock {found.wish.holder}"
    then = keep(tx, issue, found, held, by=actor.name, reason=why, now=now)
    _record(tx, issue, actor, "date.moved", found.wish, reason=why, now=now)
    told = sender.to_all(DateTelling.MOVED, then, before=held.date.instant)
    return [changed("clock", held, then), *told]


def with_tools(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, now: Instant
) -> tuple[str, ...]:
    """Propose the earlier date of what anybody may find; () when it is no earlier, or agreed."""
    held = ensure_begun(tx, desk, issue, now=now)
    earlier = proposed_with_tools(held, issue, desk)
    if earlier is None:
        return ()
    wish = Wish(kind=WishKind.PROPOSE, instant=earlier.instant)
    found = decide(wish, held, desk.policy.embargo, now, authority=Authority.APPROVED)
    if not found.is_done or found.date is None:
        return (f"tools: the date stays {spoken(held.date.instant)}: {'; '.join(found.reasons)}",)
    then = keep(tx, issue, found, held, by="policy", reason="found with public tools", now=now)
    _record(tx, issue, actor, "date.proposed", wish, now=now)
    sender = _sender(tx, desk, issue, actor, now=now)
    return (f"tools: {spoken(then.date.instant)} is proposed", ask_reporter(sender, then))


def ask_reporter(sender: Sender, held: Held) -> str:
    """Ask the reporter whether the date that is proposed suits them; return how that goes."""
    form = replace(
        sender.form(DateTelling.PROPOSED, held.date.instant),
        predisclosure=held.date.predisclosure,
        code=_code(sender),
    )
    return sender.to_reporter(form)


def confirming(desk: Desk, issue: IssueRow, instant: Instant, why: str) -> str:
    """Return the line by which one of the team confirms what somebody asked for."""
    return command(desk, issue.issue_id, f'move {operand(instant)} reason="{why}"')


def instant_of(when: str, desk: Desk, now: Instant) -> Instant:
    """Return the instant that an operand means; on a mere day, the calendar's hour of it.

    Refusal says what is in doubt, and the nearest allowed instants.
    """
    calendar = desk.policy.embargo.calendar
    found = read(when, now)
    if found.when is not None:
        return found.when.at(calendar)
    around = " or ".join(spoken(each) for each in found.nearest(calendar, now))
    raise Refusal(found.why(), remedy=f"allowed and near: {around}")


def _held(tx: Tx, desk: Desk, issue: IssueRow, *, now: Instant) -> Held:
    require_open(issue)
    return ensure_begun(tx, desk, issue, now=now)


def _authority(actor: Actor) -> Authority:
    return Authority.NOBODY if actor.person is None else Authority.ONE


def _sender(tx: Tx, desk: Desk, issue: IssueRow, actor: Actor, *, now: Instant) -> Sender:
    return Sender(tx=tx, desk=desk, issue=issue, now=now, by=actor.name, about=actor.about)


def _code(sender: Sender) -> str:
    reporter = sender.reporter
    return "" if reporter is None else sender.code_for(reporter)


def _record(
    tx: Tx,
    issue: IssueRow,
    actor: Actor,
    kind: str,
    wish: Wish,
    *,
    reason: str = "",
    now: Instant,
) -> None:
    payload = {"instant": wish.instant, "holder": wish.holder, "reason": reason}
    record(tx, kind, issue, actor, payload, now=now)


def _done(
    tx: Tx, desk: Desk, issue: IssueRow, actor: Actor, lines: list[str], *, now: Instant
) -> Done:
    """Return what was done; of what a shell did the team is told by mail."""
    if actor.person is None:
        headline = f"{lines[0]}, says {actor.name}"
        tell(tx, desk, issue=issue.id, headline=headline, lines=lines, now=now, by=actor.name)
    return Done(lines=tuple(lines))
