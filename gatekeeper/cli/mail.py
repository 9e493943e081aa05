"""`gatekeeper mail`: one mail as the service would read it; and what lies in quarantine."""

import argparse
import re
from typing import TYPE_CHECKING, Final

from gatekeeper.cli import quarantine
from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.instants import Instant, rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.config import Settings
    from gatekeeper.domain.protection import Protection, Signature
    from gatekeeper.domain.team import Team
    from gatekeeper.mail.headers import Mailbox
    from gatekeeper.mail.reading import Reading
    from gatekeeper.mail.structure import Part

_REMEDY: Final = "name a file that holds one mail, see intake.message_bytes in policy.yaml"


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "mail", text="single mails")
    parser = verb(
        verbs,
        "inspect",
        run=inspect,
        text="print as JSON how the service would read a mail; no database",
        more="Opens and verifies with the configured keys. Nothing is stored, sent or recorded.",
        example="gatekeeper mail inspect report.eml",
        shows=False,
    )
    parser.add_argument("--json", action="store_true", help="the only form there is")
    parser.add_argument("file", metavar="FILE", help="a mail as received (RFC 5322), or -")
    quarantine.add(verbs)


def inspect(options: argparse.Namespace) -> int:
    """Print what stages 3 and 4 find."""
    from gatekeeper.cli.given import given
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json
    from gatekeeper.config.keyhome import ADDRESS_TOKENS, codec_of, open_keys
    from gatekeeper.domain.report import Envelope
    from gatekeeper.inbound.classify import classify
    from gatekeeper.inbound.decrypt import decrypt
    from gatekeeper.issues.reading import Reader

    settings = settings_of(options)
    codec = codec_of(settings)
    raw = given(options.file, limit=settings.policy.intake.message_bytes, remedy=_REMEDY)
    with open_keys(settings, codec) as keys:
        reader = Reader(engine=keys.engine, limits=settings.policy.reading)
        reading = decrypt(reader, raw)
    envelope = Envelope(
        sender=None, recipients=(settings.own.security,), peer="file", protocol="file"
    )
    token_key = codec.key(ADDRESS_TOKENS)
    classified = classify(reading, envelope, settings.own, token_key)
    emit_json(
        {
            "kind": str(classified.kind),
            "automatic": classified.automatic,
            "encryption": _encryption(reading, settings),
            "signatures": [_signature(one, settings.team) for one in reading.protection.signatures],
            "headers": _headers(reading),
            "parts": _parts(reading.content),
            "thread_key": _thread_key(reading, settings.issue_prefix),
            "problems": list(reading.problems),
        }
    )
    return 0


def _encryption(reading: "Reading", settings: "Settings") -> dict[str, object]:
    from gatekeeper.domain.verdict import verdict

    protection: Protection = reading.protection
    return {
        "coverage": str(protection.encrypted),
        "own_key": protection.own_key,
        "unreadable": str(protection.unreadable) if protection.unreadable else None,
        "pieces": [
            {"label": piece.label, "opened": piece.data is not None, "problem": piece.problem}
            for piece in reading.pieces
        ],
        "verdict": verdict(protection, None, settings.team).encryption,
    }


def _signature(one: "Signature", team: "Team") -> dict[str, object]:
    person = team.by_key().get(one.fingerprint) if one.fingerprint else None
    return {
        "state": str(one.state),
        "fingerprint": one.fingerprint,
        "key_id": one.key_id,
        "made_at": _instant(one.made_at),
        "person": person.name if person else None,
    }


def _headers(reading: "Reading") -> dict[str, object]:
    mail = reading.mail
    return {
        "subject": reading.subject,
        "outer_subject": mail.subject,
        "from": _mailboxes(mail.from_),
        "to": _mailboxes(mail.to),
        "cc": _mailboxes(mail.cc),
        "reply_to": _mailboxes(mail.reply_to),
        "date": _instant(mail.date),
        "message_id": mail.message_id,
        "references": list(reading.references),
        "auto_submitted": mail.auto_submitted,
    }


def _mailboxes(boxes: "Sequence[Mailbox]") -> list[dict[str, object]]:
    return [
        {"name": box.display, "address": str(box.address) if box.address else None} for box in boxes
    ]


def _parts(root: "Part") -> list[dict[str, object]]:
    """Return the parts in the order of the bytes, each with its depth."""
    found: list[dict[str, object]] = []
    waiting = [(0, root)]
    while waiting:
        depth, part = waiting.pop()
        waiting.extend((depth + 1, child) for child in reversed(part.children))
        found.append(
            {
                "depth": depth,
                "type": part.content_type,
                "disposition": part.disposition,
                "filename": part.filename,
                "encoding": part.encoding,
                "bytes": part.size,
            }
        )
    return found


def _thread_key(reading: "Reading", prefix: str) -> str | None:
    """Return by what the mail's issue would be looked for: a Message-ID, or an issue id."""
    if reading.references:
        return reading.references[-1]
    named = re.search(rf"\b{prefix}-\d{{4}}-\d{{4,9}}\b", reading.subject)
    return named[0] if named else None


def _instant(instant: Instant | None) -> str | None:
    return rfc3339(instant) if instant is not None else None
