"""The head of a letter to the response team: who it is from, and how it hangs in its thread."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId, short_tag
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.team import Team
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.compose import Letterhead
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
    """What handling needs to know of the installation; nothing of it changes while it runs."""

    product: RowId
    name: str
    prefix: str
    own: OwnAddresses
    team: Team
    texts: Texts
    token_key: bytes
    chance: Chance


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


def _mailbox(name: str, address: Address) -> str:
    """Return a mailbox whose name may hold any mark, such as the comma of `Example, Inc.`."""
    quoted = _SPECIAL.sub(r"\\\1", printable_line(name))
    return f'"{quoted}" <{address}>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A letter before it is composed: its head, the subject for outside, the block of ours.

    The block says what was found when the message was handled, and composing must come to the
    same: `whole` if the message is attached as it came, `pieces` how many of it were opened.
    """

    head: Letterhead
    outer_subject: str
    block: str
    whole: bool = False
    pieces: int = 0


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
        "outer_subject": draft.outer_subject,
        "block": draft.block,
        "whole": draft.whole,
        "pieces": draft.pieces,
    }
    return json.dumps(fields, ensure_ascii=True, sort_keys=True).encode("ascii")


def load(stored: bytes) -> Draft:
    """Return the letter that `dump` wrote."""
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
    )
    return Draft(
        head=head,
        outer_subject=fields["outer_subject"],
        block=fields["block"],
        whole=fields["whole"],
        pieces=fields["pieces"],
    )
