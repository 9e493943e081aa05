"""Read delivery reports (RFC 3464, RFC 6533): what became of a copy, and no address.

Any bytes give a value, in time linear in what is looked at. What a machine says is taken from the
fields of its report, never from a subject or from text for people, and no address is read from
any of it: which delivery is meant, the token in the recipient says.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatekeeper.domain.bounces import Action, Fate, Status
from gatekeeper.mail.charset import decode_in, printable_line
from gatekeeper.mail.structure import Part

REPORT_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
"""The report for machines: in ASCII (RFC 3464 §2.1), or in UTF-8 (RFC 6533 §4)."""

RECEIPT_TYPES: Final = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification"}
)
"""Receipts of a mail program (RFC 8098, RFC 6533 §6), which say nothing of a delivery."""

FATES_MAX: Final = 100
DIAGNOSTIC_MAX: Final = 300
REMOTE_MAX: Final = 255
_BYTES_MAX: Final = 64 * 1024
_VALUE_MAX: Final = 2 * 1024

_FIELD: Final = re.compile(r"([!-9;-~]{1,64}+)[ \t]*+:(.*)")
_RECIPIENT: Final = frozenset({"original-recipient", "final-recipient"})
_OF_RECIPIENT: Final = frozenset({"action", "status", "diagnostic-code", "remote-mta"})
_TYPE: Final = re.compile(r"\s*+([A-Za-z0-9.-]{1,40}+)\s*+;(.*)", re.DOTALL)
_WORD: Final = re.compile(r"\s*+([A-Za-z]{1,20}+)")
_STATUS: Final = re.compile(r"\s*+([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
_REPLY: Final = re.compile(r"\s*+([245])[0-9]{2}(?:[ -]([245])\.([0-9]{1,3})\.([0-9]{1,3})\b)?")
_ACTIONS: Final = frozenset(Action)

Fields = dict[str, str]


def fates(root: Part) -> tuple[Fate, ...] | None:
    """Return what the mail's delivery report says of each recipient, None when it holds none.

    At most FATES_MAX of them, from at most 64 KiB; of several reports the first one counts. A
    report that names no recipient is one of whom nothing is known.
    """
    part = next((each for each in root.walk() if each.content_type in REPORT_TYPES), None)
    if part is None:
        return None
    raw = part.decoded(at_most=_BYTES_MAX)
    # UTF-8 is what RFC 6533 wants; other bytes are in no charset and only shown.
    lines = decode_in(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), "utf-8").text.split("\n")
    found = [_fate(group) for _, group in zip(range(FATES_MAX), _groups(lines), strict=False)]
    return tuple(found) or (Fate(),)


def is_receipt(root: Part) -> bool:
    """Say whether the mail holds a receipt of a mail program."""
    return any(each.content_type in RECEIPT_TYPES for each in root.walk())


def _groups(lines: list[str]) -> Iterator[Fields]:
    """Yield the fields of each recipient, by lower-case name, the first of each.

    An empty line ends a group (RFC 3464 §2.1), and so does another recipient: not all programs
    write the empty line.
    """
    group: Fields = {}
    name = ""
    for line in [*lines, ""]:
        if line[:1] in {" ", "\t"} and line.strip():
            if name and len(group[name]) < _VALUE_MAX:
                group[name] += " " + line.strip()[:_VALUE_MAX]
            continue
        name = ""
        found = _FIELD.fullmatch(line)
        next_name = found[1].lower() if found else ""
        if not line.strip() or (next_name in _RECIPIENT and next_name in group):
            if _is_of_recipient(group):
                yield group
            group = {}
        if found and next_name in _RECIPIENT | _OF_RECIPIENT and next_name not in group:
            name = next_name
            # Which recipient it is does not matter; that it is one does.
            group[name] = "" if name in _RECIPIENT else found[2][:_VALUE_MAX]


def _is_of_recipient(group: Fields) -> bool:
    return not group.keys().isdisjoint({*_RECIPIENT, "action", "status"})


def _fate(group: Fields) -> Fate:
    kind, diagnostic = _typed(group.get("diagnostic-code", ""))
    status = _status(group.get("status", ""))
    if status is None or (status.subject, status.detail) == (0, 0):
        status = _said_by_smtp(diagnostic, status) if kind == "smtp" else status
    return Fate(
        action=_action(group.get("action", "")),
        status=status,
        diagnostic=_shown(diagnostic, DIAGNOSTIC_MAX),
        remote=_shown(_typed(group.get("remote-mta", ""))[1], REMOTE_MAX),
    )


def _typed(value: str) -> tuple[str, str]:
    """Return the type before the semicolon in lower case, "" without one, and the value."""
    found = _TYPE.match(value)
    return (found[1].lower(), found[2]) if found else ("", value)


def _action(value: str) -> Action | None:
    found = _WORD.match(value)
    word = found[1].lower() if found else ""
    return Action(word) if word in _ACTIONS else None


def _status(value: str) -> Status | None:
    found = _STATUS.match(value)
    if not found:
        return None
    return Status(kind=int(found[1]), subject=int(found[2]), detail=int(found[3]))


def _said_by_smtp(diagnostic: str, status: Status | None) -> Status | None:
    """Return the code of the SMTP reply itself, where the report has none or one without detail.

    It must be of the same class; a reply without an enhanced code says its class alone.
    """
    found = _REPLY.match(diagnostic)
    if not found or (status is not None and int(found[1]) != status.kind):
        return status
    if found[2] is None or found[2] != found[1]:
        return status or Status(kind=int(found[1]), subject=0, detail=0)
    return Status(kind=int(found[1]), subject=int(found[3]), detail=int(found[4]))


def _shown(value: str, at_most: int) -> str:
    """Return a value as one printable line."""
    line = " ".join(printable_line(value).split())
    return line if len(line) <= at_most else line[: at_most - 1] + "…"
