"""The head of a letter: who it is from and to, how it hangs in its thread; letters as drafts."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.automatic import Forwarder
from gatekeeper.domain.date_forms import DateLetter, date_letter
from gatekeeper.domain.forms import (
    Acknowledgement,
    AnyForm,
    KeyChanged,
    ManyReports,
    Unreadable,
)
from gatekeeper.domain.identity import ROW_ID_BYTES, IssueId, RowId, fingerprint, short_tag
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.outcomes import Outcome, Telling
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.reasons import Rejection
from gatekeeper.domain.team import Team
from gatekeeper.domain.timeline import Timeline
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.compose import Letterhead
from gatekeeper.mail.header_writing import encode_autocrypt
from gatekeeper.mail.personal import File
from gatekeeper.texts.templates import Texts

OUTER_SUBJECT: Final = "Encrypted message"
"""What the world outside may read of a subject; the issue's opaque tag is added."""

LOOP: Final = "loop"
"""The purpose of the token that makes a letter of ours known when it comes back."""

_SPECIAL: Final = re.compile(r'(["\\])')

_CAME_THROUGH_MAX: Final = 10
"""Loop tokens of others that are handed on: more lists than that in one circle go round."""

Chance = Callable[[int], bytes]
"""Returns that many random bytes; handed down so that tests can repeat a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What handling needs to know of the installation; nothing of it changes while it runs.

    `fingerprint` and `certificate` (binary) are the alias's · `clear_replies` says whether the
    relay has a port where mail in clear that holds free text may go out · `forwarders` are those
    whose mail counts as its author's.
    """

    product: RowId
    name: str
    prefix: str
    own: OwnAddresses
    team: Team
    texts: Texts
    token_key: bytes
    chance: Chance
    fingerprint: str
    certificate: bytes = field(repr=False)
    policy: Policy
    clear_replies: bool
    forwarders: tuple[Forwarder, ...] = ()


def command(desk: Desk, issue: IssueId, what: str = "") -> str:
    """Return how a command for an issue of this installation begins, with `what` behind it."""
    return f"!{issue}@{desk.own.security.domain} {what}".rstrip()


def team_letterhead(
    desk: Desk,
    *,
    carried: RowId,
    subject: str,
    references: tuple[str, ...],
    loop_tokens: tuple[str, ...],
    now: Instant,
) -> Letterhead:
    """Return the head of a broadcast letter to the response team that carries a message.

    One plaintext goes to many, so To is the alias, Reply-To is the bare alias and nothing in it
    differs between recipients (design: mail, "What each audience gets"). The loop tokens that the
    message came with go on, so that another list like this one knows its own mail by them.
    """
    alias = desk.own.security
    return Letterhead(
        from_=_mailbox(f"{desk.name} security", alias),
        to=_mailbox(f"{desk.name} response team", alias),
        subject=subject,
        date=now,
        message_id=f"<{short_tag(desk.chance(ROW_ID_BYTES))}@{alias.domain}>",
        reply_to=str(alias),
        references=references,
        boundary_seed=desk.chance(ROW_ID_BYTES),
        list_id=f"response-team.{alias.domain}",
        loop_token=token.mint(desk.token_key, LOOP, carried),
        came_through=tuple(each for each in loop_tokens if token.is_token(each))[
            :_CAME_THROUGH_MAX
        ],
    )


def personal_letterhead(
    desk: Desk,
    *,
    to: Address,
    reply_to: Address | None,
    subject: str,
    references: tuple[str, ...],
    carried: RowId,
    auto_submitted: str,
    now: Instant,
) -> Letterhead:
    """Return the head of a letter to one correspondent, which no other recipient ever sees.

    `reply_to` is the address of ours that leads to the issue (None: the alias) · `references` are
    Message-IDs that this person knows, the one answered last · `carried` is the message that the
    letter answers, or its issue. To has the bare address: a name would be the sender's own words.
    """
    alias = desk.own.security
    return Letterhead(
        from_=_mailbox(f"{desk.name} security", alias),
        # An address beyond ASCII cannot stand in a header that every server takes.
        to=str(alias if to.needs_smtputf8 else to),
        subject=subject,
        date=now,
        message_id=f"<{short_tag(desk.chance(ROW_ID_BYTES))}@{alias.domain}>",
        reply_to=str(reply_to or alias),
        references=references,
        boundary_seed=desk.chance(ROW_ID_BYTES),
        loop_token=token.mint(desk.token_key, LOOP, carried),
        auto_submitted=auto_submitted,
        autocrypt=encode_autocrypt(str(alias), desk.certificate),
    )


def _mailbox(name: str, address: Address) -> str:
    """Return a mailbox whose name may hold any mark, such as the comma of `Example, Inc.`."""
    quoted = _SPECIAL.sub(r"\\\1", printable_line(name))
    return f'"{quoted}" <{address}>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A letter before it is composed: its head, the subject for outside, the block of ours.

    The block says what was found when the message was handled, and composing must come to the
    same: `whole` if the message is attached as it came, `pieces` how many of it were opened.
    A `personal` letter has its text in `block` and `files` beside it; or it is a `form`, and then
    its text and files are made of the form alone. `signed_by` is the former key of the alias that
    signs it, "" for the present one.
    """

    head: Letterhead
    outer_subject: str
    block: str = ""
    whole: bool = False
    pieces: int = 0
    files: tuple[File, ...] = ()
    personal: bool = False
    form: AnyForm | None = None
    signed_by: str = ""

    def __post_init__(self) -> None:
        """Refuse a letter that would say two things at once."""
        if self.signed_by and fingerprint(self.signed_by) != self.signed_by:
            message = "a signer is named by its 40 upper-case hexadecimal digits"
            raise ValueError(message)
        if self.form is not None and (self.block or self.files or not self.personal):
            message = "a form is a personal letter without other text or files"
            raise ValueError(message)
        if self.personal and (self.whole or self.pieces):
            message = "a personal letter passes no message on"
            raise ValueError(message)
        if self.files and not self.personal:
            message = "files go with personal letters only"
            raise ValueError(message)


def dump(draft: Draft) -> bytes:
    """Return what a letter says, as the bytes the store keeps until it is composed."""
    head = draft.head
    fields = {
        "from": head.from_,
        "to": head.to,
        "subject": head.subject,
        "date": head.date,
        "message_id": head.message_id,
        "reply_to": head.reply_to,
        "references": list(head.references),
        "boundary_seed": head.boundary_seed.hex(),
        "list_id": head.list_id,
        "loop_token": head.loop_token,
        "came_through": list(head.came_through),
        "auto_submitted": head.auto_submitted,
        "autocrypt": head.autocrypt,
        "outer_subject": draft.outer_subject,
        "block": draft.block,
        "whole": draft.whole,
        "pieces": draft.pieces,
        "files": [
            [each.name, each.content_type, b64encode(each.data).decode("ascii")]
            for each in draft.files
        ],
        "personal": draft.personal,
        "form": None if draft.form is None else _slots(draft.form),
        "signed_by": draft.signed_by,
    }
    return json.dumps(fields, ensure_ascii=True, sort_keys=True).encode("ascii")


def load(stored: bytes) -> Draft:
    """Return the letter that `dump` wrote, also by an older version of this program."""
    fields = json.loads(stored)
    head = Letterhead(
        from_=fields["from"],
        to=fields["to"],
        subject=fields["subject"],
        date=Instant(fields["date"]),
        message_id=fields["message_id"],
        reply_to=fields["reply_to"],
        references=tuple(fields["references"]),
        boundary_seed=bytes.fromhex(fields["boundary_seed"]),
        list_id=fields["list_id"],
        loop_token=fields["loop_token"],
        came_through=tuple(fields["came_through"]),
        auto_submitted=fields.get("auto_submitted", "auto-generated"),
        autocrypt=fields.get("autocrypt", ""),
    )
    files = tuple(
        File(name=name, content_type=kind, data=b64decode(data))
        for name, kind, data in fields.get("files", ())
    )
    return Draft(
        head=head,
        outer_subject=fields["outer_subject"],
        block=fields["block"],
        whole=fields["whole"],
        pieces=fields["pieces"],
        files=files,
        personal=fields.get("personal", False),
        form=_form(fields["form"]) if fields.get("form") else None,
        signed_by=fields.get("signed_by", ""),
    )


def _slots(form: AnyForm) -> dict[str, object]:
    match form:
        case Acknowledgement():
            return {
                "kind": "acknowledgement",
                "issue": str(form.issue),
                "predisclosure": form.timeline.predisclosure,
                "public": form.timeline.public,
                "fingerprint": form.fingerprint,
                "code": form.code,
            }
        case DateLetter():
            return {"kind": "date", **form.slots}
        case KeyChanged():
            return {
                "kind": "key-changed",
                "old": form.old,
                "new": form.new,
                "signed_by": form.signed_by,
                "readable": form.readable,
                "team": form.team,
                "untold": form.untold,
            }
        case ManyReports():
            return {"kind": "many-reports"}
        case Outcome():
            return {
                "kind": "outcome",
                "issue": str(form.issue),
                "telling": form.telling,
                "fingerprint": form.fingerprint,
                "reason": form.reason,
                "other": None if form.other is None else str(form.other),
            }
        case Unreadable():
            return {"kind": "unreadable", "fingerprint": form.fingerprint}


def _form(slots: Mapping[str, Any]) -> AnyForm:
    match slots["kind"]:
        case "acknowledgement":
            return Acknowledgement(
                issue=IssueId.parse(slots["issue"]),
                timeline=Timeline(
                    predisclosure=Instant(slots["predisclosure"]), public=Instant(slots["public"])
                ),
                fingerprint=slots["fingerprint"],
                code=slots["code"],
            )
        case "date":
            return date_letter(slots)
        case "key-changed":
            return KeyChanged(
                old=slots["old"],
                new=slots["new"],
                signed_by=slots["signed_by"],
                readable=slots["readable"],
                team=slots["team"],
                untold=slots.get("untold", 0),
            )
        case "many-reports":
            return ManyReports()
        case "outcome":
            return Outcome(
                issue=IssueId.parse(slots["issue"]),
                telling=Telling(slots["telling"]),
                fingerprint=slots["fingerprint"],
                reason=None if slots["reason"] is None else Rejection(slots["reason"]),
                other=None if slots["other"] is None else IssueId.parse(slots["other"]),
            )
        case "unreadable":
            return Unreadable(fingerprint=slots["fingerprint"])
        case _:
            message = "a form that this version does not know"
            raise ValueError(message)
