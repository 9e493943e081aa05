"""Header protection, the reading side: header fields inside the encrypted or signed payload."""

from dataclasses import dataclass

from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.headers import Mailbox, decode_text
from gatekeeper.mail.parse import (
    date_of,
    loop_tokens_of,
    mailboxes_of,
    message_id_of,
    references_of,
)
from gatekeeper.mail.structure import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedHeaders:
    """What the payload says of itself; None or empty where it says nothing.

    Encryption alone proves no author: without a good signature `from_` and `date` are claims.
    """

    subject: str | None = None
    from_: tuple[Mailbox, ...] = ()
    date: Instant | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    loop_tokens: tuple[str, ...] = ()


def protected(root: Part, limits: ReadingLimits) -> ProtectedHeaders | None:
    """Return the protected fields of a payload's root, None when it declares none.

    Read are RFC 9788 (`hp="cipher"` or `hp="clear"` on the root's Content-Type) and the draft that
    came before it (`protected-headers="v1"`).
    """
    declared = root.params.get("hp", "").lower() in {"cipher", "clear"}
    if not declared and root.params.get("protected-headers", "").lower() != "v1":
        return None
    limit = limits.header_value_bytes
    subject = root.first("Subject")
    return ProtectedHeaders(
        subject=None if subject is None else decode_text(subject, limit),
        from_=mailboxes_of(root, "From", limit),
        date=date_of(root),
        message_id=message_id_of(root),
        references=references_of(root),
        loop_tokens=loop_tokens_of(root, limit),
    )
