"""How often something may happen in a minute."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import MINUTE, SECOND
from gatekeeper.inbound.rates import Rate, monotonic
from tests.sampling import tries


def test_as_often_as_allowed_and_again_as_time_passes() -> None:
    rate = Rate(60, at=0)
    assert [True] * 60 + [False] == [rate.take(0) for _ in range(61)]
    assert not rate.take(SECOND - 1000)
    assert rate.take(SECOND)
    assert not rate.take(SECOND)
    assert not rate.full(MINUTE)
    assert rate.full(3 * MINUTE)


@given(
    per_minute=st.integers(1, 50),
    steps=st.lists(st.integers(0, 2 * MINUTE), max_size=200),
)
@tries(100)
def test_never_more_than_the_allowance_and_what_time_brings(
    per_minute: int, steps: list[int]
) -> None:
    rate = Rate(per_minute, at=0)
    at = taken = 0
    for step in steps:
        at += step
        taken += rate.take(at)
    assert taken <= per_minute + at * per_minute / MINUTE + 1


def test_a_clock_that_goes_back_gives_nothing() -> None:
    rate = Rate(1, at=10 * MINUTE)
    assert rate.take(10 * MINUTE)
    assert not rate.take(0)


def test_the_clock_that_nobody_sets_goes_forward() -> None:
    assert monotonic() <= monotonic()
