"""A mail that was read, as JSON values: what support, scripts and checks rely on."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from gatekeeper.config.settings import Settings
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.instants import Instant, rfc3339
from gatekeeper.domain.protection import Coverage, Protection, Signature
from gatekeeper.domain.report import Classified, Envelope, Kind
from gatekeeper.domain.verdict import from_agrees, known_as, verdict
from gatekeeper.issues.key_offers import KeyOffer
from gatekeeper.issues.reading import stays_whole
from gatekeeper.mail.headers import Mailbox
from gatekeeper.mail.oddities import oddities
from gatekeeper.mail.parse import Mail
from gatekeeper.mail.protect import ProtectedHeaders
from gatekeeper.mail.reading import Reading
from gatekeeper.mail.structure import Part

_STATES: Final[Mapping[Coverage, str]] = {
    Coverage.NONE: "none",
    Coverage.PART: "part",
    Coverage.ALL: "whole",
}


def envelope_of(mail: Mail, own: OwnAddresses) -> Envelope:
    """Return an envelope such as the mail may have come in: to those of To and Cc that are ours."""
    named = (box.address for box in (*mail.to, *mail.cc))
    ours = tuple(each for each in named if each is not None and own.route(each) is not None)
    return Envelope(sender=None, recipients=ours or (own.security,), peer="file", protocol="file")


def value(
    reading: Reading, classified: Classified, envelope: Envelope, settings: Settings
) -> dict[str, object]:
    """Return everything that is said of one mail but its keys; every name is always there.

    The kind is what can be known without a database: a reply is one to a reply address.
    """
    answers = classified.kind is Kind.REPORT and classified.route is not None
    return {
        "kind": str(Kind.REPLY if answers else classified.kind),
        "automatic": classified.automatic,
        "encryption": _encryption(reading, settings),
        "signatures": _signatures(reading, settings),
        "headers": {
            "subject": reading.subject,
            "outer": _outer(reading.mail),
            "protected": _protected(reading.protected) if reading.protected else None,
        },
        "parts": _parts(reading.content),
        "thread_key": _reply_address(envelope, settings.own)
        if answers
        else _thread_key(reading, settings.issue_prefix),
        "problems": _problems(reading),
    }


def offered(offers: Sequence[KeyOffer]) -> list[dict[str, object]]:
    """Return the keys that came with a mail, and why one cannot be used."""
    return [
        {
            "label": each.label,
            "fingerprint": each.guest.info.fingerprint if each.guest else None,
            "usable": each.guest is not None,
            "problem": each.problem or None,
            "inside": each.covered,
        }
        for each in offers
    ]


def _encryption(reading: Reading, settings: Settings) -> dict[str, object]:
    protection: Protection = reading.protection
    return {
        "state": _STATES[protection.encrypted],
        "own_key": protection.own_key,
        "cipher": protection.cipher or None,
        "integrity": str(protection.integrity) if protection.integrity else None,
        "problem": str(protection.unreadable) if protection.unreadable else None,
        "pieces": [
            {
                "label": piece.label,
                "opened": piece.data is not None,
                "problem": piece.problem or None,
            }
            for piece in reading.pieces
        ],
        "said": verdict(protection, None, settings.team).encryption,
    }


def _signatures(reading: Reading, settings: Settings) -> list[dict[str, object]]:
    whole = [
        _signature(one, reading, settings, covers="all", part=None)
        for one in reading.protection.signatures
    ]
    parts = [
        _signature(one.signature, reading, settings, covers="part", part=one.label)
        for one in reading.protection.parts
    ]
    return whole + parts


def _signature(
    one: Signature, reading: Reading, settings: Settings, *, covers: str, part: str | None
) -> dict[str, object]:
    alone = covers == "all" and len(reading.protection.signatures) == 1
    return {
        "status": str(one.state),
        "fingerprint": one.fingerprint,
        "key_id": one.key_id,
        "known_as": known_as(one, settings.team) or None,
        "covers": covers,
        "part": part,
        "from_agrees": alone
        and from_agrees(
            one,
            outer=reading.outer_from,
            protected=reading.protected_from,
            team=settings.team,
        ),
        "made_at": _instant(one.made_at),
    }


def _outer(mail: Mail) -> dict[str, object]:
    return {
        "subject": mail.subject,
        "from": _mailboxes(mail.from_),
        "to": _mailboxes(mail.to),
        "cc": _mailboxes(mail.cc),
        "reply_to": _mailboxes(mail.reply_to),
        "date": _instant(mail.date),
        "message_id": mail.message_id,
        "references": list(mail.references),
        "auto_submitted": mail.auto_submitted or None,
    }


def _protected(headers: ProtectedHeaders) -> dict[str, object]:
    return {
        "subject": headers.subject,
        "from": _mailboxes(headers.from_),
        "to": _mailboxes(headers.to),
        "cc": _mailboxes(headers.cc),
        "reply_to": _mailboxes(headers.reply_to),
        "date": _instant(headers.date),
        "message_id": headers.message_id,
        "references": list(headers.references),
        "outer": [{"name": name, "value": text} for name, text in headers.outer],
    }


def _mailboxes(boxes: Sequence[Mailbox]) -> list[dict[str, object]]:
    return [{"name": box.display, "address": _address(box.address)} for box in boxes]


def _address(address: Address | None) -> str | None:
    return str(address) if address else None


def _parts(root: Part) -> list[dict[str, object]]:
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
                "charset": part.params.get("charset"),
                "disposition": part.disposition or None,
                "filename": part.filename,
                "encoding": part.encoding,
                "bytes": part.size,
            }
        )
    return found


def _reply_address(envelope: Envelope, own: OwnAddresses) -> str:
    """Return the address with a token that the mail came to."""
    routes = ((each, own.route(each)) for each in envelope.recipients)
    return next((str(each) for each, route in routes if route is not None and route.token), "")


def _thread_key(reading: Reading, prefix: str) -> str | None:
    """Return by what the mail's issue would be looked for: a Message-ID, or an issue id."""
    if reading.references:
        return reading.references[-1]
    named = re.search(rf"\b{prefix}-\d{{4}}-\d{{4,9}}\b", reading.subject)
    return named[0] if named else None


def _problems(reading: Reading) -> list[str]:
    """Return what could not be read, then what is odd about the mail, each once."""
    odd = () if stays_whole(reading) else oddities(reading.mail, reading.content)
    return list(dict.fromkeys((*reading.problems, *odd)))


def _instant(instant: Instant | None) -> str | None:
    return rfc3339(instant) if instant is not None else None
