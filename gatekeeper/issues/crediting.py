"""How finders are named in public: recorded, told to them, changeable until then (T-12)."""

from typing import Final

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.participants import Credit
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.protection import Form
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.acting import Actor, Done, addressee, last_from
from gatekeeper.issues.correspondence import REPORTER
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import tell
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.mail.charset import printable_line
from gatekeeper.store import audit, correspondents
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.texts.people import CREDIT_NOTED

CREDIT_LETTER: Final = "credit-noted"


def credit(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    line: str,
    now: Instant,
    name: str = REPORTER,
) -> Done:
    """Record how a finder wants to be named, "" for not at all, and tell them what was recorded.

    Who has no key is not told, for a name in clear would say who they are.
    """
    whom = addressee(tx, issue, name, now=now)
    wanted = read(line)
    note(tx, issue=issue, whom=whom, wanted=wanted, by=actor.name, about=actor.about, now=now)
    said = shown(wanted)
    lines = [f"credit: the {whom.name} {said}"]
    if whom.fingerprint is None:
        lines.append(f"credit: the {whom.name} has no key, and was not told; tell them")
    else:
        _tell(tx, desk, issue, whom, wanted, by=actor, now=now)
        lines.append(f"credit: the {whom.name} is told so, and may correct it")
    if actor.person is None:
        headline = f"{actor.name} recorded a credit"
        tell(tx, desk, issue=issue.id, headline=headline, lines=lines, now=now, by=actor.name)
    return Done(lines=tuple(lines))


def read(line: str) -> Credit:
    """Return a credit as it was written, "" for none; Refusal when it is no line of an advisory."""
    try:
        return Credit(line=line.strip())
    except ValueError as error:
        raise Refusal(str(error), remedy="write the name, and perhaps for whom they work") from None


def shown(wanted: Credit) -> str:
    """Return in words what is recorded, behind "the reporter"."""
    return f'is credited as "{wanted.line}"' if wanted.named else "is not named"


def note(
    tx: Tx,
    *,
    issue: IssueRow,
    whom: Correspondent,
    wanted: Credit,
    by: str,
    about: RowId | None,
    now: Instant,
) -> None:
    """Write down how a finder wants to be named; Refusal when nothing can be changed any more.

    `by` says whose word it is, one of the team or the finder themselves; `about` is their message.
    """
    if not whom.role.is_finder:
        raise Refusal(
            f"the {whom.name} did not find it, and is not credited for it",
            remedy="name who found it",
        )
    if issue.state == IssueState.DISCLOSED:
        raise Refusal(f"{issue.issue_id} is disclosed", remedy="correct the advisory instead")
    if whom.credit == wanted:
        raise Refusal(f"the {whom.name} {shown(wanted)} already", remedy="nothing is to be done")
    correspondents.set_credit(tx, correspondent=whom.id, credit=wanted, now=now)
    audit.append(
        tx,
        kind="reporter.credit",
        actor=by,
        now=now,
        payload={"name": whom.name, "credit": wanted.line},
        issue=issue.id,
        message=about,
    )


def _tell(
    tx: Tx,
    desk: Desk,
    issue: IssueRow,
    whom: Correspondent,
    wanted: Credit,
    *,
    by: Actor,
    now: Instant,
) -> None:
    values = {
        "project": printable_line(desk.name),
        "issue": str(issue.issue_id),
        "credit": wanted.line,
        "fingerprint": spaced(desk.fingerprint),
    }
    words = Words(
        kind=CREDIT_LETTER,
        subject=f"How you are credited ({issue.issue_id})",
        text=desk.texts.fill(CREDIT_NOTED, values),
        by=by.name,
        about=by.about,
    )
    posting = Posting(
        correspondent=whom,
        to=whom.address,
        form=Form.SEALED,
        answers=last_from(tx, issue, whom),
        unasked=True,
    )
    to_correspondent(tx, desk, words, posting, now=now)
