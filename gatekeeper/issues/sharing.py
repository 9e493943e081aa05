"""One answer to several people outside, each of whom agreed that the others read along.

Each gets a mail of their own, at their own address, encrypted to their own key; the others are
named by their role in the issue, never by name or address.
"""

from collections.abc import Sequence

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Form
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.acting import (
    REPLY_LETTER,
    Actor,
    Done,
    addressee,
    key_of,
    last_from,
    record,
    sendable,
    subject_to,
)
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.notices import barred, tell
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.personal import File
from gatekeeper.store import correspondents
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.texts.people import SHARED_REPLY


def consent(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    name: str,
    via: str,
    now: Instant,
) -> Done:
    """Record that somebody outside agreed to a shared conversation, and how they said so.

    With `via` "" that they agree no more.
    """
    whom = addressee(tx, issue, name, now=now)
    on = bool(via.strip())
    if (whom.consented_at is not None) is on:
        said = "has agreed already" if on else "has not agreed"
        raise Refusal(f"the {whom.name} {said}", remedy="nothing is to be done")
    correspondents.consent(tx, correspondent=whom.id, on=on, now=now)
    payload = {"name": whom.name, "via": via, "agreed": on}
    record(tx, "person.consent", issue, actor, payload, now=now)
    line = f"consent: the {whom.name} agreed to a shared conversation ({one_line(via, 100)})"
    if not on:
        line = f"consent: the {whom.name} takes part in no shared conversation any more"
    if actor.person is None:
        headline = f"{actor.name} recorded a consent"
        tell(tx, desk, issue=issue.id, headline=headline, lines=(line,), now=now, by=actor.name)
    return Done(lines=(line,))


def reply(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    names: Sequence[str],
    text: str,
    files: Sequence[File],
    now: Instant,
) -> Done:
    """Answer several people outside with one text; Refusal unless all of them agreed to that."""
    whom = [addressee(tx, issue, name, now=now) for name in names]
    _require_consent(desk, issue, whom)
    keys = {each.name: key_of(desk, issue, each) for each in whom}
    said = sendable(tx, desk, text, issue=issue, clear=False, about=actor.about)
    people = _listed([f"the {each.name}" for each in whom])
    values = {
        "text": said.text.strip("\n"),
        "project": printable_line(desk.name),
        "issue": str(issue.issue_id),
        "people": people,
        "fingerprint": spaced(desk.fingerprint),
    }
    framed = desk.texts.fill(SHARED_REPLY, values)
    for each in whom:
        words = Words(
            kind=REPLY_LETTER,
            subject=subject_to(issue, each),
            text=framed,
            by=actor.name,
            files=tuple(files),
            about=actor.about,
        )
        posting = Posting(
            correspondent=each,
            to=each.address,
            form=Form.SEALED,
            answers=last_from(tx, issue, each),
        )
        to_correspondent(tx, desk, words, posting, now=now)
    payload = {"to": ",".join(keys), "files": [file.name for file in files]}
    record(tx, "issue.replied", issue, actor, payload, now=now)
    lines = [f"reply: goes to the {name}, encrypted to {key}" for name, key in keys.items()]
    lines.append(f"reply: each of them reads that it went to {people}, and no address")
    if actor.person is None:
        headline = f"{actor.name} answered {people}"
        shown = (*lines, *barred(said.text))
        tell(tx, desk, issue=issue.id, headline=headline, lines=shown, now=now, by=actor.name)
    return Done(lines=tuple(lines))


def _require_consent(desk: Desk, issue: IssueRow, whom: Sequence[Correspondent]) -> None:
    lacking = [each.name for each in whom if each.consented_at is None]
    if not lacking:
        return
    have = "has" if len(lacking) == 1 else "have"
    asking = command(desk, issue.issue_id, f'consent {lacking[0]} via="mail of today"')
    raise Refusal(
        f"{_listed([f'the {name}' for name in lacking])} {have} not agreed to a shared"
        " conversation",
        remedy=f"answer each of them alone, or ask them, and record their yes: {asking}",
    )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
