"""Two requests that a second person looks at: an answer in clear, and a key of the reporter's.

What both would do is shown in full, hashed, and approved by that hash (promises P-1, P-8).
"""

from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.identity import fingerprint
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
from gatekeeper.issues.asking import Effect, Granted, Payload, ask, of
from gatekeeper.issues.correspondence import REPORTER, accept
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.store import correspondents
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow


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
    payload: dict[str, object] = {
        "to": correspondent.name,
        "address": str(correspondent.address),
        "subject": f"Your report ({issue.issue_id})",
        "text": framed(desk, issue, said.text, clear=True),
    }
    return ask(tx, desk, CLEAR_EFFECT, issue=issue, actor=actor, payload=payload, now=now)


def pin_key(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, key: str, now: Instant) -> Done:
    """Propose that a key which came in somebody's name be theirs; a second person confirms.

    The reporter's, or that of whoever else takes part and in whose name it came.
    """
    try:
        wanted = fingerprint(key)
    except ValueError as error:
        raise Refusal("that is no fingerprint", reason=str(error)) from None
    correspondent = _whose(tx, issue, wanted, now=now)
    if wanted == correspondent.fingerprint:
        raise Refusal("that is the pinned key already", remedy="nothing is to be done")
    if correspondents.offered(tx, correspondent=correspondent.id, fingerprint=wanted) is None:
        known = correspondents.all_offered(tx, correspondent.id)
        listed = ", ".join(known) or "none"
        raise NotThere("no such key came in the reporter's name", remedy=f"these came: {listed}")
    payload: dict[str, object] = {
        "to": correspondent.name,
        "address": str(correspondent.address),
        "fingerprint": wanted,
        "before": correspondent.fingerprint or "",
    }
    return ask(tx, desk, KEY_EFFECT, issue=issue, actor=actor, payload=payload, now=now)


def _whose(tx: Tx, issue: IssueRow, wanted: str, *, now: Instant) -> Correspondent:
    """Return in whose name a key came, the reporter for one that came in nobody's."""
    reporter = addressee(tx, issue, REPORTER, now=now)
    others = [each for each in correspondents.taking_part(tx, issue.id) if each.id != reporter.id]
    for each in (reporter, *others):
        if correspondents.offered(tx, correspondent=each.id, fingerprint=wanted) is not None:
            return each
    return reporter


def _clear_text(_tx: Tx, _desk: Desk, _issue: IssueRow | None, payload: Payload) -> str:
    lines = (
        "What:         reply IN CLEAR: everybody on its way may be able to read it",
        f"To:           {payload['to']}, {payload['address']}",
        f"Subject:      {payload['subject']}",
    )
    return "\n".join(lines) + f"\n\n{payload['text']}"


def _send_clear(tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant) -> Done:
    payload, actor, row = granted.payload, granted.actor, of(issue)
    correspondent = addressee(tx, row, str(payload["to"]), now=now)
    if correspondent.fingerprint is not None or not desk.clear_replies:
        raise Refusal(
            "by now it must not go out in clear: a key is known, or the relay enforces no TLS",
            remedy=f"use `{command(desk, row.issue_id, 'reply')}`",
        )
    author = granted.request.created_by
    words = Words(
        kind=REPLY_LETTER,
        subject=str(payload["subject"]),
        text=str(payload["text"]),
        by=author,
        about=actor.about,
    )
    posting = Posting(
        correspondent=correspondent,
        to=correspondent.address,
        form=Form.CLEAR_REPLY,
        answers=last_from(tx, row, correspondent),
    )
    to_correspondent(tx, desk, words, posting, now=now)
    said = {"to": correspondent.name, "clear": True, "people": list(granted.people)}
    record(tx, "issue.replied", row, actor, said, now=now)
    where = f"the {correspondent.name}, {correspondent.address}"
    return Done(lines=(f"approve: the reply by {author} goes to {where}, IN CLEAR",))


def _key_text(_tx: Tx, _desk: Desk, _issue: IssueRow | None, payload: Payload) -> str:
    name = str(payload.get("to", REPORTER))
    lines = (
        f"What:         answers to the {name} are encrypted to this key from now on",
        f"{name.capitalize() + ':':<13} {payload['address']}",
        f"Key:          {spaced(str(payload['fingerprint']))}",
        f"In place of:  {spaced(str(payload['before'])) or 'none'}",
    )
    return "\n".join(lines)


def _pin(tx: Tx, _desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant) -> Done:
    payload, row = granted.payload, of(issue)
    name = str(payload.get("to", REPORTER))
    correspondent = addressee(tx, row, name, now=now)
    wanted = str(payload["fingerprint"])
    if (correspondent.fingerprint or "") != payload["before"]:
        raise Refusal(
            f"the {name}'s key has changed since this was asked for",
            remedy="look at the thread, and ask again if it still holds",
        )
    try:
        accept(tx, correspondent, wanted, now=now)
    except KeyError:
        raise NotThere("the key is not there any more", remedy="have it sent again") from None
    record(tx, "reporter.key_pinned", row, granted.actor, {"fingerprint": wanted}, now=now)
    return Done(
        lines=(f"approve: answers to the {name} are encrypted to {spaced(wanted)} from now on",)
    )


CLEAR_EFFECT: Final = Effect(
    kind=RequestKind.REPLY_CLEAR,
    title="an answer in clear",
    render=_clear_text,
    perform=_send_clear,
)
KEY_EFFECT: Final = Effect(
    kind=RequestKind.REPORTER_KEY,
    title="another key of the reporter",
    render=_key_text,
    perform=_pin,
)
