"""A proposed timeline falls on working days, on the hour, and keeps the lead."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, from_datetime, to_datetime
from gatekeeper.domain.policy import TimelinePolicy
from gatekeeper.domain.timeline import Timeline, proposed
from tests.sampling import tries

MONDAY, SATURDAY = 0, 5


def at(text: str) -> Instant:
    """Return the instant written as ISO 8601 in UTC."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def shown(timeline: Timeline) -> tuple[str, str]:
    """Return both instants as ISO 8601 in UTC, to the minute."""
    both = (timeline.predisclosure, timeline.public)
    first, second = (to_datetime(one).isoformat(timespec="minutes")[:16] for one in both)
    return first, second


days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
policies = st.builds(
    TimelinePolicy,
    predisclosure_days=st.integers(1, 12),
    public_days=st.integers(1, 25),
    at=st.integers(0, 24 * 60 - 1).map(lambda minutes: minutes * MINUTE),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(days, max_size=60),
    minimum_lead=st.integers(0, 40 * DAY),
)
received = st.builds(
    lambda day, rest: Instant(at(day.isoformat()) + rest), days, st.integers(0, DAY - 1)
)


def test_the_default_is_one_working_week_and_two_more() -> None:
    """R-1's own example, from the first to the last microsecond of its day."""
    for instant in (at("2026-09-03"), at("2026-09-03T09:41"), Instant(at("2026-09-04") - 1)):
        timeline = proposed(instant, TimelinePolicy())
        assert ("2026-09-10T12:00", "2026-09-24T12:00") == shown(timeline)


@pytest.mark.parametrize("day", ["2026-09-04", "2026-09-05", "2026-09-06"])
def test_a_report_on_a_weekend_counts_from_monday_on(day: str) -> None:
    """Friday's, Saturday's and Sunday's have the same first working day after them."""
    timeline = proposed(at(day), TimelinePolicy())
    assert ("2026-09-11T12:00", "2026-09-25T12:00") == shown(timeline)


def test_holidays_are_not_counted() -> None:
    policy = TimelinePolicy(holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}))
    timeline = proposed(at("2026-12-18"), policy)
    assert ("2026-12-28T12:00", "2027-01-12T12:00") == shown(timeline)


def test_other_weekdays_and_another_hour() -> None:
    """Only on Tuesdays, at 15:30."""
    policy = TimelinePolicy(
        predisclosure_days=1,
        public_days=2,
        at=15 * HOUR + 30 * MINUTE,
        weekdays=frozenset({1}),
    )
    timeline = proposed(at("2026-09-01T23:00"), policy)
    assert ("2026-09-08T15:30", "2026-09-22T15:30") == shown(timeline)


def test_a_lead_that_would_not_be_kept_moves_the_disclosure_to_the_next_working_day() -> None:
    """Thursday and the Friday after are a day apart; two days later is a Saturday."""
    policy = TimelinePolicy(predisclosure_days=5, public_days=1, minimum_lead=2 * DAY)
    timeline = proposed(at("2026-09-03"), policy)
    assert ("2026-09-10T12:00", "2026-09-14T12:00") == shown(timeline)


def test_every_day_of_a_year_leads_to_two_weekdays_and_the_spans_of_the_policy() -> None:
    """From a weekday the same weekday of the next week, from a weekend the Friday after it."""
    for number in range(366):
        day = date(2027, 12, 1) + timedelta(days=number)
        both = proposed(at(day.isoformat()), TimelinePolicy())
        told, public = (to_datetime(one).date() for one in (both.predisclosure, both.public))
        weekend = day.weekday() >= SATURDAY
        assert timedelta(days=11 - day.weekday() if weekend else 7) == told - day, day
        assert timedelta(days=14) == public - told, day


@tries(600)
@given(instant=received, policy=policies)
def test_both_instants_are_working_days_on_the_hour_with_the_lead_between(
    instant: Instant, policy: TimelinePolicy
) -> None:
    timeline = proposed(instant, policy)
    for one in (timeline.predisclosure, timeline.public):
        moment = to_datetime(one)
        assert moment.weekday() in policy.weekdays
        assert moment.date() not in policy.holidays
        assert policy.at == one % DAY
    assert policy.minimum_lead <= timeline.public - timeline.predisclosure
    assert instant < timeline.predisclosure < timeline.public


@tries(600)
@given(instant=received, policy=policies)
def test_no_working_day_is_skipped_without_need(instant: Instant, policy: TimelinePolicy) -> None:
    """The days between are counted again by hand: exactly the policy's, but for the lead."""
    timeline = proposed(instant, policy)

    def between(first: Instant, last: Instant) -> int:
        start, end = to_datetime(first).date(), to_datetime(last).date()
        span = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
        return sum(day.weekday() in policy.weekdays and day not in policy.holidays for day in span)

    assert policy.predisclosure_days == between(instant, timeline.predisclosure)
    counted = between(timeline.predisclosure, timeline.public)
    assert policy.public_days <= counted
    if counted > policy.public_days:
        before = Instant(timeline.public - DAY)
        while not policy.works_on(to_datetime(before).date()):
            before = Instant(before - DAY)
        assert before - timeline.predisclosure < policy.minimum_lead


@given(instant=received, later=st.integers(0, 40 * DAY), policy=policies)
def test_a_later_report_has_no_earlier_timeline(
    instant: Instant, later: int, policy: TimelinePolicy
) -> None:
    first, second = proposed(instant, policy), proposed(Instant(instant + later), policy)
    assert first.predisclosure <= second.predisclosure
    assert first.public <= second.public


@pytest.mark.parametrize(
    ("predisclosure", "public"),
    [
        ("2026-09-10T12:00", "2026-09-10T12:00"),
        ("2026-09-24T12:00", "2026-09-10T12:00"),
        ("2026-09-10T12:00:30", "2026-09-24T12:00"),
        ("2026-09-10T12:00", "2026-09-24T12:00:30"),
    ],
)
def test_a_timeline_that_could_not_be_shown_is_refused(predisclosure: str, public: str) -> None:
    with pytest.raises(ValueError, match=r"before the disclosure|whole minutes"):
        Timeline(predisclosure=at(predisclosure), public=at(public))


@pytest.mark.parametrize(
    "wrong",
    [
        {"predisclosure_days": 0},
        {"public_days": 0},
        {"at": -MINUTE},
        {"at": DAY},
        {"at": 1},
        {"weekdays": frozenset()},
        {"weekdays": frozenset({MONDAY, 7})},
        {"minimum_lead": -1},
    ],
)
def test_a_calendar_without_a_timeline_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"timeline|time of day|lead"):
        TimelinePolicy(**wrong)  # type: ignore[arg-type]  # the weekdays are no number
