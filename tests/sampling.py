"""What the ordinary run takes of cases that are many; the soak (GATEKEEPER_SOAK=1) takes all.

Each rule is fixed, so that two runs on one commit show the same:

- `tries`: a property is tried with the number of examples that it names but at most TRIES, always
  the same ones; a soak tries LONGER times the number, by chance anew each time;
- `shared_out`: of cases that are alike on both databases, each database gets every second one, the
  other database the others; a soak gives all to both;
- `alternating`: of a case that exists on both databases and in two forms, each database gets one
  of the forms, the other database the other, in turns; a soak gives both both.

What is long in itself has no shorter form here: each large mail is read once, on one database.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeVar

from hypothesis import settings

T = TypeVar("T")

SOAK: Final = os.environ.get("GATEKEEPER_SOAK") == "1"
TRIES: Final = 150
LONGER: Final = 10
DIALECTS: Final = ("sqlite", "postgresql")


def tries(number: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator for a property that wants this many examples."""
    return settings(max_examples=number * LONGER if SOAK else min(number, TRIES))


def shared_out(items: Mapping[str, T], dialect: str, *, every: bool = SOAK) -> Mapping[str, T]:
    """Return what a database gets of named cases: all if `every`, else every second."""
    if every:
        return items
    return dict(list(items.items())[DIALECTS.index(dialect) :: len(DIALECTS)])


def alternating(items: Sequence[T], *, every: bool = SOAK) -> list[tuple[str, T, bool]]:
    """Return cases (dialect, item, form): both forms on both databases if `every`, else in turns.

    In turns means that each item comes once on each database, in its one form on the one and in
    its other on the other, and that the forms of one database change from item to item.
    """
    return [
        (dialect, item, form)
        for (place, dialect), (turn, item), form in product(
            enumerate(DIALECTS), enumerate(items), (True, False)
        )
        if every or form == bool((place + turn) % 2)
    ]
