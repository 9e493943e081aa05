"""Approve, refuse or take back what waits, by the full hash of its effect (promise P-8).

The effect is rendered again and compared in the transaction in which it is approved and done;
nobody approves twice, and an approval that could not lead to anything is not counted.
"""

import re
from typing import Final

from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.team import Person
from gatekeeper.issues.acting import Actor, Done, record
from gatekeeper.issues.asking import (
    Granted,
    approved_by,
    carry_out,
    found,
    hash_of,
    helps,
    line,
    sheet,
    standing,
    who_can,
)
from gatekeeper.issues.effects import effect_of, known
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import NOTICE, Notice, tell_kind
from gatekeeper.store import approvers, audit, issues, requests
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.requests import Request

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_BEGINNING: Final = 4
_ENDED: Final = {
    requests.DONE: "was done already",
    requests.WITHDRAWN: "was taken back",
    requests.REFUSED: "was refused",
    requests.EXPIRED: "waited too long",
}


def approve(
    tx: Tx, desk: Desk, *, issue: IssueRow | None, actor: Actor, effect: str, now: Instant
) -> Done:
    """Approve what waits under the full hash `effect`, and do it once enough people did.

    `issue` is the one in which it waits, None for what is about the installation. Refusal, with
    nothing changed, when it may not be approved so.
    """
    person = _person(desk, issue, actor, f"approve {effect}")
    request = waiting(tx, issue, effect, now=now)
    kind = effect_of(request.kind)
    if hash_of(sheet(tx, desk, kind, issue, request.payload)) != request.effect:
        raise Refusal(
            "what would be done is not what was approved any more", remedy="ask for it again"
        )
    before = standing(tx, desk, request)
    _require_new(tx, request, person)
    after = standing(tx, desk, request, with_=(person,))
    if not helps(before, after):
        who = who_can(tx, desk, request)
        counts = len(after.counted) > len(before.counted)
        why = after.why_not if counts else "your approval does not count: you are suspended"
        raise Refusal(why, remedy=f"ask {who}")
    approved_by(tx, request.id, person, now=now)
    record(tx, "request.approved", issue, actor, {"effect": effect}, now=now)
    request = found(tx, request.effect)
    if not after.enough:
        who = who_can(tx, desk, request)
        said = f"approve: counted; {after.why_not} ({who}): {effect}"
        return Done(lines=(said,), waiting=effect)
    granted = Granted(request=request, actor=actor)
    return carry_out(tx, desk, kind, issue=issue, granted=granted, now=now)


def refuse(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow | None,
    actor: Actor,
    effect: str,
    why: str,
    now: Instant,
) -> Done:
    """Say no, for everybody, to what waits under the full hash `effect`; it ends there.

    Whoever asked takes it back instead. Everybody may ask for the same again.
    """
    person = _person(desk, issue, actor, f'refuse {effect} "WHY"')
    request = waiting(tx, issue, effect, now=now)
    if request.created_by == person.name:
        raise Refusal(
            "you asked for it yourself",
            remedy=f"take it back: {line(desk, issue, f'withdraw {effect}')}",
        )
    requests.close(tx, request=request.id, state=requests.REFUSED, by=person.name, why=why, now=now)
    record(tx, "request.refused", issue, actor, {"effect": effect, "why": why}, now=now)
    title = effect_of(request.kind).title
    said = f"refuse: {title}, asked for by {request.created_by}, is refused: {why}"
    return Done(lines=(said, "refuse: nothing of it happens"))


def withdraw(
    tx: Tx, desk: Desk, *, issue: IssueRow | None, actor: Actor, effect: str, now: Instant
) -> Done:
    """Take back what the actor asked for; nobody else can."""
    request = waiting(tx, issue, effect, now=now)
    if request.created_by != actor.name:
        raise Refusal(
            f"{request.created_by} asked for it",
            remedy=f'say no to it: {line(desk, issue, f"refuse {effect} ")}"WHY"',
        )
    requests.close(tx, request=request.id, state=requests.WITHDRAWN, by=actor.name, now=now)
    record(tx, "request.withdrawn", issue, actor, {"effect": effect}, now=now)
    title = effect_of(request.kind).title
    return Done(lines=(f"withdraw: {title} is taken back; nothing of it happens",))


def expire(tx: Tx, desk: Desk, *, now: Instant) -> int:
    """End what waited too long, tell the team of each, and return how many those were."""
    ended = requests.expired(tx, now=now)
    for request in ended:
        requests.close(tx, request=request.id, state=requests.EXPIRED, now=now)
        audit.append(
            tx,
            kind="request.expired",
            actor="gatekeeper",
            now=now,
            payload={"effect": request.effect.hex()},
            issue=request.issue,
        )
        notice = Notice(
            kind=NOTICE,
            headline=f"Not approved in time: {_titled(request)}",
            lines=(
                f"Asked by {request.created_by}, {spoken(request.created_at)}.",
                f"Approved by {', '.join(request.approved_by) or 'nobody'}.",
                "Nothing of it happens.",
            ),
            next_step="If it is still wanted, ask for it again.",
            about=None,
        )
        tell_kind(tx, desk, notice, issue=request.issue, once=False, now=now)
    return len(ended)


def _titled(request: Request) -> str:
    """Return what a request is about, also one of a kind that this version knows not."""
    effect = known(request.kind)
    return effect.title if effect is not None else request.kind


def _person(desk: Desk, issue: IssueRow | None, actor: Actor, what: str) -> Person:
    if actor.person is None:
        raise Refusal(
            "a shell cannot approve or refuse anything",
            remedy=f"send the signed mail `{line(desk, issue, what)}`",
        )
    return actor.person


def _require_new(tx: Tx, request: Request, person: Person) -> None:
    key = person.address.key
    if not approvers.among(tx, request=request.id, people=[key]):
        return
    asked = request.created_by == person.name
    raise Refusal(
        "you asked for it yourself" if asked else "you approved it before",
        remedy="another person of the team has to approve it",
    )


def waiting(tx: Tx, issue: IssueRow | None, effect: str, *, now: Instant) -> Request:
    """Return the request of that full hash in this issue, or about the installation.

    Refusal when it waits elsewhere, has ended, or only the beginning of its hash is named; then
    the remedy completes it.
    """
    wanted = effect.lower()
    if _HASH.fullmatch(wanted) and (known := requests.by_effect(tx, bytes.fromhex(wanted))):
        _require_here(tx, issue, known)
        if known.state != requests.WAITING:
            raise Refusal(_ended(known), remedy="ask for it again if it is still wanted")
        if known.expires_at is not None and known.expires_at <= now:
            raise Refusal(
                f"it waited until {spoken(known.expires_at)}, and ended", remedy="ask for it again"
            )
        return known
    here = _here(tx, issue)
    alike = [
        each.effect.hex()
        for each in here
        if len(wanted) >= _BEGINNING and each.effect.hex().startswith(wanted)
    ]
    if alike:
        remedy = "sign the whole of it: " + ", ".join(alike)
        raise Refusal("an approval names the full hash", remedy=remedy)
    place = str(issue.issue_id) if issue is not None else "the installation"
    if not here:
        raise NotThere(f"nothing waits in {place}", remedy="look at the hash, and at the issue")
    listed = ", ".join(each.effect.hex() for each in here)
    raise NotThere(f"nothing of that hash waits in {place}", remedy=f"what waits: {listed}")


def _here(tx: Tx, issue: IssueRow | None) -> tuple[Request, ...]:
    if issue is not None:
        return requests.waiting(tx, issue=issue.id)
    return tuple(each for each in requests.waiting(tx) if each.issue is None)


def _require_here(tx: Tx, issue: IssueRow | None, request: Request) -> None:
    if request.issue == (issue.id if issue is not None else None):
        return
    if request.issue is None:
        raise Refusal("that is about the installation", remedy="leave out the issue's id")
    named = issues.by_row(tx, request.issue).issue_id
    raise Refusal(f"that waits in {named}", remedy=f"name {named} in the command")


def _ended(request: Request) -> str:
    """Say how a request ended, to somebody who comes too late."""
    said = f"it {_ENDED.get(request.state, f'is {request.state}')}"
    if request.state == requests.DONE:
        people = dict.fromkeys((request.created_by, *request.approved_by))
        return f"{said}, as {' and '.join(people)} wanted"
    by = f" by {request.ended_by}" if request.ended_by else ""
    return f"{said}{by}" + (f': "{request.why}"' if request.why else "")
