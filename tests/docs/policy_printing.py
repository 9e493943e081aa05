"""Print the tables of docs/policy.md: what each preset says, and what comes of it for a report."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from gatekeeper.config.units import WEEKDAYS
from gatekeeper.domain.instants import HOUR, Instant, from_datetime, spoken, to_datetime
from gatekeeper.domain.policy_text import lasting
from gatekeeper.domain.process_policy import ClockRule, Counted, EmbargoPolicy, Roll
from gatekeeper.domain.timeline import found_with_tools, proposed
from gatekeeper.domain.wording import read
from tests.config.presetting import NAMES, policy

REPORTED: Final = from_datetime(datetime(2026, 9, 3, 9, 41, tzinfo=UTC))
"""The Thursday of all examples."""

WORDINGS: Final = (
    *("2026-12-08T12:00Z", "8 Dec 2026, 13:00 CET", "2026-12-08", "in 14 days", "90 days"),
    *("72 hours", "10 working days", "25/12/2026", "03/04/2027", "2026-12-08T12:00"),
    *("8 Jul 2027 12:00 PST", "8 December", "Monday 8 December 2026", "2026-09-02", "2027-02-29"),
)
"""Examples of what people write."""


def _days(number: int, counted: Counted) -> str:
    word = "working day" if counted is Counted.WORKING else "day"
    return f"{number} {word}{'' if number == 1 else 's'}"


def _weekdays(embargo: EmbargoPolicy) -> str:
    days = sorted(embargo.calendar.weekdays)
    return f"{WEEKDAYS[days[0]]}–{WEEKDAYS[days[-1]]}"


def _clock(rule: ClockRule) -> str:
    return f"{rule.name} {lasting(rule.span)} after {rule.start}"


def _longest(embargo: EmbargoPolicy) -> str:
    rolls = embargo.roll is Roll.FORWARD
    return f"{lasting(embargo.max_embargo)}{', then Monday' if rolls else ''}"


_COLUMNS: Final[Mapping[str, Callable[[EmbargoPolicy], str]]] = MappingProxyType(
    {
        "list told after": lambda one: _days(one.predisclosure_days, one.counted),
        "public after": lambda one: _days(one.public_days, one.counted),
        "at": lambda one: f"{one.calendar.at // HOUR:02}:00Z",
        "on": _weekdays,
        "lead": lambda one: lasting(one.minimum_lead),
        "by tools": lambda one: lasting(one.tools_span),
        "longest": _longest,
        "clocks": lambda one: ", ".join(map(_clock, one.clocks)),
    }
)


def preset_table() -> str:
    """Return each preset's numbers in a row."""
    head = ("preset", *_COLUMNS)
    rows = [(f"`{name}`", *_cells(policy(name).embargo)) for name in NAMES]
    return _table((head, *rows))


def example_table() -> str:
    """Return what each preset makes of one report."""
    head = ("preset", "list told", "public", "public, by tools", "longest")
    return _table((head, *((f"`{name}`", *_example(policy(name).embargo)) for name in NAMES)))


def wording_table() -> str:
    """Return what is understood of each wording, read at the instant of the report."""
    rows = [(text, _understood(text)) for text in WORDINGS]
    return _table((("written", "understood"), *rows))


def _understood(text: str) -> str:
    found = read(text, REPORTED)
    return str(found.when) if found.when else f"asked back: {found.why()}"


def _cells(embargo: EmbargoPolicy) -> tuple[str, ...]:
    return tuple(cell(embargo) for cell in _COLUMNS.values())


def _example(embargo: EmbargoPolicy) -> tuple[str, ...]:
    usual, sooner = proposed(REPORTED, embargo), found_with_tools(REPORTED, embargo)
    cap = embargo.own_clock.cap(REPORTED, embargo.calendar)
    return tuple(map(_shown, (usual.predisclosure, usual.public, sooner.public, cap)))


def _shown(instant: Instant) -> str:
    return f"{spoken(instant)[:3]} {to_datetime(instant):%m-%d %H:%M}Z"


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    head, *rest = (f"| {' | '.join(cells)} |" for cells in rows)
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *rest])
