"""Approve or refuse with a signed text that a shell takes, for people who have no mail at hand.

The text is the command and below it all that would be done, word for word; the signature covers
both. So it says as much as a signed mail, and proves as much (promise P-8).
"""

from gatekeeper.domain.errors import Refusal, TheirFault
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.verdict import verdict
from gatekeeper.issues import approving, commands
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.authority import is_fresh
from gatekeeper.issues.commands import Command
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import NOTICE, Notice, tell_kind
from gatekeeper.issues.pending import Pending, shown
from gatekeeper.issues.written import written
from gatekeeper.mail.charset import printable_text
from gatekeeper.mail.reading import Reading
from gatekeeper.store import issues
from gatekeeper.store.engine import Tx

APPROVE = "approve"
REFUSE = "refuse"
HEAD = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
"""What makes a mail of a signed text, so that one reader reads both."""

_SIGN = "sign what `gatekeeper approval text` prints, unchanged: gpg --clearsign"


def text(one: Pending, *, why: str = "") -> str:
    """Return what is to be signed to approve what waits; with `why`, to refuse it."""
    line = one.refuse.replace('"WHY"', f'"{why}"') if why else one.approve
    return printable_text(f"{line}\n\n{one.text}")


def obey(tx: Tx, desk: Desk, reading: Reading, *, verb: str, now: Instant) -> Done:
    """Approve or refuse, as `verb` says, what a signed text names; Refusal when it may not be.

    `reading` is that of HEAD and the text · the team is told by mail, for no mail of theirs did it.
    """
    found = verdict(reading.protection, None, desk.team)
    if found.signer is None or found.made_at is None:
        raise Refusal(
            f"that is not signed by a person of the team: {found.signature}", remedy=_SIGN
        )
    if not is_fresh(found.made_at, now):
        raise Refusal("it was not signed within the last 24 hours", remedy="sign it anew")
    signed = written(reading)
    command = _only(signed.text, verb)
    actor = Actor(person=found.signer)
    issue = issues.get(tx, command.issue) if command.issue is not None else None
    effect = command.operands[0]
    request = approving.waiting(tx, issue, effect, now=now)
    why = command.operands[1] if verb == REFUSE else ""
    one = shown(tx, desk, request)
    if signed.doubts or _lines(signed.text) != _lines(text(one, why=why)):
        raise Refusal("the signed text is not the one that shows what waits", remedy=_SIGN)
    if verb == REFUSE:
        done = approving.refuse(tx, desk, issue=issue, actor=actor, effect=effect, why=why, now=now)
    else:
        done = approving.approve(tx, desk, issue=issue, actor=actor, effect=effect, now=now)
    notice = Notice(
        kind=NOTICE,
        headline=f"{found.signer.name} signed at a shell: {verb} {one.title}",
        lines=done.lines,
        next_step="",
        about=None,
    )
    tell_kind(tx, desk, notice, issue=request.issue, once=False, now=now)
    return done


def _only(signed: str, verb: str) -> Command:
    """Return the one command of a signed text."""
    parsed = commands.parse(signed)
    if len(parsed.commands) != 1 or parsed.commands[0].verb != verb:
        problems = "; ".join(parsed.problems) or f"its first line does not {verb} anything"
        raise TheirFault(f"that is no text to {verb} by: {problems}", remedy=_SIGN)
    return parsed.commands[0]


def _lines(signed: str) -> list[str]:
    """Return the lines that count: a signature covers neither blanks at their ends nor the last."""
    return [line.rstrip() for line in signed.strip("\n").split("\n")]
