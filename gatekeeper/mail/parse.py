"""Read a mail's bytes into one value: its structure and the header fields that rules need."""

from dataclasses import dataclass, field
from itertools import islice

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.headers import (
    MAILBOXES_MAX,
    Mailbox,
    addresses,
    date,
    decode_text,
    message_ids,
)
from gatekeeper.mail.structure import Part, scan

LOOP_FIELD = "X-Gatekeeper-Loop"
_LOOP_TOKENS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as it was received; nothing in it is proven.

    `from_` holds the mailboxes of all From fields together · `references` the Message-IDs of
    References, then In-Reply-To, each once, oldest first · `auto_submitted` the keyword of RFC 3834
    in lower case, "" if absent · `precedence` likewise · `listed` whether any List-* field is there
    (RFC 2369, RFC 2919) · `suppressed` whether X-Auto-Response-Suppress is · `report` whether it is
    a multipart/report (RFC 6522) · `loop_tokens` the words of X-Gatekeeper-Loop · `problems` what
    was malformed, in words without content.
    """

    raw: bytes = field(repr=False)
    root: Part = field(repr=False)
    subject: str = ""
    from_: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    date: Instant | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    auto_submitted: str = ""
    precedence: str = ""
    listed: bool = False
    suppressed: bool = False
    report: bool = False
    loop_tokens: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read(raw: bytes, limits: ReadingLimits) -> Mail:
    """Return the mail in `raw`; any bytes are a mail, nothing raises."""
    scanned = scan(raw, limits)
    root = scanned.root
    limit = limits.header_value_bytes
    problems = list(scanned.problems)
    sent_at = date_of(root)
    if root.first("From") is None:
        problems.append("no From")
    if sent_at is None:
        problems.append("no Date" if root.first("Date") is None else "a Date that is none")
    return Mail(
        raw=raw,
        root=root,
        subject=decode_text(root.first("Subject") or b"", limit),
        from_=mailboxes_of(root, "From", limit),
        to=mailboxes_of(root, "To", limit),
        cc=mailboxes_of(root, "Cc", limit),
        reply_to=mailboxes_of(root, "Reply-To", limit),
        date=sent_at,
        message_id=message_id_of(root),
        references=references_of(root),
        auto_submitted=_keyword(root, "Auto-Submitted", limit),
        precedence=_keyword(root, "Precedence", limit),
        listed=any(each.name.lower().startswith("list-") for each in root.fields),
        suppressed=root.first("X-Auto-Response-Suppress") is not None,
        report=root.content_type == "multipart/report",
        loop_tokens=loop_tokens_of(root, limit),
        problems=tuple(problems),
    )


def mailboxes_of(root: Part, name: str, limit: int) -> tuple[Mailbox, ...]:
    """Return the mailboxes of all fields called `name`, reading `limit` bytes of them at most.

    Of several fields each counts as one mailbox at least: whoever reads the other one sees
    somebody else.
    """
    raws = root.every(name)
    found = addresses(b",".join(raws), limit)
    missing = len(raws) - len(found) if len(raws) > 1 else 0
    return found + (Mailbox(display="", address=None),) * min(missing, MAILBOXES_MAX)


def sole_address(boxes: tuple[Mailbox, ...]) -> Address | None:
    """Return the one address of the one mailbox; None where there is not exactly one."""
    return boxes[0].address if len(boxes) == 1 else None


def date_of(root: Part) -> Instant | None:
    """Return the instant of the first Date field, or None."""
    return date(root.first("Date") or b"")


def message_id_of(root: Part) -> str | None:
    """Return the Message-ID with its angle brackets, or None."""
    return next(iter(message_ids(root.first("Message-ID") or b"")), None)


def references_of(root: Part) -> tuple[str, ...]:
    """Return the Message-IDs of References, then In-Reply-To, each once, oldest first."""
    named = message_ids(root.first("References") or b"")
    answered = message_ids(root.first("In-Reply-To") or b"")
    return tuple(dict.fromkeys(named + answered))


def loop_tokens_of(root: Part, limit: int) -> tuple[str, ...]:
    """Return the words of all X-Gatekeeper-Loop fields, the first of them if there are many."""
    words = (word for raw in root.every(LOOP_FIELD) for word in decode_text(raw, limit).split())
    return tuple(islice(words, _LOOP_TOKENS_MAX))


def _keyword(root: Part, name: str, limit: int) -> str:
    text = decode_text(root.first(name) or b"", limit)
    return text.partition(";")[0].partition("(")[0].strip().lower()
