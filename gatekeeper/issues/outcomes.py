"""Tell people outside what became of an issue: its finders, and whoever was invited (T-2).

It goes out sealed to whoever has a key, else to a finder as a form in clear, which is made of ids
and enumerated words; whoever was invited always has a key.
"""

from typing import Final

from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.outcomes import FOR_OTHERS, Outcome, Telling
from gatekeeper.domain.protection import Form
from gatekeeper.domain.reasons import Rejection
from gatekeeper.issues.acting import Actor, Done, last_from
from gatekeeper.issues.correspondence import reporter_of
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import tell
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.store import correspondents
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.texts.forms import subject_of

OUTCOME: Final = "outcome"
"""The kind of letter that tells what became of an issue."""


def told(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    telling: Telling,
    now: Instant,
    reason: Rejection | None = None,
    other: IssueId | None = None,
) -> tuple[str, ...]:
    """Write it to all who take part in the issue, and return in lines who is told and how."""
    reporter_of(tx, issue, now=now)
    people = [each for each in correspondents.of_issue(tx, issue.id) if each.removed_at is None]
    lines = []
    for each in people:
        own = telling if each.role.is_finder else FOR_OTHERS.get(telling)
        if own is None:
            continue
        form = Outcome(
            issue=issue.issue_id,
            telling=own,
            fingerprint=desk.fingerprint,
            reason=reason if own is Telling.REJECTED else None,
            other=other if own.names_another else None,
        )
        lines.append(write(tx, desk, each, form, issue=issue, actor=actor, now=now))
    if not any(each.role.is_finder for each in people):
        lines.append("told: nobody who found it, for the report named no address")
    return tuple(lines)


def write(
    tx: Tx,
    desk: Desk,
    to: Correspondent,
    form: Outcome,
    *,
    issue: IssueRow,
    actor: Actor,
    now: Instant,
) -> str:
    """Write an outcome to one correspondent, and return in a line how it goes to them."""
    sealed = to.fingerprint is not None
    if not sealed and not to.role.is_finder:
        return f"told: not the {to.name}, {to.address}, for no key of theirs is known"
    to_correspondent(
        tx,
        desk,
        Words(
            kind=OUTCOME,
            subject=subject_of(form, project=desk.name),
            form=form,
            by=actor.name,
            about=actor.about,
        ),
        Posting(
            correspondent=to,
            to=to.address,
            form=Form.SEALED if sealed else Form.CLEAR_FORM,
            answers=last_from(tx, issue, to),
            unasked=True,
        ),
        now=now,
    )
    how = "encrypted" if sealed else "in clear, without a word of the report"
    return f"told: the {to.name}, {to.address}, {how}"


def done(
    tx: Tx, desk: Desk, issue: IssueRow, actor: Actor, lines: tuple[str, ...], *, now: Instant
) -> Done:
    """Return what was done; of what a shell did the team is told by mail."""
    if actor.person is None:
        headline = f"{lines[0]}, says {actor.name}"
        tell(tx, desk, issue=issue.id, headline=headline, lines=lines, now=now, by=actor.name)
    return Done(lines=lines)
