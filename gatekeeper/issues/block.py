"""The block of ours in a team copy: what is known of the message, and what only looks known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.instants import Instant, rfc3339, spoken
from gatekeeper.domain.report import Envelope, Kind
from gatekeeper.domain.verdict import Verdict
from gatekeeper.mail.headers import Mailbox
from gatekeeper.mail.reading import Piece, Reading
from gatekeeper.texts.templates import TEAM_COPY, Texts

_LINE_MAX: Final = 300
_NAMED_MAX: Final = 10
_TEXT_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockFacts:
    """Everything the block and the stored summary of a message are made of."""

    kind: Kind
    issue: str
    opened: bool
    claimed: str
    alias: str
    received_at: Instant
    envelope: Envelope
    reading: Reading
    verdict: Verdict

    @property
    def subject(self) -> str:
        """The subject as it was read, in one bounded line, never empty."""
        return _line(self.reading.subject) or "(no subject)"


def block_text(texts: Texts, facts: BlockFacts, *, log_head: str) -> str:
    """Return the block for a team copy; `log_head` is the event log's newest entry.

    Every value that comes from the sender is one line without control characters, so that nothing
    in it can pose as a line of ours.
    """
    mail = facts.reading.mail
    return texts.fill(
        TEAM_COPY,
        {
            "headline": _headline(facts),
            "subject": facts.subject,
            "sender": _sender(facts),
            "recipients": _people(mail.to),
            "written": f"{spoken(mail.date)} (as the sender says)" if mail.date else "not said",
            "received": _received(facts),
            "encryption": facts.verdict.encryption,
            "signature": facts.verdict.signature,
            "pieces": [_piece(piece) for piece in facts.reading.pieces],
            "problems": problems_of(facts),
            "what_follows": _what_follows(facts),
            "log_head": log_head,
        },
    )


def summary(facts: BlockFacts) -> Mapping[str, object]:
    """Return what the store keeps of a message for people who read the thread later.

    JSON values only; it is sealed like every content column.
    """
    mail = facts.reading.mail
    return {
        "subject": facts.subject,
        "from": _people(mail.from_),
        "to": _people(mail.to),
        "date": rfc3339(mail.date) if mail.date else None,
        "encryption": facts.verdict.encryption,
        "signature": facts.verdict.signature,
        "signer": facts.verdict.signer.name if facts.verdict.signer else None,
        "from_confirmed": facts.verdict.from_confirmed,
        "pieces": [_piece(piece) for piece in facts.reading.pieces],
        "problems": problems_of(facts),
        "text": facts.reading.text[:_TEXT_MAX],
    }


def problems_of(facts: BlockFacts) -> list[str]:
    """Return what a reader should know before believing the message, one line each."""
    lines = [_line(problem) for problem in facts.reading.problems]
    if facts.claimed:
        lines.append(
            f"it names {facts.claimed}, but its sender is not known there: opened as a new issue"
        )
    if facts.reading.protection.unreadable is not None:
        lines.append("it is attached as it came, as original.eml, for whoever may hold the key")
    return lines


def _headline(facts: BlockFacts) -> str:
    if facts.kind is Kind.POSTMASTER:
        return f"Mail to postmaster or abuse at {facts.alias.rpartition('@')[2]}"
    what = "new report" if facts.opened else "message"
    return f"{facts.issue}: {what} to {facts.alias}"


def _what_follows(facts: BlockFacts) -> str:
    if facts.reading.protection.unreadable is not None:
        return (
            "Nothing of it could be opened. What follows is what the sender's mail holds outside."
        )
    return "What follows is the sender's, as it was sent."


def _received(facts: BlockFacts) -> str:
    envelope = facts.envelope
    hop = "encrypted" if envelope.tls else "NOT encrypted"
    return f"{spoken(facts.received_at)} from {envelope.peer}, last hop {hop}"


def _sender(facts: BlockFacts) -> str:
    boxes = facts.reading.mail.from_
    named = _people(boxes) or "nobody"
    if facts.verdict.from_confirmed:
        return named
    envelope = facts.envelope.sender
    outside = f"; envelope sender {envelope}" if _differs(facts) else ""
    return f"{named} (not confirmed{outside})"


def _differs(facts: BlockFacts) -> bool:
    envelope = facts.envelope.sender
    inside = {box.address.key for box in facts.reading.mail.from_ if box.address}
    return envelope is not None and envelope.key not in inside


def _people(boxes: Sequence[Mailbox]) -> str:
    shown = [_mailbox(box) for box in boxes[:_NAMED_MAX]]
    if len(boxes) > _NAMED_MAX:
        shown.append(f"and {len(boxes) - _NAMED_MAX} more")
    return _line(", ".join(shown))


def _mailbox(box: Mailbox) -> str:
    if box.address is None:
        return box.display or "unreadable address"
    return f"{box.display} <{box.address}>" if box.display else str(box.address)


def _piece(piece: Piece) -> str:
    fate = piece.problem or "opened apart from the rest, attached below"
    return _line(f"{piece.label}: encrypted; {fate}")


def _line(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= _LINE_MAX else one[: _LINE_MAX - 1] + "…"
