"""What mail systems make of PGP/MIME on its way: the same parts under other names, or in mixed."""

import re
from typing import Final

from gatekeeper.mail.inline import MARK, narrowed
from gatekeeper.mail.packet_start import are_signatures, starts_encrypted
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import bare

MANGLED: Final = "mangled: a mail system took the PGP/MIME structure apart"
WRAPPED: Final = "a winmail.dat beside the encrypted message, which was left out"

PEEK: Final = 4096
_VERSION: Final = re.compile(rb"\s*Version\s*:\s*1\s*", re.IGNORECASE)
_SIGNATURE_MAX: Final = 256 * 1024
_SIGNATURE: Final = b"-----BEGIN PGP SIGNATURE-----"
_ONE_SIGNATURE: Final = re.compile(
    rb"\s*+-----BEGIN PGP SIGNATURE-----[ \t]*+\r?\n"
    rb"(?:(?:Version|Comment|Hash): [ -~]{0,100}+\r?\n){0,8}+"
    rb"[ \t]*+\r?\n(?:[A-Za-z0-9+/=]{1,100}+[ \t]*+\r?\n)++"
    rb"-----END PGP SIGNATURE-----\s*+"
)
_ENCRYPTED_NAMES: Final = frozenset(
    {
        "encrypted.asc",
        "msg.asc",
        "openpgp-encrypted-message.asc",
        "openpgp_encrypted_message.asc",
        "openpgp encrypted message.asc",
    }
)
_SIGNATURE_NAMES: Final = frozenset(
    {"signature.asc", "openpgp_signature.asc", "openpgp_signature", "openpgp_digital_signature.asc"}
)
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


def encrypted_part(root: Part) -> tuple[Part, str] | None:
    """Return the part of a multipart/mixed that was the second of RFC 3156 §4, and what is wrong.

    Exchange and Outlook leave the two parts, in some order, the control part perhaps under another
    name or gone, and beside them empty texts and a winmail.dat. Anything else is no such mail.
    """
    kept = [each for each in root.children if not _is_empty_text(each)]
    wrapped = [each for each in kept if _is_tnef(each)]
    kept = [each for each in kept if each not in wrapped]
    control = [each for each in kept if is_control(each)]
    found = [each for each in kept if holds_message(each) and not _is_text(each)]
    if len(found) != 1 or len(kept) != len(control) + 1 or len(control) > 1:
        return None
    if not control and not _is_named_encrypted(found[0]):
        return None
    return found[0], f"{MANGLED}; {WRAPPED}" if wrapped else MANGLED


def signed_parts(root: Part) -> tuple[Part, Part] | None:
    """Return what was a multipart/signed, content and signature, of a mixed that has just these."""
    is_mixed = root.content_type == "multipart/mixed" and len(root.children) == 2
    if not is_mixed or not is_signature(root.children[1]) or not root.is_divided_one_way:
        return None
    return root.children[0], root.children[1]


def is_control(part: Part) -> bool:
    """Say whether a part is the control part of RFC 3156 §4, whatever it is called now."""
    if part.children or part.size > PEEK or _is_text(part):
        return False
    body = part.decoded()
    if part.content_type == "application/pgp-encrypted":
        return not body.strip() or body.lstrip()[:8].lower() == b"version:"
    return _VERSION.fullmatch(body) is not None


def is_signature(part: Part) -> bool:
    """Say whether a part is the signature of RFC 3156 §5, its type perhaps lost, and nothing else.

    Words beside the signature, or a type that a program shows, are no part of one.
    """
    if not part.content_type.startswith("application/") or part.size > _SIGNATURE_MAX:
        return False
    if part.content_type != "application/pgp-signature" and not _is_named_signature(part):
        return False
    body = part.decoded()
    return _ONE_SIGNATURE.fullmatch(body) is not None or are_signatures(body)


def begins_as_signature(part: Part) -> bool:
    """Say whether a part holds a signature as `is_signature` means it, perhaps among more."""
    if part.content_type == "application/pgp-signature":
        return True
    return _is_named_signature(part) and part.decoded(PEEK).lstrip().startswith(_SIGNATURE)


def holds_message(part: Part) -> bool:
    """Say whether a part without children begins as an OpenPGP message does."""
    if part.children:
        return False
    head = narrowed(part.decoded(PEEK))
    return head.lstrip().startswith(MARK) or starts_encrypted(head)


def _is_named_signature(part: Part) -> bool:
    return (part.filename or "").lower() in _SIGNATURE_NAMES


def _is_named_encrypted(part: Part) -> bool:
    is_kind = part.content_type == "application/pgp-encrypted"
    return is_kind or (part.filename or "").lower() in _ENCRYPTED_NAMES


def _is_tnef(part: Part) -> bool:
    return part.content_type in _TNEF or (part.filename or "").lower() == "winmail.dat"


def _is_text(part: Part) -> bool:
    return part.content_type.startswith("text/")


def _is_empty_text(part: Part) -> bool:
    if not _is_text(part) or part.children or part.filename is not None:
        return False
    return part.size <= PEEK and not bare(part).strip()
