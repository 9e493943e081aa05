"""One issue's dates, for the tests of their rules and for the tables of docs/dates.md.

Reported on Thursday 2026-11-05; the present is Tuesday 2026-11-17; the date that stands is Tuesday
2026-12-08, one week from the earlier and from the later one that people ask for.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from gatekeeper.domain.ceilings import REPORTER, Ceiling, CeilingKind
from gatekeeper.domain.clock_rules import Running, own
from gatekeeper.domain.date_state import By, DateState
from gatekeeper.domain.instants import DAY, Instant, from_datetime, later
from gatekeeper.domain.process_policy import EMBARGO
from gatekeeper.domain.wishes import Held, Proof, Standing, Wish, WishKind


def at(text: str) -> Instant:
    """Return the instant written as ISO 8601 in UTC; without a time, the calendar's noon."""
    full = text if "T" in text else f"{text}T12:00"
    return from_datetime(datetime.fromisoformat(full).replace(tzinfo=UTC))


REPORTED: Final = at("2026-11-05T09:41")
NOW: Final = at("2026-11-17T10:00")
DATE: Final = at("2026-12-08")
EARLIER: Final = at("2026-12-01")
LATER: Final = at("2026-12-15")
PROPOSED: Final = Standing(
    instant=DATE,
    predisclosure=at("2026-11-24"),
    state=DateState.PROPOSED,
    since=REPORTED,
    seconded=True,
)
AGREED: Final = replace(PROPOSED, state=DateState.AGREED, by=By.REPORTER)
VENDOR: Final = "vendor"


def ceiling(holder: str, instant: Instant, kind: CeilingKind = CeilingKind.AGREED) -> Ceiling:
    """Return a ceiling."""
    return Ceiling(holder=holder, instant=instant, kind=kind)


def held(date: Standing = PROPOSED, *ceilings: Ceiling, clocks: Sequence[Running] = ()) -> Held:
    """Return what is held of the issue, with policy's own clock."""
    running = (own(REPORTED, EMBARGO), *clocks)
    return Held(date=date, ceilings=tuple(ceilings), clocks=running)


def agreed() -> Held:
    """Return what is held once the reporter agreed to the date."""
    return held(AGREED, ceiling(REPORTER, DATE))


def wish(kind: WishKind, instant: Instant, holder: str = "", proof: Proof = Proof.PROVEN) -> Wish:
    """Return a wish; the team's own when no holder is named."""
    return Wish(kind=kind, instant=instant, holder=holder, proof=proof if holder else Proof.NONE)


def reporters(kind: WishKind, instant: Instant, proof: Proof = Proof.PROVEN) -> Wish:
    """Return a wish of the reporter's."""
    return wish(kind, instant, REPORTER, proof)


def days_after(instant: Instant, days: int) -> Instant:
    """Return the instant so many days later."""
    return later(instant, days * DAY)
