"""Tell the team in one mail what happened without them: a key, a failure, a mail held back."""

from collections.abc import Sequence

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.post import Words, to_team
from gatekeeper.store import issues, letters
from gatekeeper.store.engine import Tx
from gatekeeper.texts.templates import TEAM_NOTICE

NOTICE = "team-notice"
HELD_BACK = "notice-held-back"
RETURNED = "notice-returned"


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
    words = _words(desk, NOTICE, headline, lines, next_step, about=None, by=by)
    to_team(tx, desk, words, issue=issues.by_row(tx, issue), now=now)


def tell_once(
    tx: Tx,
    desk: Desk,
    *,
    issue: RowId,
    kind: str,
    headline: str,
    lines: Sequence[str],
    about: RowId,
    now: Instant,
    next_step: str = "",
) -> None:
    """Write a notice of its `kind` about an issue, if the issue had none of that kind yet.

    What machines send can come back for ever: a second notice could be the answer to the first.
    """
    if letters.has_kind(tx, issue=issue, kind=kind):
        return
    words = _words(desk, kind, headline, lines, next_step, about=about, by="gatekeeper")
    to_team(tx, desk, words, issue=issues.by_row(tx, issue), now=now)


def _words(
    desk: Desk,
    kind: str,
    headline: str,
    lines: Sequence[str],
    next_step: str,
    *,
    about: RowId | None,
    by: str,
) -> Words:
    return Words(
        kind=kind,
        subject=one_line(headline),
        text=notice_text(desk, headline, lines, next_step),
        by=by,
        about=about,
    )


def notice_text(desk: Desk, headline: str, lines: Sequence[str], next_step: str = "") -> str:
    """Return what a notice says, in the frame that shows which lines are gatekeeper's."""
    values = {"headline": headline, "lines": tuple(lines), "next_step": next_step}
    return desk.texts.fill(TEAM_NOTICE, values)


def barred(text: str) -> tuple[str, ...]:
    """Return the lines of somebody's text, each behind a bar, so that none looks like ours."""
    return tuple(f"| {line}".rstrip() for line in text.strip("\n").split("\n"))
