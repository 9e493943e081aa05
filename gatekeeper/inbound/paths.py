"""The arguments of MAIL and RCPT, read strictly and by ourselves (RFC 5321 §4.1.1.2, §4.1.1.3).

No word decoding of RFC 2047, no comments, no quoted local parts, no address literals, no source
routes: an envelope leads where it says, letter by letter, or it is refused.
"""

import re
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Reply

SYNTAX: Final = Reply(code=501, enhanced="5.5.2", text="Syntax error in the argument")
BAD_PARAMETER: Final = Reply(code=501, enhanced="5.5.4", text="Bad parameter")
UNKNOWN_PARAMETER: Final = Reply(code=555, enhanced="5.5.4", text="Parameter not known here")
BAD_SENDER: Final = Reply(code=553, enhanced="5.1.7", text="Sender is not a plain mailbox")
BAD_RECIPIENT: Final = Reply(code=553, enhanced="5.1.3", text="Recipient is not a plain mailbox")
NEEDS_SMTPUTF8: Final = Reply(code=553, enhanced="5.6.7", text="This address needs SMTPUTF8")

_PATH: Final = re.compile(r"<([^<>\x00-\x20\x7f]*)>(?: +([^\x00-\x1f\x7f]*))?")
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_SIZE: Final = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFrom:
    """What MAIL said: sender (None is `<>`), announced size in bytes (0: none), RFC 6531 or not."""

    sender: Address | None
    size: int
    smtputf8: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RcptTo:
    """What RCPT said; `recipient` None is the bare `<Postmaster>` of RFC 5321 §4.5.1."""

    recipient: Address | None


def mail_from(argument: str, *, extended: bool) -> MailFrom | Reply:
    """Return what the argument of MAIL says, or the reply that refuses it.

    `extended`: the client said EHLO or LHLO, so SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8
    (RFC 6531) may follow the path.
    """
    cut = _cut(argument, keyword="FROM:")
    if cut is None:
        return SYNTAX
    path, rest = cut
    parameters = _parameters(rest)
    if parameters is None or (parameters and not extended):
        return BAD_PARAMETER
    if parameters.keys() - {"SIZE", "BODY", "SMTPUTF8"}:
        return UNKNOWN_PARAMETER
    size = parameters.get("SIZE", "0")
    body = parameters.get("BODY", "7BIT").upper()
    if not _SIZE.fullmatch(size) or body not in {"7BIT", "8BITMIME"}:
        return BAD_PARAMETER
    if parameters.get("SMTPUTF8"):
        return BAD_PARAMETER
    smtputf8 = "SMTPUTF8" in parameters
    sender = _mailbox(path) if path else None
    if path and sender is None:
        return BAD_SENDER
    if sender is not None and sender.needs_smtputf8 and not smtputf8:
        return NEEDS_SMTPUTF8
    return MailFrom(sender=sender, size=int(size), smtputf8=smtputf8)


def rcpt_to(argument: str, *, smtputf8: bool) -> RcptTo | Reply:
    """Return what the argument of RCPT says, or the reply that refuses it.

    `smtputf8`: MAIL of this transaction asked for it. No parameter is known.
    """
    cut = _cut(argument, keyword="TO:")
    if cut is None:
        return SYNTAX
    path, rest = cut
    parameters = _parameters(rest)
    if parameters is None:
        return BAD_PARAMETER
    if parameters:
        return UNKNOWN_PARAMETER
    if path.lower() == "postmaster":
        return RcptTo(recipient=None)
    recipient = _mailbox(path)
    if recipient is None:
        return BAD_RECIPIENT
    if recipient.needs_smtputf8 and not smtputf8:
        return NEEDS_SMTPUTF8
    return RcptTo(recipient=recipient)


def _cut(argument: str, *, keyword: str) -> tuple[str, str] | None:
    """Return path and parameters of `KEYWORD:<path> parameters`; a space before `<` is usual."""
    if argument[: len(keyword)].upper() != keyword:
        return None
    found = _PATH.fullmatch(argument[len(keyword) :].lstrip(" "))
    return (found[1], found[2] or "") if found else None


def _parameters(text: str) -> dict[str, str] | None:
    """Return the ESMTP parameters by upper-case keyword; None when one is malformed or twice."""
    result: dict[str, str] = {}
    for word in text.split():
        found = _PARAMETER.fullmatch(word)
        if not found or found[1].upper() in result:
            return None
        result[found[1].upper()] = found[2] or ""
    return result


def _mailbox(path: str) -> Address | None:
    try:
        return Address.parse(path)
    except ValueError:
        return None
