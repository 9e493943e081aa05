"""A pace spreads messages evenly; nothing is saved up, and no clock stops it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import HOUR, MINUTE, SECOND, Instant, later
from gatekeeper.domain.pace import Pace

START = Instant(1_800_000_000_000_000)


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace(0)
    for _ in range(1000):
        assert 0 == pace.wait(START)
        pace.begun(START)
    assert pace.within(MINUTE) is None


def test_each_message_waits_its_share_of_the_minute() -> None:
    pace = Pace(4)
    pace.begun(START)
    assert 15 * SECOND == pace.wait(START)
    assert 5 * SECOND == pace.wait(later(START, 10 * SECOND))
    assert 0 == pace.wait(later(START, 15 * SECOND))
    assert (1, 2, 5) == (pace.within(SECOND), pace.within(15 * SECOND), pace.within(MINUTE))


@given(
    per_minute=st.integers(1, 300),
    steps=st.lists(st.integers(0, 20 * SECOND), max_size=60),
)
def test_no_minute_has_more_whenever_it_begins(per_minute: int, steps: list[int]) -> None:
    """Also after an hour without any: quiet times are not saved up."""
    pace, now, begun = Pace(per_minute), START, list[Instant]()
    for step in (*steps, HOUR, *[SECOND // 10] * 60):
        now = later(now, step)
        if not pace.wait(now):
            pace.begun(now)
            begun.append(now)
    for first in begun:
        assert per_minute >= sum(first <= each < first + MINUTE for each in begun)


def test_a_clock_that_is_put_back_costs_one_share_at_most() -> None:
    pace = Pace(1)
    pace.begun(START)
    assert MINUTE == pace.wait(later(START, -HOUR))


def test_a_pace_is_not_negative() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Pace(-1)
