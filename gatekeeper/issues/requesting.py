"""What needs two people: it is written down with the hash of its full effect, and then approved.

An approval names the SHA-256 of the rendered effect, which is rendered again and compared in the
transaction that carries it out; nobody approves their own twice (promise P-8).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.identity import ROW_ID_BYTES, fingerprint, short_tag
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Form
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.acting import (
    REPLY_LETTER,
    Actor,
    Done,
    addressee,
    framed,
    last_from,
    record,
    sendable,
)
from gatekeeper.issues.correspondence import REPORTER, accept
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.notices import NOTICE
from gatekeeper.issues.post import Posting, Words, to_correspondent, to_team
from gatekeeper.store import correspondents, requests
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.requests import Request
from gatekeeper.texts.templates import CLEAR_REPLY_PROPOSAL, TEAM_NOTICE

CLEAR: Final = "reply-clear"
KEY: Final = "reporter-key"
PEOPLE: Final = 2
"""How many people of the team an effect needs; a request from a shell counts as none of them."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")


def reply_clear(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, to: str, text: str, now: Instant
) -> Done:
    """Propose an answer in clear, the one free text that may leave so (promise P-1).

    Only to a reporter who wrote in clear and has no key, without files, and where the relay
    enforces TLS. A second person confirms it.
    """
    correspondent = addressee(tx, issue, to, now=now)
    if correspondent.fingerprint is not None:
        raise Refusal(
            f"the {correspondent.name} has a key, so nothing goes to them in clear",
            remedy=f"use `{command(desk, issue.issue_id, 'reply')}`",
        )
    if not correspondent.wrote_in_clear:
        raise Refusal(
            f"the {correspondent.name} wrote encrypted, and has not agreed to mail in clear",
            remedy="wait for their key",
        )
    if not desk.clear_replies:
        raise Refusal(
            "the relay has no place that enforces TLS, which a reply in clear needs",
            remedy="have an admin set relay.clear_port, see the operating manual",
        )
    said = sendable(tx, desk, text, issue=issue, clear=True, about=actor.about)
    payload = {
        "to": correspondent.name,
        "address": str(correspondent.address),
        "subject": f"Your report ({issue.issue_id})",
        "text": framed(desk, issue, said.text, clear=True),
    }
    return _ask(tx, desk, _Wish(issue=issue, actor=actor, kind=CLEAR, payload=payload), now=now)


def pin_key(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, key: str, now: Instant) -> Done:
    """Propose that a key which came in the reporter's name be theirs; a second person confirms."""
    correspondent = addressee(tx, issue, REPORTER, now=now)
    try:
        wanted = fingerprint(key)
    except ValueError as error:
        raise Refusal("that is no fingerprint", reason=str(error)) from None
    if wanted == correspondent.fingerprint:
        raise Refusal("that is the pinned key already", remedy="nothing is to be done")
    if correspondents.offered(tx, correspondent=correspondent.id, fingerprint=wanted) is None:
        known = correspondents.all_offered(tx, correspondent.id)
        listed = ", ".join(known) or "none"
        raise NotThere("no such key came in the reporter's name", remedy=f"these came: {listed}")
    payload = {
        "address": str(correspondent.address),
        "fingerprint": wanted,
        "before": correspondent.fingerprint or "",
    }
    return _ask(tx, desk, _Wish(issue=issue, actor=actor, kind=KEY, payload=payload), now=now)


def approve(
    tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, effect: str, now: Instant
) -> Done:
    """Approve what waits in this issue under the full hash `effect`; do it once enough did."""
    if actor.person is None:
        raise Refusal(
            "a shell cannot approve anything",
            remedy=f"send the signed mail `{command(desk, issue.issue_id, 'approve HASH')}`",
        )
    request = _waiting(tx, issue, effect)
    name = actor.person.name
    if name in request.approved_by or name == request.created_by:
        raise Refusal(
            "you asked for it yourself" if name == request.created_by else "you approved it before",
            remedy="another person of the team has to approve it",
        )
    # A person's keys change, their place in the team does not: they count by address.
    counted = requests.approve(
        tx, request=request.id, person=actor.person.address.key, name=name, now=now
    )
    record(tx, "request.approved", issue, actor, {"effect": effect}, now=now)
    if counted < request.needed:
        left = request.needed - counted
        return Done(lines=(f"approve: counted; {left} more must approve {effect}",))
    return _carry_out(tx, desk, request, issue=issue, actor=actor, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    issue: IssueRow
    actor: Actor
    kind: str
    payload: Mapping[str, str]


def _ask(tx: Tx, desk: Desk, wish: _Wish, *, now: Instant) -> Done:
    payload = {**wish.payload, "once": short_tag(desk.chance(ROW_ID_BYTES))}
    rendered = effect_text(str(wish.issue.issue_id), str(desk.own.security), wish.kind, payload)
    effect = hashlib.sha256(rendered.encode()).digest()
    row = requests.add(
        tx,
        issue=wish.issue.id,
        kind=wish.kind,
        effect=effect,
        payload=payload,
        needed=PEOPLE,
        created_by=wish.actor.name,
        now=now,
    )
    left = PEOPLE
    if wish.actor.person is not None:
        person = wish.actor.person
        left -= requests.approve(
            tx, request=row, person=person.address.key, name=person.name, now=now
        )
    record(tx, "request.made", wish.issue, wish.actor, {"effect": effect.hex()}, now=now)
    confirming = command(desk, wish.issue.issue_id, f"approve {effect.hex()}")
    text = _proposal(desk, wish, payload, rendered=rendered, confirming=confirming)
    words = Words(
        kind=NOTICE,
        subject=f"To be confirmed: {_TITLES[wish.kind]}",
        text=text,
        by=wish.actor.name,
        about=wish.actor.about,
    )
    to_team(tx, desk, words, issue=wish.issue, now=now)
    people = "another person" if left == 1 else f"{left} people"
    line = f"{_TITLES[wish.kind]}, for {people} of the team to confirm: {confirming}"
    return Done(lines=(line,), waiting=effect.hex())


def _proposal(
    desk: Desk, wish: _Wish, payload: Mapping[str, str], *, rendered: str, confirming: str
) -> str:
    """Return what the team is shown of a request: all that it would do, and how to confirm it."""
    headline = f"{wish.issue.issue_id}: {_TITLES[wish.kind]} waits for a second person"
    if wish.kind == CLEAR:
        values: Mapping[str, object] = {
            "headline": headline,
            "author": wish.actor.name,
            "recipient": payload["address"],
            "text": tuple(payload["text"].splitlines()),
            "command": confirming,
        }
        return desk.texts.fill(CLEAR_REPLY_PROPOSAL, values)
    values = {
        "headline": headline,
        "lines": (f"Asked by:     {wish.actor.name}", *rendered.splitlines()),
        "next_step": f"It is done when another person of the team sends, signed:\n\n  {confirming}",
    }
    return desk.texts.fill(TEAM_NOTICE, values)


_TITLES: Final = {CLEAR: "an answer in clear", KEY: "another key of the reporter"}


def effect_text(issue: str, alias: str, kind: str, payload: Mapping[str, object]) -> str:
    """Return what will happen, in full, as it is shown and hashed before it is approved."""
    lines = [f"Issue:        {issue} at {alias}"]
    if kind == CLEAR:
        lines += [
            "What:         reply IN CLEAR: everybody on its way may be able to read it",
            f"To:           {payload['to']}, {payload['address']}",
            f"Subject:      {payload['subject']}",
        ]
    else:
        lines += [
            "What:         answers to the reporter are encrypted to this key from now on",
            f"Reporter:     {payload['address']}",
            f"Key:          {spaced(str(payload['fingerprint']))}",
            f"In place of:  {spaced(str(payload['before'])) or 'none'}",
        ]
    lines.append(f"Once:         {payload['once']}")
    text = f"\n\n{payload['text']}" if kind == CLEAR else "\n"
    return "\n".join(lines) + text


def _waiting(tx: Tx, issue: IssueRow, effect: str) -> Request:
    """Return the request of that full hash in this issue; a prefix is completed, and refused."""
    wanted = effect.lower()
    waiting = requests.waiting(tx, issue=issue.id)
    for request in waiting:
        if _HASH.fullmatch(wanted) and request.effect.hex() == wanted:
            return request
    alike = [
        each.effect.hex()
        for each in waiting
        if len(wanted) >= 4 and each.effect.hex().startswith(wanted)
    ]
    if alike:
        remedy = "sign the whole of it: " + ", ".join(alike)
        raise Refusal("an approval names the full hash", remedy=remedy)
    if not waiting:
        raise NotThere(f"nothing waits in {issue.issue_id}", remedy="it may have been done already")
    listed = ", ".join(each.effect.hex() for each in waiting)
    raise NotThere(
        f"nothing of that hash waits in {issue.issue_id}", remedy=f"what waits: {listed}"
    )


def _carry_out(
    tx: Tx, desk: Desk, request: Request, *, issue: IssueRow, actor: Actor, now: Instant
) -> Done:
    alias = str(desk.own.security)
    rendered = effect_text(str(issue.issue_id), alias, request.kind, request.payload)
    if hashlib.sha256(rendered.encode()).digest() != request.effect:
        raise Refusal(
            "what would be done is not what was approved any more", remedy="ask for it again"
        )
    requests.close(tx, request=request.id, state="done", now=now)
    if request.kind == CLEAR:
        return _send_clear(tx, desk, request, issue=issue, actor=actor, now=now)
    return _pin(tx, request, issue=issue, actor=actor, now=now)


def _send_clear(
    tx: Tx, desk: Desk, request: Request, *, issue: IssueRow, actor: Actor, now: Instant
) -> Done:
    correspondent = addressee(tx, issue, str(request.payload["to"]), now=now)
    if correspondent.fingerprint is not None or not desk.clear_replies:
        raise Refusal(
            "by now it must not go out in clear: a key is known, or the relay enforces no TLS",
            remedy=f"use `{command(desk, issue.issue_id, 'reply')}`",
        )
    words = Words(
        kind=REPLY_LETTER,
        subject=str(request.payload["subject"]),
        text=str(request.payload["text"]),
        by=request.created_by,
        about=actor.about,
    )
    posting = Posting(
        correspondent=correspondent,
        to=correspondent.address,
        form=Form.CLEAR_REPLY,
        answers=last_from(tx, issue, correspondent),
    )
    to_correspondent(tx, desk, words, posting, now=now)
    people = [request.created_by, *request.approved_by, actor.name]
    payload: dict[str, object] = {"to": correspondent.name, "clear": True, "people": people}
    record(tx, "issue.replied", issue, actor, payload, now=now)
    where = f"the {correspondent.name}, {correspondent.address}"
    line = f"approve: the reply by {request.created_by} goes to {where}, IN CLEAR"
    return Done(lines=(line,))


def _pin(tx: Tx, request: Request, *, issue: IssueRow, actor: Actor, now: Instant) -> Done:
    correspondent = addressee(tx, issue, REPORTER, now=now)
    wanted = str(request.payload["fingerprint"])
    if (correspondent.fingerprint or "") != request.payload["before"]:
        raise Refusal(
            "the reporter's key has changed since this was asked for",
            remedy="look at the thread, and ask again if it still holds",
        )
    try:
        accept(tx, correspondent, wanted, now=now)
    except KeyError:
        raise NotThere("the key is not there any more", remedy="have it sent again") from None
    record(tx, "reporter.key_pinned", issue, actor, {"fingerprint": wanted}, now=now)
    return Done(
        lines=(f"approve: answers to the reporter are encrypted to {spaced(wanted)} from now on",)
    )
