"""Header protection, the reading side: header fields inside the encrypted or signed payload."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.headers import Mailbox, decode_text
from gatekeeper.mail.parse import (
    Mail,
    date_of,
    loop_tokens_of,
    mailboxes_of,
    message_id_of,
    references_of,
    sole_address,
)
from gatekeeper.mail.structure import Part

OUTER_MAX: Final = 100
"""HP-Outer fields that are read; there is one for each field outside."""

_SHOWN_MAX: Final = 100
OTHER_FROM: Final = "inside it says that it is from another sender than outside"
OTHER_DATE: Final = "inside it says that it was written at another time than outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedHeaders:
    """What the payload says of itself; None or empty where it says nothing.

    Encryption alone proves no author: without a good signature `from_` and `date` are claims.
    `outer` holds what the sender's program put outside, by its HP-Outer fields: name and value.
    """

    subject: str | None = None
    from_: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    date: Instant | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    loop_tokens: tuple[str, ...] = ()
    outer: tuple[tuple[str, str], ...] = ()


def protected(root: Part, limits: ReadingLimits) -> ProtectedHeaders | None:
    """Return the protected fields of a payload's root, None when it declares none.

    Read are RFC 9788 §2.1 (`hp="cipher"` or `hp="clear"` on the root's Content-Type) and the draft
    that came before it (`protected-headers="v1"`).
    """
    declared = root.params.get("hp", "").lower() in {"cipher", "clear"}
    if not declared and root.params.get("protected-headers", "").lower() != "v1":
        return None
    limit = limits.header_value_bytes
    subject = root.first("Subject")
    return ProtectedHeaders(
        subject=None if subject is None else decode_text(subject, limit),
        from_=mailboxes_of(root, "From", limit) or _nobody(root),
        to=mailboxes_of(root, "To", limit),
        cc=mailboxes_of(root, "Cc", limit),
        reply_to=mailboxes_of(root, "Reply-To", limit),
        date=date_of(root),
        message_id=message_id_of(root),
        references=references_of(root),
        loop_tokens=loop_tokens_of(root, limit),
        outer=tuple(islice(_outer(root, limit), OUTER_MAX)),
    )


def differences(mail: Mail, inside: ProtectedHeaders) -> Iterator[str]:
    """Yield in words of ours what the payload says otherwise than the mail around it.

    Which of both is true is not known; without a good signature the one outside counts
    (RFC 9788 §4.4).
    """
    if inside.from_ and not _same_sender(mail.from_, inside.from_):
        yield f"{OTHER_FROM}: {_shown(inside.from_)}"
    if inside.date is not None and mail.date is not None and inside.date != mail.date:
        yield OTHER_DATE


def _nobody(root: Part) -> tuple[Mailbox, ...]:
    """Return a mailbox without an address for a From that names none, () where there is no From."""
    return () if root.first("From") is None else (Mailbox(display="", address=None),)


def _shown(boxes: tuple[Mailbox, ...]) -> str:
    """Return one of the senders in one bounded line, in quotes of which there are no others."""
    address = boxes[0].address
    text = str(address) if address is not None else boxes[0].display
    bounded = text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…"
    return '"' + printable_line(bounded).replace('"', "'") + '"'


def _same_sender(outside: tuple[Mailbox, ...], inside: tuple[Mailbox, ...]) -> bool:
    one, other = sole_address(outside), sole_address(inside)
    return one is not None and other is not None and one.key == other.key


def _outer(root: Part, limit: int) -> Iterator[tuple[str, str]]:
    """Yield what HP-Outer fields repeat of the header outside (RFC 9788 §2.2)."""
    for raw in root.every("HP-Outer"):
        name, colon, value = raw.partition(b":")
        if colon:
            yield decode_text(name, limit), decode_text(value, limit)
