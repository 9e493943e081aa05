"""Clocks run from their own event, the earliest cap wins, and at it something always happens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.clock_rules import AtCap, Cap, Running, caps, days_over, due, own, started
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.process_policy import EMBARGO, CapAction, StartEvent
from tests.domain.date_samples import DATE, REPORTED, at, days_after


def a_cap(action: CapAction) -> Cap:
    """Return a cap at the date."""
    return Cap(clock="some", instant=DATE, last=DATE, action=action)


@pytest.mark.parametrize("event", list(StartEvent))
def test_a_clock_runs_only_from_its_own_event(event: StartEvent) -> None:
    found = started(EMBARGO, event, REPORTED)
    assert {each.name for each in EMBARGO.all_clocks if each.start is event} == {
        each.rule.name for each in found
    }


def test_the_earliest_cap_is_first_and_knows_the_last_day_under_it() -> None:
    posted = started(EMBARGO, StartEvent.DISTROS_POSTED, at("2026-11-14T08:00"))
    found = caps((own(REPORTED, EMBARGO), *posted), EMBARGO)
    assert ["linux-distros", "policy"] == [each.clock for each in found]
    assert (at("2026-11-28"), at("2026-11-27")) == (found[0].instant, found[0].last)


@given(
    st.sampled_from(list(CapAction)),
    st.integers(-3 * DAY, 100 * DAY),
    st.booleans(),
)
def test_at_a_cap_something_happens_and_only_what_is_approved_is_published(
    action: CapAction, after: int, frozen: bool
) -> None:
    found = due(a_cap(action), now=later(DATE, after), frozen=frozen)
    assert (after < 0) == (found is AtCap.NOTHING)
    assert (found is AtCap.PUBLISH) == (after >= 0 and frozen and action is CapAction.PUBLISH)


@pytest.mark.parametrize(("after", "days"), [(-1, 0), (0, 0), (DAY - 1, 0), (DAY, 1), (9 * DAY, 9)])
def test_days_over_a_cap_are_whole_days(after: int, days: int) -> None:
    assert days == days_over(a_cap(CapAction.ESCALATE), later(DATE, after))


def test_the_action_is_policys() -> None:
    publishes = replace(EMBARGO, cap_action=CapAction.PUBLISH)
    running = (Running(rule=publishes.own_clock, started_at=REPORTED),)
    (found,) = caps(running, publishes)
    assert (CapAction.PUBLISH, days_after(at("2026-11-05"), 90)) == (
        found.action,
        Instant(found.instant),
    )
