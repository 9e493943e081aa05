"""Print the truth tables of docs/dates.md: each cell is what the rules decide of real values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.ceilings import REPORTER
from gatekeeper.domain.date_limits import last_possible
from gatekeeper.domain.date_state import TRANSITIONS
from gatekeeper.domain.dates import Decision, Outcome, applied, decide
from gatekeeper.domain.instants import Instant, to_datetime
from gatekeeper.domain.process_policy import EMBARGO
from gatekeeper.domain.wishes import Authority, Held, Proof, Wish, WishKind
from tests.domain.date_samples import (
    DATE,
    EARLIER,
    LATER,
    NOW,
    VENDOR,
    agreed,
    ceiling,
    held,
    reporters,
    wish,
)

_WAYS: Final[Mapping[str, Instant]] = MappingProxyType(
    {"earlier": EARLIER, "the same": DATE, "later": LATER}
)

WHO: Final[Mapping[str, Callable[[Instant], Wish]]] = MappingProxyType(
    {
        "reporter asks, proven": lambda at: reporters(WishKind.WISH, at),
        "reporter agrees, proven": lambda at: reporters(WishKind.AGREE, at),
        "reporter asks, not proven": lambda at: reporters(WishKind.WISH, at, Proof.NONE),
        "reporter agrees, not proven": lambda at: reporters(WishKind.AGREE, at, Proof.NONE),
        "recorded: reporter agreed": lambda at: reporters(WishKind.AGREE, at, Proof.RECORD),
        "vendor asks, proven": lambda at: wish(WishKind.WISH, at, VENDOR),
        "recorded: vendor agreed": lambda at: wish(WishKind.AGREE, at, VENDOR, Proof.RECORD),
        "team proposes": lambda at: wish(WishKind.PROPOSE, at),
        "team moves": lambda at: wish(WishKind.MOVE, at),
        "a clock begins": lambda at: wish(WishKind.CLOCK, at, "linux-distros"),
    }
)
"""Who wants an instant, and how that is known."""


def date_diagram() -> str:
    """Return the table of what may happen to a date as a diagram."""
    lines = [
        f"    {state} --> {then}: {event}"
        for state, events in TRANSITIONS.items()
        for event, then in events.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def agreement_table() -> str:
    """Return the date that comes of it when reporter and team want three instants each.

    The reporter agrees first, then the team moves the date with all approvals.
    """
    rows = [
        [f"reporter: {named}", *(_settled(promised, wanted) for wanted in _WAYS.values())]
        for named, promised in _WAYS.items()
    ]
    return _table(["", *(f"team: {name}" for name in _WAYS)], rows)


def _settled(promised: Instant, wanted: Instant) -> str:
    """Return the date after both, and what became of the team's move."""
    before = applied(decide(reporters(WishKind.AGREE, promised), held(), EMBARGO, NOW), held())
    found = decide(wish(WishKind.MOVE, wanted), before, EMBARGO, NOW, authority=Authority.APPROVED)
    result = applied(found, before).date.instant
    return _day(result) if result == wanted else f"{_day(result)}; refused"


def ceiling_table() -> str:
    """Return the last possible date when reporter and vendor agreed to three instants each."""
    rows = [
        [
            f"reporter: {_day(one)}",
            *(
                _day(
                    last_possible(
                        held(agreed().date, ceiling(REPORTER, one), ceiling(VENDOR, two)), EMBARGO
                    )
                )
                for two in _WAYS.values()
            ),
        ]
        for one in _WAYS.values()
    ]
    return _table(["", *(f"vendor: {_day(each)}" for each in _WAYS.values())], rows)


def wishes_when_proposed() -> str:
    """Return what becomes of everybody's wish while the date is proposed."""
    return _wishes(held())


def wishes_when_agreed() -> str:
    """Return what becomes of everybody's wish once the reporter has agreed."""
    return _wishes(agreed())


def _wishes(before: Held) -> str:
    rows = [
        [who, *(_cell(decide(made(each), before, EMBARGO, NOW), before) for each in _WAYS.values())]
        for who, made in WHO.items()
    ]
    return _table(["", *_WAYS], rows)


def _cell(found: Decision, before: Held) -> str:
    """Return in a few words what is done, what is waited for, and what binds at once."""
    then = applied(found, before)
    said = [str(found.outcome)]
    if found.outcome is Outcome.APPLIED and then == replace(before, ceilings=then.ceilings):
        said = ["nothing moves"]
    elif found.outcome is Outcome.APPLIED:
        said = [f"{then.date.state} {_day(then.date.instant)}"]
    binding = [each for each in then.ceilings if each not in before.ceilings]
    said += [f"ceiling {_day(each.instant)}" for each in binding]
    return ", ".join(said)


def _day(instant: Instant) -> str:
    return f"{to_datetime(instant):%m-%d}"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)
