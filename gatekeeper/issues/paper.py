"""Codes on paper, for a hold or an early lift when no key is at hand (02): made here, mailed once.

They go to the person alone, encrypted to their keys: whoever has a shell never sees one, so that no
shell can speak for anybody (promise P-8).
"""

from typing import Final

from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.team import Person
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import notice_text
from gatekeeper.issues.post import Words, to_colleague
from gatekeeper.store import paper_codes
from gatekeeper.store.tx import Tx

LETTER: Final = "paper-codes"
COUNT: Final = 10
_BYTES: Final = 10
"""Of chance in each code: 80 bits, 16 letters and digits."""

_GROUP: Final = 4
_NOT_KEPT: Final = "(codes that only the recipient is told)"


def give(tx: Tx, desk: Desk, person: Person, *, now: Instant) -> int:
    """Make a person new codes in place of all they had, mail them, and return how many."""
    codes = [_grouped(short_tag(desk.chance(_BYTES))) for _ in range(COUNT)]
    paper_codes.add_all(tx, person=person.address, codes=codes, now=now)
    text = notice_text(
        desk,
        f"{person.name}: your {COUNT} codes for paper",
        tuple(f"{number:>2}  {code}" for number, code in enumerate(codes, 1)),
        "Print them or write them down, keep them where you keep your passport, and delete this\n"
        "mail. Each works once, for you alone, when you have no key at hand: to hold a\n"
        "disclosure, or to lift an embargo that is broken. Each use is told to all of the team.\n"
        "Lost? Say so: gatekeeper team codes makes new ones, and these are void.",
    )
    words = Words(kind=LETTER, subject="Your codes for paper", text=text, stamp={"text": _NOT_KEPT})
    to_colleague(tx, desk, words, person, issue=None, now=now)
    return COUNT


def _grouped(code: str) -> str:
    shown = code.upper()
    return "-".join(shown[at : at + _GROUP] for at in range(0, len(shown), _GROUP))
