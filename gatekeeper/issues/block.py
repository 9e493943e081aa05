"""The block of ours in a team copy: what is known of the message, and what only looks known."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.instants import Instant, rfc3339, spoken
from gatekeeper.domain.report import Envelope, Kind
from gatekeeper.domain.verdict import Verdict
from gatekeeper.issues.column import INDENT, in_column, one_line, quoted, size
from gatekeeper.issues.reading import UNREAD, stays_whole
from gatekeeper.mail.attachments import attachments, pages
from gatekeeper.mail.headers import Mailbox
from gatekeeper.mail.oddities import oddities
from gatekeeper.mail.parse import Mail
from gatekeeper.mail.reading import Piece, Reading
from gatekeeper.mail.sheltered import is_as_sent
from gatekeeper.texts.templates import TEAM_COPY, Texts

_NAME_MAX: Final = 80
_NAMED_MAX: Final = 10
_TEXT_MAX: Final = 64 * 1024
_UNPROVEN: Final = "not confirmed by a signature"
_COMMAND: Final = re.compile(
    r" (![A-Z0-9-]{1,40}@[a-z0-9.-]{1,255} (?:approve [0-9a-f]{64}|key [0-9A-F]{40}))$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockFacts:
    """Everything the block and the stored summary of a message are made of.

    `claimed` names an issue the message says it belongs to, without being believed · `automatic`
    is what it says of itself · `alias` the address of ours it came to · `command` how a command
    about the issue begins, "" where there is none · `remarks` what the program
    found out besides, `done` what it did because of the message, `waiting` what it did not do yet;
    all in its own words.
    """

    kind: Kind
    issue: str
    opened: bool
    claimed: str
    automatic: bool
    alias: str
    received_at: Instant
    envelope: Envelope
    reading: Reading
    verdict: Verdict
    command: str = ""
    remarks: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The subject that people are shown."""
        return shown_subject(self.reading)


def shown_subject(reading: Reading) -> str:
    """Return the subject as it was read, in one bounded line, never empty."""
    return one_line(reading.subject) or "(no subject)"


def block_text(texts: Texts, facts: BlockFacts, *, log_head: str) -> str:
    """Return the block for a team copy; `log_head` is the event log's newest entry.

    Every value that comes from the sender is printable, bounded, and stays in its column, so that
    nothing in it can pose as a line of ours.
    """
    mail = facts.reading.mail
    return texts.fill(
        TEAM_COPY,
        {
            "headline": _headline(facts),
            "subject": in_column(facts.subject),
            "sender": in_column(_people(mail.from_) or _no_sender(mail)),
            "sender_doubt": in_column(_doubt(facts)),
            "recipients": in_column(_people(mail.to)),
            "copies": in_column(_people(mail.cc)),
            "written": f"{spoken(mail.date)}, as the sender says" if mail.date else "not said",
            "received": in_column(f"{spoken(facts.received_at)} {_peer(facts.envelope)}"),
            "encryption": in_column(facts.verdict.encryption),
            "signature": in_column(facts.verdict.signature),
            "parts": [in_column(line) for line in facts.verdict.parts],
            "pieces": [in_column(line) for line in _pieces(facts.reading.pieces)],
            "attachments": [in_column(line) for line in _attachments(facts.reading)],
            "done": [_with_command(line) for line in facts.done],
            "waiting": [_with_command(line) for line in facts.waiting],
            "notes": [_with_command(line) for line in problems_of(facts)],
            "command": facts.command,
            "what_follows": _what_follows(facts.reading),
            "log_head": log_head,
        },
    )


def _with_command(line: str) -> str:
    """Return a line in its column; a command at its end stays whole, to be copied."""
    found = _COMMAND.search(line)
    if found is None:
        return in_column(line)
    return in_column(line[: found.start()]) + "\n" + " " * INDENT + found[1]


def _no_sender(mail: Mail) -> str:
    return "not said" if mail.root.first("From") is None else "could not be read"


def summary(facts: BlockFacts) -> Mapping[str, object]:
    """Return what the store keeps of a message for people who read the thread later.

    JSON values only; it is sealed like every content column.
    """
    mail = facts.reading.mail
    return {
        "subject": facts.subject,
        "from": _people(mail.from_),
        "to": _people(mail.to),
        "cc": _people(mail.cc),
        "date": rfc3339(mail.date) if mail.date else None,
        "encryption": facts.verdict.encryption,
        "signature": facts.verdict.signature,
        "parts": list(facts.verdict.parts),
        "signer": facts.verdict.signer.name if facts.verdict.signer else None,
        "from_confirmed": facts.verdict.from_confirmed,
        "message_id": mail.message_id,
        "pieces": _pieces(facts.reading.pieces),
        "attachments": _attachments(facts.reading),
        "done": list(facts.done),
        "waiting": list(facts.waiting),
        "problems": problems_of(facts),
        "text": facts.reading.text[:_TEXT_MAX],
    }


def problems_of(facts: BlockFacts) -> list[str]:
    """Return what a reader should know before believing the message, one line each."""
    mail = facts.reading.mail
    lines = [one_line(problem) for problem in facts.reading.problems]
    if facts.automatic:
        lines.append("it says of itself that a program sent it (Auto-Submitted)")
    if facts.claimed:
        lines.append(
            f"it says that it belongs to {facts.claimed}, but its sender is not known there;"
            " a new issue was opened for it"
        )
    lines.extend(facts.remarks)
    if not stays_whole(facts.reading):
        lines.extend(oddities(mail, facts.reading.content))
    return lines


def _headline(facts: BlockFacts) -> str:
    if facts.kind is Kind.POSTMASTER:
        return f"Mail to postmaster or abuse at {facts.alias.rpartition('@')[2]}"
    what = "new report" if facts.opened else "message"
    return f"{facts.issue}: {what} to {facts.alias}"


def _what_follows(reading: Reading) -> str:
    if not stays_whole(reading):
        if is_as_sent(reading.content):
            return "All that follows is the sender's, as it was sent."
        return "All that follows is the sender's; HTML, images and mails are attached."
    fault = "could not be read" if UNREAD in reading.problems else "could not be opened"
    return f"The mail {fault}; it is attached as it came, as original.eml."


def _peer(envelope: Envelope) -> str:
    """Return where a message came from; a hop that left no machine needs no encryption."""
    if envelope.peer == "local":
        return "from this machine"
    if _is_loopback(envelope.peer):
        return f"from this machine ({envelope.peer})"
    return f"from {envelope.peer}, {'with' if envelope.tls else 'without'} TLS"


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _doubt(facts: BlockFacts) -> str:
    """Return why From is not to be believed, "" when a signature confirms it."""
    if facts.verdict.from_confirmed:
        return ""
    sender = facts.envelope.sender
    if sender is None:
        return f"{_UNPROVEN}; the envelope names no sender"
    inside = {box.address.key for box in facts.reading.mail.from_ if box.address}
    return _UNPROVEN if sender.key in inside else f"{_UNPROVEN}; envelope sender {sender}"


def _people(boxes: Sequence[Mailbox]) -> str:
    shown = [_mailbox(box) for box in boxes[:_NAMED_MAX]]
    if len(boxes) > _NAMED_MAX:
        shown.append(f"and {len(boxes) - _NAMED_MAX} more")
    return ", ".join(shown)


def _mailbox(box: Mailbox) -> str:
    """Return a mailbox with its name in quotes, so that the name cannot pose as the address."""
    name = quoted(box.display, _NAME_MAX) if box.display else ""
    if box.address is None:
        return f"{name or 'someone'} (no usable address)"
    return f"{name} <{box.address}>" if name else str(box.address)


def _attachments(reading: Reading) -> list[str]:
    """Return a line for each attachment: type and size, the name, what about it may mislead.

    A page comes first, under the name it travels by: numbers are those of the sender's own files.
    """
    if stays_whole(reading):
        return []
    lines = [
        f"{name}, {one_line(page.content_type)}, {size(len(page.decoded()))}: the HTML of the mail"
        for name, page in pages(reading.content)[:_NAMED_MAX]
    ]
    for each in attachments(reading.content)[:_NAMED_MAX]:
        line = (
            f"{each.number}, {one_line(each.content_type)}, {size(each.size)}: {quoted(each.name)}"
        )
        lines.append("; ".join((line, *each.notes)))
    return lines


def _pieces(pieces: Sequence[Piece]) -> list[str]:
    """Return a line for each piece: our words first, then what the sender calls it.

    Opened ones are numbered like the files they are attached as.
    """
    lines: list[str] = []
    number = 0
    for piece in pieces:
        if piece.data is None:
            fate = piece.problem
        else:
            number += 1
            fate = f"{number}, opened; attached as a file of its own"
            fate += f" ({piece.problem})" if piece.problem else ""
        lines.append(f"{fate}: {quoted(piece.label)}")
    return lines
