"""Messages and letters as JSON values with stable keys: for `--json` and for exports."""

from typing import Final

from gatekeeper.cli.inside import Inside, Written
from gatekeeper.cli.turns import Turn
from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import rfc3339
from gatekeeper.mail.attachments import Attachment
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.letters import LetterHead
from gatekeeper.store.messages import StoredMessage

_FOUND: Final = (
    *("subject", "from", "to", "cc", "date", "message_id", "encryption", "signature", "signer"),
    *("from_confirmed", "pieces", "problems", "done"),
)
"""What was found when the message was handled, by its names in the summary."""

_LISTS: Final = frozenset({"pieces", "problems", "done"})


def message_value(turn: Turn, message: StoredMessage, found: Inside) -> dict[str, object]:
    """Return what is known of a message, with its text and what was attached."""
    summary = message.summary or {}
    envelope = message.envelope
    return {
        "number": turn.number,
        "id": short_tag(message.id),
        "received_at": rfc3339(message.received_at),
        "kind": str(message.kind) if message.kind else None,
        "size": message.size,
        "erased_at": rfc3339(message.erased_at) if message.erased_at is not None else None,
        "envelope": {
            "sender": str(envelope.sender) if envelope.sender else None,
            "recipients": [str(recipient) for recipient in envelope.recipients],
            "peer": envelope.peer,
            "tls": envelope.tls,
        },
        **{name: summary.get(name, [] if name in _LISTS else None) for name in _FOUND},
        "text": found.reading.text,
        "attachments": [attachment_value(each) for each in found.attachments],
        "passed_on": [delivery_value(row) for row in turn.passed_on],
    }


def attachment_value(each: Attachment) -> dict[str, object]:
    """Return what is known of an attachment; `file` is the name that is safe to use."""
    return {
        "number": each.number,
        "file": each.file,
        "name": each.name,
        "content_type": each.content_type,
        "size": each.size,
        "notes": list(each.notes),
    }


def letter_value(turn: Turn, letter: LetterHead, written: Written) -> dict[str, object]:
    """Return what is known of a letter of ours."""
    summary = letter.summary
    return {
        "number": turn.number,
        "id": short_tag(letter.id),
        "created_at": rfc3339(letter.created_at),
        "kind": letter.kind,
        "form": str(letter.form),
        "automatic": letter.automatic,
        "erased_at": rfc3339(letter.erased_at) if letter.erased_at is not None else None,
        **{name: summary.get(name) for name in ("by", "to", "subject")},
        "text": written.text,
        "files": [
            {"file": file.name, "content_type": file.content_type, "size": len(file.data)}
            for file in written.files
        ],
        "message_id": letter.message_id,
        "deliveries": [delivery_value(row) for row in turn.passed_on],
    }


def delivery_value(row: DeliveryRow) -> dict[str, object]:
    """Return what became of one copy."""
    return {
        "delivery": short_tag(row.id),
        "recipient": str(row.recipient),
        "name": row.name,
        "state": str(row.state),
        "attempts": row.attempts,
        "reason": row.reason,
        "reply": row.reply,
        "returned": dict(row.returned) if row.returned is not None else None,
        "fingerprints": list(row.fingerprints),
        "updated_at": rfc3339(row.updated_at),
    }
