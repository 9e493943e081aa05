"""Dates that wait for approval: what would be done is shown, hashed, decided again, and done."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.ceilings import REPORTER
from gatekeeper.domain.date_forms import DateTelling
from gatekeeper.domain.date_limits import on_calendar
from gatekeeper.domain.dates import Decision, Outcome, decide
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.wishes import Authority, Held, Proof, Wish, WishKind
from gatekeeper.issues.acting import Done, record
from gatekeeper.issues.asking import Effect, Granted, Payload, of
from gatekeeper.issues.date_letters import Sender
from gatekeeper.issues.embargo_dates import held_of, keep, require_open
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

_SAID: Final[Mapping[WishKind, str]] = {
    WishKind.PROPOSE: "a later date than before is proposed to the reporter",
    WishKind.MOVE: "the date moves",
    WishKind.WISH: "the date moves, as the {holder} asks",
    WishKind.AGREE: "it is recorded that the {holder} agreed to be silent until then",
}


def asked_for(wish: Wish, *, reason: str = "", via: str = "") -> dict[str, object]:
    """Return the payload of a request for a wish."""
    return {
        "kind": wish.kind,
        "instant": wish.instant,
        "holder": wish.holder,
        "proof": wish.proof,
        "reason": reason,
        "via": via,
    }


def _wish(payload: Payload) -> Wish:
    return Wish(
        kind=WishKind(str(payload["kind"])),
        instant=Instant(int(str(payload["instant"]))),
        holder=str(payload["holder"]),
        proof=Proof(str(payload["proof"])),
    )


def _target(wish: Wish, held: Held, desk: Desk) -> Instant:
    """Return the date that comes of it when enough people approve, whatever the time is then."""
    policy, stands = desk.policy.embargo, held.date.instant
    is_record = wish.proof is Proof.RECORD
    if is_record and wish.instant < stands:
        return policy.calendar.previous_allowed(wish.instant)
    if is_record and wish.holder != REPORTER:
        return stands
    return on_calendar(wish.instant, policy)


def _text(tx: Tx, desk: Desk, issue: IssueRow | None, payload: Payload) -> str:
    wish = _wish(payload)
    # The date that stands is written down by now, so nothing here depends on the time.
    held = held_of(tx, desk, of(issue), now=Instant(0))
    what = _SAID[wish.kind].format(holder=wish.holder)
    lines = [f"What:         {what}"]
    if wish.holder:
        lines.append(f"Instant:      {spoken(wish.instant)}")
    lines += [
        f"Date now:     {spoken(held.date.instant)}, {held.date.state}",
        f"Date then:    {spoken(_target(wish, held, desk))}",
    ]
    lines += [
        f"Ceiling:      {each.holder}, {spoken(each.instant)}, {each.kind}"
        for each in held.ceilings
    ]
    if payload["via"]:
        lines.append(f"Said by way of: {payload['via']}")
    if payload["reason"]:
        lines.append(f"Reason:       {payload['reason']}")
    return "\n".join(lines)


def _perform(tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant) -> Done:
    row, payload = of(issue), granted.payload
    require_open(row)
    wish = _wish(payload)
    held = held_of(tx, desk, row, now=now)
    found = decide(wish, held, desk.policy.embargo, now, authority=Authority.APPROVED)
    if not found.is_done:
        raise refused(found)
    if found.date is not None and found.date.instant != _target(wish, held, desk):
        raise Refusal(
            f"by now the date would be {spoken(found.date.instant)}", remedy="ask for it again"
        )
    by, via, reason = granted.request.created_by, str(payload["via"]), str(payload["reason"])
    then = keep(tx, row, found, held, by=by, via=via, reason=reason, now=now)
    said = {
        "instant": then.date.instant,
        "kind": wish.kind,
        "holder": wish.holder,
        "reason": reason,
        "via": via,
        "people": list(granted.people),
    }
    record(tx, "date.decided", row, granted.actor, said, now=now)
    actor = granted.actor
    sender = Sender(tx=tx, desk=desk, issue=row, now=now, by=actor.name, about=actor.about)
    return Done(lines=(changed("approve", held, then), *_told(sender, wish, held, then)))


def _told(sender: Sender, wish: Wish, held: Held, then: Held) -> list[str]:
    """Tell those outside what holds now: a record is echoed to whom it is about."""
    if wish.kind is WishKind.PROPOSE:
        reporter = sender.reporter
        form = replace(
            sender.form(DateTelling.PROPOSED, then.date.instant),
            predisclosure=then.date.predisclosure,
            code="" if reporter is None else sender.code_for(reporter),
        )
        return [sender.to_reporter(form)]
    lines = []
    if wish.proof is Proof.RECORD and wish.holder == REPORTER:
        lines.append(sender.to_reporter(sender.form(DateTelling.RECORDED, wish.instant)))
    if then.date.instant != held.date.instant:
        lines += sender.to_all(DateTelling.MOVED, then, before=held.date.instant)
    return lines


def changed(verb: str, held: Held, then: Held) -> str:
    """Return in a line what a decision did to the date."""
    date = then.date
    if date.instant == held.date.instant:
        if date.state is held.date.state:
            return f"{verb}: the date stays {spoken(date.instant)}, {date.state}"
        return f"{verb}: the date {spoken(date.instant)} is {date.state} now"
    before = f", before {spoken(held.date.instant)}"
    return f"{verb}: the date is {spoken(date.instant)} now, {date.state}{before}"


def refused(found: Decision) -> Refusal:
    """Return the refusal of a wish: every reason at once, and the nearest allowed instants."""
    around = [spoken(each) for each in dict.fromkeys(found.nearest) if each is not None]
    wanted = spoken(found.wish.instant)
    if found.outcome is not Outcome.REFUSED:
        remedy = "ask for it again"
    elif around:
        remedy = f"allowed and near: {' or '.join(around)}"
    else:
        remedy = "no date is allowed by now: look at `gatekeeper embargo show`"
    return Refusal(f"not {wanted}: {'; '.join(found.reasons)}", remedy=remedy)


MOVE_EFFECT: Final = Effect(
    kind=RequestKind.DATE_MOVE, title="another date", render=_text, perform=_perform
)
AGREEMENT_EFFECT: Final = Effect(
    kind=RequestKind.AGREEMENT,
    title="an agreement that was given elsewhere",
    render=_text,
    perform=_perform,
)
