"""Each stage before a key's end is told at most once, and the most urgent one is never missed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.expiry import BEFORE, Stage, due, said, stage
from gatekeeper.domain.instants import DAY, SECOND, Instant, later
from tests.house import START
from tests.sampling import tries

ENDS = st.integers(min_value=0, max_value=3).map(lambda n: later(START, n * 40 * DAY))
LOOKS = st.integers(min_value=-100 * DAY, max_value=200 * DAY).map(lambda n: later(START, n))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (61 * DAY, None),
        (60 * DAY + 1, None),
        (60 * DAY, Stage.SIXTY_DAYS),
        (30 * DAY + 1, Stage.SIXTY_DAYS),
        (30 * DAY, Stage.THIRTY_DAYS),
        (7 * DAY + 1, Stage.THIRTY_DAYS),
        (7 * DAY, Stage.SEVEN_DAYS),
        (1, Stage.SEVEN_DAYS),
        (0, Stage.ENDED),
        (-1000 * DAY, Stage.ENDED),
    ],
)
def test_a_stage_begins_on_its_microsecond(before: int, expected: Stage | None) -> None:
    assert expected is stage(START, later(START, -before))


def test_what_passed_while_nobody_looked_is_told_by_its_last_stage() -> None:
    assert Stage.SEVEN_DAYS is due(START, later(START, -DAY), ())
    assert Stage.ENDED is due(START, START, {Stage.SIXTY_DAYS})


def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    assert due(START, later(START, -20 * DAY), {Stage.SEVEN_DAYS}) is None


@given(st.lists(st.tuples(ENDS, LOOKS), max_size=40))
@tries(300)
def test_any_sequence_of_looks(looks: list[tuple[Instant, Instant]]) -> None:
    """Whatever the order of looks and ends: a stage is told once, and the last one reached is."""
    told: dict[Instant, list[Stage]] = {}
    reached: dict[Instant, list[Stage]] = {}
    for end, now in looks:
        before = told.setdefault(end, [])
        new = due(end, now, before)
        if new is not None:
            before.append(new)
        here = stage(end, now)
        if here is not None:
            reached.setdefault(end, []).append(here)
    order = list(Stage)
    for end, stages in told.items():
        assert len(set(stages)) == len(stages)
        assert sorted(stages, key=order.index) == stages, "never a milder one after"
        expected = max(reached.get(end, []), key=order.index, default=None)
        assert expected == (stages[-1] if stages else None)


def test_stages_stand_from_mild_to_urgent() -> None:
    spans = [BEFORE[each] for each in Stage]
    assert sorted(spans, reverse=True) == spans
    assert BEFORE.keys() == set(Stage)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (7 * DAY, "ends Thu 2026-09-03 12:00:00Z, in 7 days"),
        (2 * DAY - 1, "ends Thu 2026-09-03 12:00:00Z, in 1 day"),
        (SECOND, "ends Thu 2026-09-03 12:00:00Z, within a day"),
        (0, "ended Thu 2026-09-03 12:00:00Z"),
    ],
)
def test_an_end_in_words(before: int, expected: str) -> None:
    assert expected == said(START, later(START, -before))
