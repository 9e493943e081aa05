"""What is measured of issues: spans from milestone to milestone, and the ages of what is open."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant, later
from gatekeeper.domain.process import Fact, IssueState
from gatekeeper.domain.statistics import (
    AGES,
    EVENTS,
    FACTS,
    SPANS,
    Life,
    Measured,
    Milestone,
    measured,
    reported_between,
    said,
)

START = Instant(1_788_436_800_000_000)
BY_NAME = {span.name: span for span in SPANS}
INSTANTS = st.integers(min_value=0, max_value=400 * DAY).map(lambda n: later(START, n))


def life(
    state: IssueState = IssueState.ACCEPTED,
    at: Mapping[Milestone, int] | None = None,
    *,
    reported: Instant = START,
) -> Life:
    """Return an issue that reached milestones so long after its report."""
    reached = {each: later(reported, after) for each, after in (at or {}).items()}
    return Life(
        issue="SEC-2026-0001",
        state=state,
        track=None,
        severity=None,
        at={Milestone.REPORTED: reported, **reached},
    )


LIVES = st.builds(
    lambda state, reported, at: life(state, at, reported=reported),
    st.sampled_from(list(IssueState)),
    INSTANTS,
    st.dictionaries(
        st.sampled_from([each for each in Milestone if each is not Milestone.REPORTED]),
        st.integers(min_value=0, max_value=300 * DAY),
    ),
)


def test_the_two_spans_of_vulnerability() -> None:
    """The fix first, and the fix a week after everybody knew (T-3)."""
    good = life(IssueState.DISCLOSED, {Milestone.FIX_READY: 5 * DAY, Milestone.PUBLIC: 21 * DAY})
    late = life(IssueState.DISCLOSED, {Milestone.PUBLIC: 21 * DAY, Milestone.FIX_READY: 28 * DAY})
    private, public = BY_NAME["privately_vulnerable"], BY_NAME["publicly_vulnerable"]
    assert (21 * DAY, 0) == (private.of(good), public.of(good))
    assert (21 * DAY, 7 * DAY) == (private.of(late), public.of(late))


def test_what_is_public_without_a_fix_goes_on() -> None:
    bare = life(IssueState.DISCLOSED, {Milestone.PUBLIC: DAY})
    assert later(START, DAY) == BY_NAME["publicly_vulnerable"].runs_since(bare)
    assert START == BY_NAME["fix"].runs_since(bare)
    assert BY_NAME["answer"].runs_since(bare) is None, "nobody waits for an answer any more"


@pytest.mark.parametrize("state", [IssueState.REJECTED, IssueState.HANDED_OVER])
def test_what_is_no_matter_of_ours_runs_no_longer(state: IssueState) -> None:
    assert not any(span.runs_since(life(state)) for span in SPANS)


def test_medians_and_most_are_of_real_issues() -> None:
    answered = [life(at={Milestone.ANSWERED: n * HOUR}) for n in range(1, 11)]
    waiting = [life(), life(reported=later(START, -DAY))]
    found = {m.span.name: m for m in measured([*answered, *waiting], later(START, DAY)).spans}
    expected = Measured(
        span=BY_NAME["answer"],
        count=10,
        median=5 * HOUR,
        most=9 * HOUR,
        longest=10 * HOUR,
        running=2,
        oldest=2 * DAY,
    )
    assert expected == found["answer"]


def test_open_issues_by_their_age() -> None:
    ages = [0, 7 * DAY - 1, 7 * DAY, 30 * DAY, 89 * DAY, 90 * DAY, 500 * DAY]
    lives = [life(reported=later(START, -age)) for age in ages]
    closed = life(IssueState.REJECTED, reported=later(START, -DAY))
    found = measured([*lives, closed], START)
    assert [2, 1, 2, 2] == list(found.open_by_age.values())
    assert [name for name, _ in AGES] == list(found.open_by_age)
    assert (8, 1) == (found.issues, found.states[IssueState.REJECTED])


def test_of_no_issue_there_is_nothing_to_say() -> None:
    found = measured([], START)
    assert 0 == found.issues
    assert all(m.count == m.running == 0 and m.median is m.oldest is None for m in found.spans)


def test_from_one_day_on_and_before_another() -> None:
    lives = [life(reported=later(START, n * DAY)) for n in range(4)]
    assert tuple(lives[1:3]) == reported_between(lives, later(START, DAY), later(START, 3 * DAY))
    assert tuple(lives) == reported_between(lives, None, None)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (None, "-"),
        (0, "under 1 min"),
        (59 * SECOND, "under 1 min"),
        (MINUTE, "1 min"),
        (HOUR + 5 * MINUTE, "1 h 5 min"),
        (2 * DAY + 4 * HOUR + MINUTE, "2 d 4 h"),
        (3 * DAY + 5 * MINUTE, "3 d"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(span: int | None, text: str) -> None:
    assert text == said(span)


def test_a_life_begins_with_a_report() -> None:
    with pytest.raises(ValueError, match="begins with its report"):
        Life(issue="SEC-2026-0001", state=IssueState.REPORTED, track=None, severity=None, at={})


def test_every_milestone_can_be_reached() -> None:
    reached = {each for milestones in EVENTS.values() for each in milestones}
    assert set(Milestone) == reached | set(FACTS.values())
    assert Fact.EXPLOITED not in FACTS


@given(lives=st.lists(LIVES, max_size=12), now=INSTANTS)
def test_any_lives_are_measured(lives: list[Life], now: Instant) -> None:
    """Nothing is negative, parts add up, and each issue counts in a span at most once."""
    found = measured(lives, now)
    assert len(lives) == found.issues == sum(found.states.values())
    assert sum(life.state.is_open for life in lives) == sum(found.open_by_age.values())
    for each in found.spans:
        assert each.count + each.running <= len(lives)
        if each.median is not None and each.most is not None and each.longest is not None:
            assert 0 <= each.median <= each.most <= each.longest
        assert (each.oldest is None) == (each.running == 0)
        assert each.oldest is None or each.oldest >= 0
