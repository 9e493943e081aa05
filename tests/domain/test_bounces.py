"""What came back means one thing, and counts against its recipient as documented."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.bounces import (
    Action,
    Counted,
    Fate,
    Meaning,
    News,
    Score,
    Signs,
    Status,
    counted,
    is_news,
    meaning,
    standing,
)
from gatekeeper.domain.instants import DAY, HOUR, Instant, later
from gatekeeper.domain.policy import BouncePolicy
from tests.sampling import tries

POLICY = BouncePolicy()
NOON = Instant(20_000 * DAY + 12 * HOUR)
ROBOT = Signs(nobody=True)


def fate(action: Action | None = Action.FAILED, code: str = "") -> Fate:
    """Return a fate with a status written as usual, none without one."""
    parts = [int(part) for part in code.split(".")] if code else []
    status = Status(kind=parts[0], subject=parts[1], detail=parts[2]) if parts else None
    return Fate(action=action, status=status)


MEANINGS = {
    "5.1.1": Meaning.PERMANENT,
    "5.1.2": Meaning.PERMANENT,
    "5.1.6": Meaning.PERMANENT,
    "5.1.10": Meaning.PERMANENT,
    "5.2.1": Meaning.PERMANENT,
    "5.7.17": Meaning.PERMANENT,
    "5.7.18": Meaning.PERMANENT,
    "5.1.7": Meaning.REFUSED,
    "5.1.8": Meaning.REFUSED,
    "5.2.3": Meaning.REFUSED,
    "5.3.4": Meaning.REFUSED,
    "5.5.2": Meaning.REFUSED,
    "5.6.1": Meaning.REFUSED,
    "5.7.1": Meaning.REFUSED,
    "5.7.26": Meaning.REFUSED,
    "5.2.0": Meaning.TEMPORARY,
    "5.2.2": Meaning.TEMPORARY,
    "5.3.0": Meaning.TEMPORARY,
    "5.4.6": Meaning.TEMPORARY,
    "5.0.0": Meaning.TEMPORARY,
    "5.99.1": Meaning.TEMPORARY,
    "4.4.7": Meaning.TEMPORARY,
    "4.1.1": Meaning.TEMPORARY,
    "2.0.0": Meaning.UNKNOWN,
}


@pytest.mark.parametrize("code", MEANINGS)
def test_what_failed_means_by_its_status(code: str) -> None:
    """The address, the mail or us, or what may pass; whatever failed is over."""
    found = meaning([fate(code=code)], ROBOT)
    assert MEANINGS[code] is found
    assert (code[0] != "2") is found.is_over


@pytest.mark.parametrize("action", [Action.DELIVERED, Action.RELAYED, Action.EXPANDED])
@pytest.mark.parametrize("code", ["", "2.1.5", "5.1.1"])
def test_what_arrived_counts_against_nobody(action: Action, code: str) -> None:
    found = meaning([fate(action, code)], ROBOT)
    assert (Meaning.ARRIVED, False) == (found, found.is_counted)


@pytest.mark.parametrize("code", ["", "4.4.1", "5.1.1"])
def test_a_delay_is_not_the_end_and_not_counted(code: str) -> None:
    found = meaning([fate(Action.DELAYED, code)], ROBOT)
    assert (Meaning.DELAYED, False, False) == (found, found.is_over, found.is_counted)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (fate(), Meaning.UNKNOWN),
        (fate(None), Meaning.UNKNOWN),
        (fate(None, "4.2.2"), Meaning.UNKNOWN),
        (fate(None, "5.1.1"), Meaning.PERMANENT),
    ],
)
def test_what_is_not_said_is_not_known(one: Fate, expected: Meaning) -> None:
    assert expected is meaning([one], ROBOT)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("5.1.1", "5.1.1"), Meaning.PERMANENT),
        (("5.1.1", "5.2.2"), Meaning.TEMPORARY),
        (("5.1.1", "5.7.1"), Meaning.REFUSED),
    ],
)
def test_one_copy_for_several_is_over_when_all_failed_and_then_by_the_mildest(
    codes: tuple[str, ...], expected: Meaning
) -> None:
    assert expected is meaning([fate(code=code) for code in codes], ROBOT)


def test_one_copy_for_several_of_whom_one_got_it_is_not_over() -> None:
    assert Meaning.UNKNOWN is meaning([fate(code="5.1.1"), fate(Action.DELIVERED)], ROBOT)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (Signs(nobody=True), Meaning.UNKNOWN),
        (Signs(nobody=False), Meaning.ANSWER),
        (Signs(nobody=True, automatic=True), Meaning.ANSWER),
        (Signs(nobody=True, disposition=True), Meaning.ANSWER),
    ],
)
def test_without_a_report_it_may_be_an_old_bounce_or_an_answer(
    signs: Signs, expected: Meaning
) -> None:
    found = meaning(None, signs)
    assert (expected, expected is Meaning.UNKNOWN) == (found, found.is_counted)
    assert not found.is_over


@pytest.mark.parametrize("parts", [(3, 1, 1), (5, -1, 1), (5, 1, 1000)])
def test_a_status_has_a_class_and_two_numbers(parts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="enhanced status"):
        Status(kind=parts[0], subject=parts[1], detail=parts[2])


def count(
    before: Score | None, what: Meaning, now: Instant = NOON, *, arrived: bool = False
) -> Counted:
    return counted(before, what, arrived=arrived, policy=POLICY, now=now)


@pytest.mark.parametrize(
    ("what", "points"), [(Meaning.PERMANENT, 2), (Meaning.TEMPORARY, 1), (Meaning.UNKNOWN, 1)]
)
def test_a_bounce_adds_its_points(what: Meaning, points: int) -> None:
    found = count(None, what)
    assert Counted(score=Score(points=points, counted_at=NOON), suspended=False) == found


def test_what_is_held_against_the_mail_or_us_adds_none() -> None:
    found = count(None, Meaning.REFUSED)
    assert 0 == found.score.points
    again = count(found.score, Meaning.PERMANENT, later(NOON, HOUR))
    assert 2 == again.score.points


@pytest.mark.parametrize("what", [Meaning.ANSWER, Meaning.ARRIVED, Meaning.DELAYED])
def test_what_is_no_bounce_is_not_counted(what: Meaning) -> None:
    with pytest.raises(ValueError, match="counts against nobody"):
        count(None, what)


def test_points_are_added_once_a_day() -> None:
    first = count(None, Meaning.PERMANENT)
    same = count(first.score, Meaning.PERMANENT, later(NOON, 11 * HOUR))
    assert 2 == same.score.points
    assert 4 == count(same.score, Meaning.PERMANENT, later(NOON, 12 * HOUR)).score.points


def test_at_the_limit_the_recipient_is_suspended_once() -> None:
    score: Score | None = None
    suspended = []
    for day in range(5):
        found = count(score, Meaning.PERMANENT, later(NOON, day * DAY))
        suspended.append(found.suspended)
        score = found.score
    assert [False, False, True, False, False] == suspended
    assert score is not None
    assert later(NOON, 2 * DAY) == score.suspended_at


@pytest.mark.parametrize(
    ("wait", "arrived", "first"),
    [
        (30 * DAY - 1, False, False),
        (30 * DAY, False, True),
        (DAY, True, True),
    ],
)
def test_time_and_success_begin_it_anew(wait: int, arrived: bool, first: bool) -> None:
    before = Score(points=6, counted_at=NOON, suspended_at=NOON)
    now = later(NOON, wait)
    assert first is not standing(before, arrived=arrived, policy=POLICY, now=now)
    found = count(before, Meaning.TEMPORARY, now, arrived=arrived)
    assert (1 if first else 7) == found.score.points
    assert (None if first else NOON) == found.score.suspended_at


def test_nothing_stands_without_a_score() -> None:
    assert not standing(None, arrived=False, policy=POLICY, now=NOON)


def test_a_score_is_not_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        Score(points=-1, counted_at=NOON)


@tries(200)
@given(
    days=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(sorted(Meaning))), max_size=30),
)
def test_points_never_rise_faster_than_the_days(days: list[tuple[int, Meaning]]) -> None:
    """However many bounces come: a flood of them within a day is as one."""
    score: Score | None = None
    now = NOON
    seen = set()
    for step, what in days:
        now = later(now, step * HOUR)
        if not what.is_counted:
            continue
        seen.add(now // DAY)
        score = count(score, what, now).score
        assert score.points <= POLICY.permanent * len(seen)
        assert (score.points >= POLICY.limit) is (score.suspended_at is not None)


@pytest.mark.parametrize(
    "numbers",
    [
        {"temporary": 0},
        {"temporary": 3},
        {"limit": 1},
        {"forget_after": HOUR},
        {"settled_after": HOUR},
    ],
)
def test_numbers_that_make_no_sense_are_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"at least|once a day"):
        replace(POLICY, **numbers)


@pytest.mark.parametrize(
    ("what", "told", "news"),
    [
        (News.DOUBTFUL, (), True),
        (News.DOUBTFUL, (News.DOUBTFUL,), False),
        (News.DOUBTFUL, (News.FAILED,), False),
        (News.FAILED, (), True),
        (News.FAILED, (News.DOUBTFUL,), True),
        (News.FAILED, (News.DOUBTFUL, News.FAILED), False),
    ],
)
def test_what_is_doubtful_does_not_stand_for_what_failed(
    what: News, told: tuple[News, ...], news: bool
) -> None:
    assert news is is_news(what, told)
