"""Which parts of a team mail may go with its reply as files; where one may not, none does.

Only what its writer attached on purpose goes: mail that is passed on, address cards and texts that
a program put beside the body could carry what stays inside the team.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.filenames import file_name
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.team import Team
from gatekeeper.issues.column import quoted
from gatekeeper.issues.confidential import named
from gatekeeper.issues.reply_text import other_issues
from gatekeeper.mail.attachments import Attachment, attachments
from gatekeeper.mail.personal import File
from gatekeeper.mail.structure import Part

_SHOWN: Final = 60
_PASSED: Final = frozenset(
    {"text/plain", "text/x-patch", "text/x-diff", "application/pdf", "application/zip", "image/png"}
)
_MAIL_TYPES: Final = frozenset(
    {
        *("text/rfc822-headers", "text/rfc822", "application/mbox", "application/x-mbox"),
        *("application/ms-tnef", "application/vnd.ms-tnef", "application/vnd.ms-outlook"),
        *("multipart/related", "application/x-mimearchive", "application/x-ms-tnef"),
    }
)
_MAIL_NAME: Final = re.compile(
    r".*\.(?:eml|emlx|msg|mbox|mbx|mht|mhtml|tnef|pst|ost)"
    r"|winmail\.dat|(?:mail[\W_]?)?headers?(?:\.txt)?",
    re.IGNORECASE | re.DOTALL,
)
_MAIL_BEGUN: Final = re.compile(
    rb"\s*(?:>?From |(?:From|Received|Return-Path|Delivered-To|Message-ID|MIME-Version|Subject"
    rb"|X-Gatekeeper-[A-Za-z]+|DKIM-Signature|ARC-[A-Za-z-]+|Authentication-Results)[ \t]*:)",
    re.IGNORECASE,
)
_TNEF: Final = b"\x78\x9f\x3e\x22"
_CARD_TYPES: Final = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_SMIME_TYPE: Final = re.compile(r"application/(?:x-)?pkcs(?:7|10|12)\b.*")
_SMIME_NAME: Final = re.compile(r".*\.p(?:7[a-z]|12|fx)", re.IGNORECASE | re.DOTALL)
_KEY_NAME: Final = re.compile(r".*\.(?:asc|gpg|pgp|key|pub)", re.IGNORECASE | re.DOTALL)
_BEGIN_KEY: Final = b"-----BEGIN PGP PUBLIC KEY BLOCK"
_BEGIN_SECRET: Final = b"-----BEGIN PGP PRIVATE KEY BLOCK"
_BINARY_KEY: Final = (b"\x98", b"\x99", b"\xc6")
"""The first octet of a public-key packet (RFC 4880 §4.2, tag 6)."""

_BOM: Final = b"\xef\xbb\xbf"
_WITHOUT: Final = "send the reply without it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What goes with a reply, and what was left out of it, one line each for its writer."""

    files: tuple[File, ...] = ()
    left_out: tuple[str, ...] = ()


def files_of(content: Part, *, team: Team, issue: IssueId, prefix: str) -> Files:
    """Return the files in a command mail that go with its reply; Refusal when one must not.

    Public keys, which programs attach by themselves, and pictures without a name stay behind.
    """
    _refuse_second_texts(content)
    files: list[File] = []
    left_out: list[str] = []
    for each in attachments(content):
        data = each.part.decoded()
        if fault := _fault(each, data):
            raise Refusal(f"{_called(each)} {fault}", remedy=_WITHOUT)
        if reason := _reason_to_leave(each, data):
            left_out.append(f"{_called(each)} stays behind: {reason}")
            continue
        if fault := _fault_of_name(each, team, issue, prefix):
            raise Refusal(f"{_called(each)} {fault}", remedy="give the file another name")
        name = file_name(each.name, fallback=f"file-{each.number}")
        kind = each.content_type if each.content_type in _PASSED else "application/octet-stream"
        files.append(File(name=name, content_type=kind, data=data))
    return Files(files=tuple(files), left_out=tuple(left_out))


def _called(each: Attachment) -> str:
    if each.name:
        return f"the file {quoted(each.name, _SHOWN)}"
    return f"a part without a name, of type {quoted(each.content_type, _SHOWN)},"


def _refuse_second_texts(content: Part) -> None:
    """Refuse text beside the body that is no file: programs put quoted mail there.

    Another form of the body (multipart/alternative) is not sent, and does not matter.
    """
    texts = [part for part in _inline_texts(content) if part.decoded().strip()]
    body = next((part for part in texts if part.content_type == "text/plain"), None)
    for part in texts:
        if part is not body:
            raise Refusal(
                f"the mail holds text of type {part.content_type} beside its body",
                remedy="send it as plain text, in one part, before any attachment",
            )


def _inline_texts(part: Part) -> Iterator[Part]:
    if part.content_type == "multipart/alternative":
        plain = [leaf for leaf in part.walk() if leaf.content_type == "text/plain"]
        yield from (leaf for leaf in plain if _is_inline(leaf))
        return
    if part.content_type.startswith("text/") and _is_inline(part):
        yield part
    for child in part.children:
        yield from _inline_texts(child)


def _is_inline(part: Part) -> bool:
    """Say whether a part is text of the mail, and no file nor a copy of its header."""
    is_file = part.filename is not None or part.disposition == "attachment"
    return not is_file and "protected-headers" not in part.params


def _fault(each: Attachment, data: bytes) -> str:
    """Return why a file must not leave, "" when it may."""
    kind, name = each.content_type, each.name
    begun = data[:4096].removeprefix(_BOM)
    if (
        kind.startswith(("message/", "multipart/"))
        or kind in _MAIL_TYPES
        or _MAIL_NAME.fullmatch(name)
        or begun.startswith(_TNEF)
    ):
        return "is a forwarded mail or part of one, and may hold what stays inside the team"
    if kind in _CARD_TYPES or name.lower().endswith((".vcf", ".vcard")):
        return "is an address card, which says who of the team wrote"
    if _SMIME_TYPE.fullmatch(kind) or _SMIME_NAME.fullmatch(name):
        return "is of S/MIME: its certificate says who of the team wrote, or it hides a mail"
    if _BEGIN_SECRET in data:
        return "holds a PRIVATE key"
    if _MAIL_BEGUN.match(begun):
        return (
            "begins like a mail, and may hold what stays inside the team, or name who wrote it"
            " (a patch goes as `git diff` writes it)"
        )
    return ""


def _reason_to_leave(each: Attachment, data: bytes) -> str:
    begun = data[:4096].removeprefix(_BOM).lstrip()
    is_key = (
        each.content_type in {"application/pgp-keys", "application/pgp-signature"}
        or begun.startswith(_BEGIN_KEY)
        or (
            _KEY_NAME.fullmatch(each.name) is not None
            and (_BEGIN_KEY in data or data.startswith(_BINARY_KEY))
        )
    )
    if is_key:
        return "a public key says whose it is"
    if each.part.filename is None and each.part.disposition != "attachment":
        return "it is not attached as a file"
    return ""


def _fault_of_name(each: Attachment, team: Team, issue: IssueId, prefix: str) -> str:
    if other_issues(each.name, issue, prefix):
        return "names another issue"
    if named(each.name, team.people, in_a_name=True):
        return "names a person of the team"
    return ""
