"""What the verbs do: each changes an issue in the transaction given, or refuses and says why.

Signed mail and the command line come to the same functions (S-1); who asks is an Actor.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.participants import Part
from gatekeeper.domain.protection import Form
from gatekeeper.domain.team import Person
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.column import one_line
from gatekeeper.issues.confidential import named, other_words, repeated, wrote
from gatekeeper.issues.correspondence import REPORTER, reporter_of
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.notices import barred, notice_text, tell
from gatekeeper.issues.post import Posting, Words, to_correspondent, to_team
from gatekeeper.issues.reply_text import Inside, cleaned
from gatekeeper.mail.personal import File
from gatekeeper.store import audit, correspondents, issues, messages
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.texts.forms import reply_text

NOTE: Final = "note"
REPLY_LETTER: Final = "reply"
CONFIDENTIAL: Final = "A confidential security issue"
"""How an issue is called to those who did not report it: its subject is the reporter's word."""

_NO_SUBJECT: Final = frozenset({"", "...", "[...]", "…", "(no subject)"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: a person of the team by signed mail, or whoever has a shell on this machine.

    `shell` is the operating system's name for them; it counts as no approval (promise P-8).
    `about` is the message that asks, None for a command.
    """

    person: Person | None = None
    shell: str = ""
    about: RowId | None = None

    def __post_init__(self) -> None:
        """Refuse an actor who is nobody, or two."""
        if (self.person is None) == (not self.shell):
            message = "an actor is a person of the team or somebody at a shell"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """What the event log calls them."""
        return self.person.name if self.person is not None else self.shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an act came to, in lines for people; `waiting` is the effect that waits for approval.

    `waiting` is the full SHA-256 in hex digits, "" when nothing waits · `told` is for whoever asked
    alone.
    """

    lines: tuple[str, ...]
    waiting: str = ""
    told: tuple[str, ...] = ()


def own(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, name: str = "", now: Instant) -> Done:
    """Make somebody of the team look after the issue: the actor, or from a shell whoever is named.

    A person of the team is told by the copy of their own mail; of what a shell did all are told.
    """
    owner = actor.person.name if actor.person is not None else _of_team(desk, name)
    before = f", before {issue.owner}" if issue.owner and issue.owner != owner else ""
    issues.set_owner(tx, issue=issue.id, owner=owner, now=now)
    record(tx, "issue.owned", issue, actor, {"owner": owner}, now=now)
    line = f"own: {owner} looks after {issue.issue_id} now{before}"
    if actor.person is None:
        headline = f"{issue.issue_id} is {owner}'s, says {actor.name}"
        tell(tx, desk, issue=issue.id, headline=headline, lines=(line,), now=now, by=actor.name)
    return Done(lines=(line,))


def _of_team(desk: Desk, name: str) -> str:
    """Return the name of the one person of the team who is called so, or has that address."""
    wanted = name.strip().casefold()
    found = [
        person.name
        for person in desk.team.people
        if wanted in {person.name.casefold(), person.address.key}
    ]
    if not found:
        known = ", ".join(person.name for person in desk.team.people)
        said = f'"{one_line(name, 60)}" is nobody of the team' if wanted else "nobody is named"
        raise NotThere(said, remedy=f"name one of: {known}")
    if len(found) > 1:
        said = f'"{one_line(name, 60)}" is the name of {len(found)} people of the team'
        raise Refusal(said, remedy="name the one you mean by the address")
    return found[0]


def note(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, text: str, now: Instant) -> Done:
    """Keep a note in the issue, for the team alone.

    One that came by mail is in the team's hands with that mail; one from a shell is sent to them.
    """
    if not text.strip():
        raise Refusal("the note is empty", remedy="write it below the command")
    if actor.person is None:
        headline = f"Note by {actor.name}"
        said = notice_text(desk, headline, barred(text))
        words = Words(kind=NOTE, subject=headline, text=said, by=actor.name)
        to_team(tx, desk, words, issue=issue, now=now)
    record(tx, "issue.noted", issue, actor, {"text": text}, now=now)
    return Done(lines=(f"note: kept in {issue.issue_id}; it stays inside the team",))


def reply(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    to: str,
    text: str,
    files: Sequence[File],
    now: Instant,
) -> Done:
    """Answer a correspondent as the alias, encrypted to the pinned key; without one, refuse."""
    correspondent = addressee(tx, issue, to, now=now)
    key = key_of(desk, issue, correspondent)
    said = sendable(tx, desk, text, issue=issue, clear=False, about=actor.about, to=correspondent)
    words = Words(
        kind=REPLY_LETTER,
        subject=subject_to(issue, correspondent),
        text=framed(desk, issue, said.text, clear=False),
        by=actor.name,
        files=tuple(files),
        about=actor.about,
    )
    posting = Posting(
        correspondent=correspondent,
        to=correspondent.address,
        form=Form.SEALED,
        answers=last_from(tx, issue, correspondent),
    )
    to_correspondent(tx, desk, words, posting, now=now)
    payload = {"to": correspondent.name, "files": [file.name for file in files]}
    record(tx, "issue.replied", issue, actor, payload, now=now)
    where = f"the {correspondent.name}, {correspondent.address}"
    lines = [f"reply: goes to {where}, encrypted to {key}"]
    if said.removed:
        left = "1 line was" if said.removed == 1 else f"{said.removed} lines were"
        lines.append(f"reply: {left} left out, quoted or a signature")
    if files:
        lines.append("reply: with " + ", ".join(file.name for file in files))
    if actor.person is None:
        headline = f"{actor.name} answered the {correspondent.name}"
        shown = (*lines, *barred(said.text))
        tell(tx, desk, issue=issue.id, headline=headline, lines=shown, now=now, by=actor.name)
    return Done(lines=tuple(lines))


def key_of(desk: Desk, issue: IssueRow, correspondent: Correspondent) -> str:
    """Return the pinned key's fingerprint for people; Refusal when there is none."""
    if correspondent.fingerprint is not None:
        return spaced(correspondent.fingerprint)
    remedy = "wait for their key"
    if correspondent.wrote_in_clear:
        clear = command(desk, issue.issue_id, "reply clear")
        remedy = f"ask for one with `{clear}`, which a second person confirms"
    raise Refusal(
        f"no key of the {correspondent.name} is known, so nothing can be sent encrypted",
        remedy=remedy,
    )


def framed(desk: Desk, issue: IssueRow, text: str, *, clear: bool) -> str:
    """Return an answer in the frame that the operator gives to such mail."""
    return reply_text(
        desk.texts,
        text=text,
        project=desk.name,
        issue=issue.issue_id,
        fingerprint=desk.fingerprint,
        clear=clear,
    )


def revoke(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, now: Instant) -> Done:
    """Void the reporter's reply address; the next mail to them carries a new one."""
    correspondent = addressee(tx, issue, REPORTER, now=now)
    correspondents.renew_route(tx, correspondent=correspondent.id, now=now)
    record(tx, "reporter.address_revoked", issue, actor, {}, now=now)
    line = (
        f"revoke: the {correspondent.name}'s reply address leads nowhere any more; the next mail"
        " to them names a new one"
    )
    if actor.person is None:
        tell(tx, desk, issue=issue.id, headline=line, lines=(), now=now, by=actor.name)
    return Done(lines=(line,))


def addressee(tx: Tx, issue: IssueRow, name: str, *, now: Instant) -> Correspondent:
    """Return the correspondent called `name`; NotThere, naming those there are, if none is.

    Who was removed is not there any more.
    """
    reporter_of(tx, issue, now=now)
    known = correspondents.taking_part(tx, issue.id)
    for each in known:
        if each.name == name.lower():
            return each
    names = ", ".join(each.name for each in known) or "nobody: the report named no address"
    raise NotThere(
        f'{issue.issue_id} has no correspondent "{one_line(name, 60)}"', remedy=f"it has: {names}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sendable:
    """Text that may go to a correspondent, and how many lines were taken out of it."""

    text: str
    removed: int


def sendable(
    tx: Tx,
    desk: Desk,
    text: str,
    *,
    issue: IssueRow,
    clear: bool,
    about: RowId | None,
    to: Correspondent | None = None,
) -> Sendable:
    """Return what of `text` may leave; Refusal, with all objections, when nothing may.

    It is compared with what the team wrote in the issue, and in `clear` with what anybody did;
    `about` is the message that asks, which is not compared with itself. No address of anybody
    outside may stand in it but that of whom it goes `to`.
    """
    others = other_words(tx, desk.team, issue.id, about=about, everybody=clear)
    inside = Inside(
        named=lambda words: named(words, desk.team.people),
        repeated=lambda lines: repeated(lines, others),
    )
    found = cleaned(text, issue=issue.issue_id, prefix=desk.prefix, inside=inside)
    others_outside = [
        each
        for each in correspondents.of_issue(tx, issue.id)
        if to is None or each.address.key != to.address.key
    ]
    objections = [*found.objections, *named_outside(found.text, others_outside)]
    if objections:
        raise Refusal(f"nothing was sent: {'; '.join(objections)}")
    return Sendable(text=found.text, removed=found.removed)


def named_outside(text: str, others: Sequence[Correspondent]) -> tuple[str, ...]:
    """Return what speaks against a text for outside: that it shows the address of somebody else."""
    return tuple(
        f"it names the address of the {each.name}, which nobody else is shown"
        for each in others
        if re.search(rf"(?<![\w.+-]){re.escape(str(each.address))}(?![\w-])", text, re.IGNORECASE)
    )


def subject_to(issue: IssueRow, to: Correspondent) -> str:
    """Return the subject of a reply; the report's own is its reporter's, for nobody else to read.

    That of an encrypted report may say nothing.
    """
    if to.role is not Part.REPORTER:
        return f"Re: {CONFIDENTIAL} ({issue.issue_id})"
    if issue.subject.strip() in _NO_SUBJECT:
        return f"Re: your report ({issue.issue_id})"
    return f"Re: {issue.subject}"


def last_from(tx: Tx, issue: IssueRow, correspondent: Correspondent) -> tuple[str, ...]:
    """Return the Message-ID of the last mail from a correspondent, for theirs to thread by."""
    for message in reversed(messages.of_issue(tx, issue.id)):
        if wrote(message, str(correspondent.address)):
            message_id = (message.summary or {}).get("message_id")
            return (str(message_id),) if message_id else ()
    return ()


def record(
    tx: Tx,
    kind: str,
    issue: IssueRow | None,
    actor: Actor,
    payload: Mapping[str, object],
    *,
    now: Instant,
) -> None:
    """Append what was done to the event log (promise P-10); None for what is about no issue."""
    audit.append(
        tx,
        kind=kind,
        actor=actor.name,
        now=now,
        payload=payload,
        issue=issue.id if issue is not None else None,
        message=actor.about,
    )
