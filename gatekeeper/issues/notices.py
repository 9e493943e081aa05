"""Tell the team in one mail what happened without them: a key, a failure, a mail held back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.team import Person
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.post import Words, to_some, to_team
from gatekeeper.store import issues, letters
from gatekeeper.store.engine import Tx
from gatekeeper.texts.templates import TEAM_NOTICE

NOTICE = "team-notice"
HELD_BACK = "notice-held-back"
CROWDED = "notice-crowded"
RETURNED = "notice-returned"
MEMBER_RETURNED = "notice-member"
SUSPENDED = "notice-suspended"
GOVERNED = "notice-governed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a notice of its `kind` says; `about` is the message that it is the consequence of.

    `lines` and `next_step` are our own words; what they quote of others is one bounded line each.
    `stamp` is for the store, see `post.Words`.
    """

    kind: str
    headline: str
    lines: Sequence[str]
    next_step: str
    about: RowId | None
    stamp: Mapping[str, str] = field(default_factory=dict)


def tell(
    tx: Tx,
    desk: Desk,
    *,
    issue: RowId,
    headline: str,
    lines: Sequence[str],
    now: Instant,
    next_step: str = "",
    by: str = "gatekeeper",
) -> None:
    """Write a notice to the whole team about an issue.

    `lines` and `next_step` are our own words; what they quote of others is one bounded line each.
    """
    words = Notice(kind=NOTICE, headline=headline, lines=lines, next_step=next_step, about=None)
    to_team(tx, desk, _said(desk, words, by=by), issue=issues.by_row(tx, issue), now=now)


def tell_kind(
    tx: Tx, desk: Desk, notice: Notice, *, issue: RowId | None, once: bool, now: Instant
) -> None:
    """Write a notice about an issue to the whole team; `once`: if it had none of that kind yet.

    `issue` is None for what belongs to no issue, of which `once` says nothing.

    What machines send can come back for ever: a second notice could be the answer to the first.
    """
    if once and issue is not None and letters.has_kind(tx, issue=issue, kind=notice.kind):
        return
    row = issues.by_row(tx, issue) if issue is not None else None
    to_team(tx, desk, _said(desk, notice), issue=row, now=now)


def tell_others(tx: Tx, desk: Desk, notice: Notice, *, but: Address, now: Instant) -> None:
    """Write a notice that belongs to no issue to all of the team but one person.

    Nobody is told when the team is that person alone.
    """
    others = [person for person in desk.team.people if person.address.key != but.key]
    if others:
        to_some(tx, desk, _said(desk, notice), others, issue=None, now=now)


def tell_people(
    tx: Tx,
    desk: Desk,
    people: Sequence[Person],
    notice: Notice,
    *,
    by: str = "gatekeeper",
    now: Instant,
) -> None:
    """Write a notice that belongs to no issue to some of the team; to nobody, nothing."""
    if people:
        to_some(tx, desk, _said(desk, notice, by=by), people, issue=None, now=now)


def _said(desk: Desk, notice: Notice, *, by: str = "gatekeeper") -> Words:
    return Words(
        kind=notice.kind,
        subject=one_line(notice.headline),
        text=notice_text(desk, notice.headline, notice.lines, notice.next_step),
        by=by,
        about=notice.about,
        stamp=notice.stamp,
    )


def notice_text(desk: Desk, headline: str, lines: Sequence[str], next_step: str = "") -> str:
    """Return what a notice says, in the frame that shows which lines are gatekeeper's."""
    values = {"headline": headline, "lines": tuple(lines), "next_step": next_step}
    return desk.texts.fill(TEAM_NOTICE, values)


def barred(text: str) -> tuple[str, ...]:
    """Return the lines of somebody's text, each behind a bar, so that none looks like ours."""
    return tuple(f"| {line}".rstrip() for line in text.strip("\n").split("\n"))
