"""Write letters that are our own words: to the team, to one of it, to a correspondent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.domain import token
from gatekeeper.domain.address import Address
from gatekeeper.domain.forms import AnyForm
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Form
from gatekeeper.domain.team import Person
from gatekeeper.issues.letterhead import (
    OUTER_SUBJECT,
    Desk,
    Draft,
    dump,
    personal_letterhead,
    team_letterhead,
)
from gatekeeper.mail.compose import Letterhead, outer
from gatekeeper.mail.personal import File
from gatekeeper.store import deliveries, issues, letters
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.letters import NewLetter

TEAM_COPY_KIND: Final = "team-copy"
"""The kind of letter that passes a message on to the team; their thread hangs from the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a letter of ours says: `kind` one word for the store, `by` who wrote or asked for it.

    A letter is `text` with `files`, or a `form` by itself · `about` is the message that it is the
    consequence of, None for one from the command line · `signed_by` the former key of the alias
    that is to sign it, "" for the present one · `stamp` what the store keeps besides, by which
    it is found that this was said.
    """

    kind: str
    subject: str
    text: str = ""
    by: str = "gatekeeper"
    files: tuple[File, ...] = ()
    form: AnyForm | None = None
    about: RowId | None = None
    signed_by: str = ""
    stamp: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Where a letter to a correspondent goes, and in which form.

    `to` is their stored address, or for an automatic answer the envelope's sender · `answers`
    Message-IDs of theirs that it answers, oldest first · `unasked` that no person wrote it and
    that it answers nothing · `due_at` when it may leave, None for at once.
    """

    correspondent: Correspondent
    to: Address
    form: Form
    automatic: bool = False
    answers: tuple[str, ...] = field(default=())
    unasked: bool = False
    due_at: Instant | None = None


def to_correspondent(tx: Tx, desk: Desk, words: Words, posting: Posting, *, now: Instant) -> RowId:
    """Write a letter to one correspondent and its delivery; return the letter's row."""
    issue = issues.by_row(tx, posting.correspondent.issue)
    reply_to = desk.own.reply_address(token.mint_reply(desk.token_key, posting.correspondent.route))
    head = personal_letterhead(
        desk,
        carried=words.about or issue.id,
        to=posting.to,
        subject=words.subject,
        reply_to=reply_to,
        references=posting.answers,
        auto_submitted=_auto_submitted(posting),
        now=now,
    )
    outer_subject = words.subject if posting.form is not Form.SEALED else _outer(issue)
    draft = Draft(
        head=head,
        outer_subject=outer_subject,
        block=words.text,
        files=words.files,
        personal=True,
        form=words.form,
        signed_by=words.signed_by,
    )
    letter = _keep(
        tx,
        _Kept(words=words, draft=draft, issue=issue, to=str(posting.to)),
        form=posting.form,
        automatic=posting.automatic,
        now=now,
    )
    deliveries.add(
        tx,
        letter=letter,
        issue=issue.id,
        recipient=posting.to,
        name=posting.correspondent.name,
        correspondent=posting.correspondent.id,
        due_at=now if posting.due_at is None else posting.due_at,
        now=now,
    )
    return letter


def to_team(tx: Tx, desk: Desk, words: Words, *, issue: IssueRow | None, now: Instant) -> RowId:
    """Write a letter to the whole team, a delivery for each; return the letter's row.

    `issue` is None for what belongs to no issue.
    """
    return _inside(tx, desk, words, desk.team.people, issue=issue, now=now)


def to_some(
    tx: Tx,
    desk: Desk,
    words: Words,
    people: Sequence[Person],
    *,
    issue: IssueRow | None,
    now: Instant,
) -> RowId:
    """Write a letter to some of the team, a delivery for each; return the letter's row."""
    return _inside(tx, desk, words, people, issue=issue, now=now)


def to_colleague(
    tx: Tx,
    desk: Desk,
    words: Words,
    person: Person,
    *,
    issue: IssueRow | None,
    automatic: bool = False,
    now: Instant,
) -> RowId:
    """Write a letter to one person of the team, at their registered address; return its row."""
    return _inside(tx, desk, words, (person,), issue=issue, automatic=automatic, now=now)


def _inside(
    tx: Tx,
    desk: Desk,
    words: Words,
    people: Sequence[Person],
    *,
    issue: IssueRow | None,
    automatic: bool = False,
    now: Instant,
) -> RowId:
    earlier = letters.first_message_id(tx, issue.id, kind=TEAM_COPY_KIND) if issue else None
    head = team_letterhead(
        desk,
        carried=words.about or (issue.id if issue else desk.product),
        subject=_subject(words, issue),
        references=(earlier,) if earlier else (),
        loop_tokens=(),
        now=now,
    )
    draft = Draft(
        head=head,
        outer_subject=_outer(issue) if issue else OUTER_SUBJECT,
        block=words.text,
        files=words.files,
        personal=True,
        form=words.form,
        signed_by=words.signed_by,
    )
    said = "the response team" if len(people) != 1 else people[0].name
    letter = _keep(
        tx, _Kept(words=words, draft=draft, issue=issue, to=said), automatic=automatic, now=now
    )
    deliveries.add_all(
        tx,
        letter=letter,
        issue=issue.id if issue else None,
        to=[(person.address, person.name) for person in people],
        due_at=now,
        now=now,
    )
    return letter


def _auto_submitted(posting: Posting) -> str:
    """Return the word for how a letter came about (RFC 3834 §5)."""
    if posting.automatic:
        return "auto-replied"
    return "auto-generated" if posting.unasked else "no"


def _subject(words: Words, issue: IssueRow | None) -> str:
    """Return the subject under which a letter hangs in its issue, which it names once."""
    if issue is None:
        return words.subject
    return f"[{issue.issue_id}] {words.subject.removeprefix(f'{issue.issue_id}: ')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    words: Words
    draft: Draft
    issue: IssueRow | None
    to: str


def _keep(tx: Tx, kept: _Kept, *, form: Form = Form.SEALED, automatic: bool, now: Instant) -> RowId:
    head: Letterhead = kept.draft.head
    frame = outer(head=head, outer_subject=kept.draft.outer_subject)
    return letters.add(
        tx,
        NewLetter(
            issue=kept.issue.id if kept.issue else None,
            message=None,
            kind=kept.words.kind,
            message_id=head.message_id,
            plaintext=dump(kept.draft),
            frame_head=frame.head,
            frame_tail=frame.tail,
            summary=_summary(kept),
            form=form,
            automatic=automatic,
        ),
        now=now,
    )


def _summary(kept: _Kept) -> Mapping[str, object]:
    return {
        "subject": kept.draft.head.subject,
        "to": kept.to,
        "by": kept.words.by,
        "text": kept.words.text,
        "files": [file.name for file in kept.words.files],
        **kept.words.stamp,
    }


def _outer(issue: IssueRow) -> str:
    return f"[{issue.tag}] {OUTER_SUBJECT}"
