"""Tell the team of earlier issues that a new report may belong to; people decide (R-8)."""

from collections.abc import Iterator
from typing import Final

from gatekeeper.domain.identity import IssueId
from gatekeeper.issues.block import shown_subject
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.column import one_line
from gatekeeper.issues.likeness import Likeness, Reported, likest
from gatekeeper.issues.reply_text import own_words
from gatekeeper.store import firsts

COMPARED: Final = 200
"""Issues that a new report is compared with, the newest: more would keep other mail waiting."""

TOLD: Final = 3
"""Issues that are named, the likest."""

_NAMES_MAX: Final = 120


def suggest(case: Case, place: Place) -> tuple[str, ...]:
    """Return a line for each earlier issue that a message which opened one may belong to.

    The words of other reporters stand in them: they are for the team alone.
    """
    if place.issue is None or not place.opened:
        return ()
    earlier = firsts.newest(case.tx, prefix=case.desk.prefix, but=place.issue.id, limit=COMPARED)
    known = {each.issue_id: Reported(subject=each.subject, text=each.text) for each in earlier}
    states = {each.issue_id: each.state for each in earlier}
    new = Reported(subject=shown_subject(case.reading), text=own_words(case.reading.text))
    found = likest(new, known, most=TOLD)
    return tuple(_lines(found, states))


def _lines(found: tuple[Likeness[IssueId], ...], states: dict[IssueId, str]) -> Iterator[str]:
    for each in found:
        which = f"{each.of} ({states[each.of]})"
        if each.copy:
            yield f"its text is nearly that of {which}; `merge {each.of}` joins them"
        else:
            names = one_line(", ".join(each.shared), _NAMES_MAX)
            yield f"it may be the same as {which}: both say {names}; `merge {each.of}` joins them"
