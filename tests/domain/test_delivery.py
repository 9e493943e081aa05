"""Deliveries follow one table, and no reply of a relay ends one early or keeps it for ever."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.delivery import (
    CLAIMABLE,
    FINAL,
    GIVE_UP_AFTER,
    TRANSITIONS,
    Attempt,
    DeliveryEvent,
    DeliveryState,
    Next,
    Outcome,
    after,
    move,
)
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant, later
from tests.sampling import tries

S, E = DeliveryState, DeliveryEvent
START = Instant(1_788_436_800_000_000)
AGAIN = (Outcome.NOT_NOW, Outcome.IN_DOUBT)

# Written out a second time on purpose: a change of the table must be made twice, and seen.
EXPECTED = {
    (S.PENDING, E.SEAL): S.SEALED,
    (S.PENDING, E.BLOCK): S.BLOCKED,
    (S.PENDING, E.WITHHOLD): S.BLOCKED,
    (S.BLOCKED, E.RETRY): S.PENDING,
    (S.SEALED, E.CLAIM): S.CLAIMED,
    (S.SEALED, E.WITHHOLD): S.BLOCKED,
    (S.CLAIMED, E.CLAIM): S.CLAIMED,
    (S.CLAIMED, E.DELIVER): S.DELIVERED,
    (S.CLAIMED, E.DEFER): S.DEFERRED,
    (S.CLAIMED, E.DOUBT): S.IN_DOUBT,
    (S.CLAIMED, E.FAIL): S.FAILED,
    (S.CLAIMED, E.BLOCK): S.BLOCKED,
    (S.CLAIMED, E.RELEASE): S.DEFERRED,
    (S.CLAIMED, E.RETURN): S.FAILED,
    (S.CLAIMED, E.WITHHOLD): S.BLOCKED,
    (S.DEFERRED, E.CLAIM): S.CLAIMED,
    (S.DEFERRED, E.RETRY): S.DEFERRED,
    (S.DEFERRED, E.WITHHOLD): S.BLOCKED,
    (S.IN_DOUBT, E.CLAIM): S.CLAIMED,
    (S.IN_DOUBT, E.RETRY): S.IN_DOUBT,
    (S.IN_DOUBT, E.RETURN): S.FAILED,
    (S.IN_DOUBT, E.WITHHOLD): S.BLOCKED,
    (S.DELIVERED, E.RETURN): S.FAILED,
    (S.FAILED, E.RETRY): S.DEFERRED,
}


def attempt(outcome: Outcome) -> Attempt:
    """Return an attempt with that outcome."""
    return Attempt(outcome=outcome, reply="")


def follow(
    outcomes: st.DataObject | None = None, *, urgent: bool = False
) -> list[tuple[Instant, Next]]:
    """Try at each due time until a delivery ends; return when each attempt was and what followed.

    The outcomes are drawn from those after which a delivery goes on; without a source all are
    "not now".
    """
    tried: list[tuple[Instant, Next]] = []
    now, doubts = START, 0
    while not tried or tried[-1][1].event is not E.FAIL:
        outcome = outcomes.draw(st.sampled_from(AGAIN)) if outcomes else Outcome.NOT_NOW
        doubts += outcome is Outcome.IN_DOUBT
        then = after(
            attempt(outcome),
            attempts=len(tried) + 1,
            doubts=doubts,
            first_at=START,
            now=now,
            urgent=urgent,
        )
        tried.append((now, then))
        now = then.due_at
        assert len(tried) < 1000
    return tried


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("state", S)
def test_each_state_knows_its_events_and_no_others(
    state: DeliveryState, event: DeliveryEvent
) -> None:
    expected = EXPECTED.get((state, event))
    if expected is not None:
        assert expected is move(state, event)
        return
    with pytest.raises(ValueError, match=f"^a {state} delivery does not know '{event}'$"):
        move(state, event)


def test_the_table_is_for_every_state() -> None:
    assert set(S) == set(TRANSITIONS)


def test_what_is_claimed_and_what_rests() -> None:
    assert {S.SEALED, S.DEFERRED, S.IN_DOUBT} == CLAIMABLE
    assert {S.DELIVERED, S.FAILED, S.BLOCKED} == FINAL


def test_no_worker_moves_a_delivery_out_of_a_final_state() -> None:
    """A person has one tried again; of one that was delivered a bounce may say otherwise."""
    for state in FINAL - {S.DELIVERED}:
        assert set(TRANSITIONS[state]) <= {E.RETRY}
    assert {E.RETURN: S.FAILED} == TRANSITIONS[S.DELIVERED]


def test_every_delivery_can_come_to_an_end() -> None:
    """From each state some sequence of events leads to one that is final."""
    ends = set(FINAL)
    for _ in S:
        ends |= {state for state in S if ends & set(TRANSITIONS[state].values())}
    assert set(S) == ends


@given(attempts=st.integers(1, 500), doubts=st.integers(0, 500), age=st.integers(-DAY, 10 * DAY))
def test_what_was_taken_is_delivered_and_what_was_refused_fails(
    attempts: int, doubts: int, age: int
) -> None:
    """However late it is and however much went before."""
    now = later(START, age)
    for outcome, event in ((Outcome.DELIVERED, E.DELIVER), (Outcome.REFUSED, E.FAIL)):
        then = after(attempt(outcome), attempts=attempts, doubts=doubts, first_at=START, now=now)
        assert Next(event=event, due_at=now) == then


@given(
    outcome=st.sampled_from(AGAIN),
    attempts=st.integers(1, 500),
    doubts=st.integers(0, 500),
    age=st.integers(-DAY, 10 * DAY),
)
def test_a_temporary_reply_never_gives_up_early_and_always_late(
    outcome: Outcome, attempts: int, doubts: int, age: int
) -> None:
    """Five days are the border, to the microsecond; a waiting time is never over an hour."""
    now = later(START, age)
    then = after(attempt(outcome), attempts=attempts, doubts=doubts, first_at=START, now=now)
    assert (age >= 5 * DAY) == (then.event is E.FAIL)
    assert now <= then.due_at <= now + HOUR
    assert then.event in TRANSITIONS[S.CLAIMED]


def test_the_border_of_five_days() -> None:
    assert 5 * DAY == GIVE_UP_AFTER
    for age, event in ((5 * DAY - 1, E.DEFER), (5 * DAY, E.FAIL)):
        then = after(
            attempt(Outcome.NOT_NOW),
            attempts=100,
            doubts=0,
            first_at=START,
            now=later(START, age),
        )
        assert event is then.event


def test_the_schedule_is_the_designed_one() -> None:
    """1, 5, 15, 30, 60 minutes, then every hour, and a last attempt when five days are over."""
    tried = follow()
    waits = [late - early for (early, _), (late, _) in pairwise(tried)]
    assert [1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE] == waits[:5]
    assert {HOUR} == set(waits[5:])
    assert 5 * DAY <= tried[-1][0] - START < 5 * DAY + HOUR


def test_what_is_urgent_is_tried_more_often_at_first_and_given_up_no_sooner() -> None:
    """10 and 30 seconds, 1, 2 and 5 minutes, then 15, 30, 60 and every hour for five days."""
    tried = follow(urgent=True)
    waits = [late - early for (early, _), (late, _) in pairwise(tried)]
    seconds = [10, 30, 60, 120, 300, 900, 1800, 3600]
    assert [each * SECOND for each in seconds] == waits[: len(seconds)]
    assert {HOUR} == set(waits[len(seconds) :])
    assert 5 * DAY <= tried[-1][0] - START < 5 * DAY + HOUR


@tries(30)
@given(outcomes=st.data(), urgent=st.booleans())
def test_whatever_the_temporary_replies_it_ends_after_five_days(
    outcomes: st.DataObject,
    urgent: bool,
) -> None:
    """With doubts among them as well: each mail is tried to the end, and then fails visibly."""
    tried = follow(outcomes, urgent=urgent)
    assert 5 * DAY <= tried[-1][0] - START < 5 * DAY + HOUR
    assert 1 >= [then.event for _, then in tried].count(E.DOUBT)


def test_in_doubt_it_goes_once_more_at_once_and_then_by_the_schedule() -> None:
    first = after(attempt(Outcome.IN_DOUBT), attempts=1, doubts=1, first_at=START, now=START)
    assert Next(event=E.DOUBT, due_at=START) == first
    second = after(attempt(Outcome.IN_DOUBT), attempts=2, doubts=2, first_at=START, now=START)
    assert Next(event=E.DEFER, due_at=later(START, 5 * MINUTE)) == second


def test_without_an_attempt_nothing_follows() -> None:
    with pytest.raises(ValueError, match="after one"):
        after(attempt(Outcome.NOT_NOW), attempts=0, doubts=0, first_at=START, now=START)
