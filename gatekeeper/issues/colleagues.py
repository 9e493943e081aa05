"""Tell the others of the team when mail to one of them does not get there, by one rule.

Whichever way it becomes known, by the relay or by a bounce: what was told is read from the
notices themselves, so that two ways tell one thing once.
"""

from collections.abc import Sequence
from typing import Final

from gatekeeper.domain.bounces import TOLD_FOR, News, is_news
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.issues import notices
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import MEMBER_RETURNED, Notice
from gatekeeper.store import letters, told
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Tx

_OF: Final = "of"
_NEWS: Final = "news"
_NOTICES: Final = "notice"

_BECAME: Final = {
    News.DOUBTFUL: ("came back", "may not have arrived"),
    News.FAILED: ("was not delivered", "failed for good"),
}
_LOOK: Final = {
    News.DOUBTFUL: "gatekeeper delivery list",
    News.FAILED: "gatekeeper delivery list --state failed",
}


def tell(
    tx: Tx,
    desk: Desk,
    row: DeliveryRow,
    what: News,
    *,
    said: Sequence[str],
    about: RowId | None,
    now: Instant,
) -> None:
    """Tell the others what became of a colleague's mail, unless they know it.

    `said` is what the other machine said, in lines of ours; `about` the message it came in, None
    when the relay said it. Never the person, whose notice would meet the same obstacle; and never
    of a notice: where mail fails for all, that ends it.
    """
    if row.correspondent is not None or _NOTICES in letters.kind_of(tx, row.letter):
        return
    told.lock(tx)
    if not is_news(what, _told(tx, row, now)):
        return
    headline, became = _BECAME[what]
    words = Notice(
        kind=MEMBER_RETURNED,
        headline=f"Mail to {row.name} {headline}",
        lines=(
            f"A copy for {row.recipient} {became}.",
            *said,
            "More of it within a day brings no further notice.",
        ),
        next_step=f"To see them: {_LOOK[what]}",
        about=about,
        stamp={_OF: row.recipient.key, _NEWS: what},
    )
    notices.tell_others(tx, desk, words, but=row.recipient, now=now)


def _told(tx: Tx, row: DeliveryRow, now: Instant) -> frozenset[News]:
    """Return what was told of this recipient's mail lately."""
    found = told.since(tx, kind=MEMBER_RETURNED, at=later(now, -TOLD_FOR))
    # A notice of an earlier version says of nobody whom it is about.
    return frozenset(News(str(each[_NEWS])) for each in found if each.get(_OF) == row.recipient.key)
