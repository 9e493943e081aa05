"""A proposed timeline falls on working days, on the hour, and keeps the lead."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.calendar import Calendar
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, from_datetime, to_datetime
from gatekeeper.domain.process_policy import Counted, EmbargoPolicy, Roll
from gatekeeper.domain.timeline import Timeline, found_with_tools, proposed
from tests.sampling import tries

SATURDAY = 5
AGES = 36_000 * DAY
"""A cap that no timeline of these tests reaches."""


def at(text: str) -> Instant:
    """Return the instant written as ISO 8601 in UTC."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def shown(timeline: Timeline) -> tuple[str, str]:
    """Return both instants as ISO 8601 in UTC, to the minute."""
    both = (timeline.predisclosure, timeline.public)
    first, second = (to_datetime(one).isoformat(timespec="minutes")[:16] for one in both)
    return first, second


days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
calendars = st.builds(
    Calendar,
    at=st.integers(0, 24 * 60 - 1).map(lambda minutes: minutes * MINUTE),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(days, max_size=60),
)
policies = st.builds(
    EmbargoPolicy,
    predisclosure_days=st.integers(1, 12),
    public_days=st.integers(1, 25),
    calendar=calendars,
    minimum_lead=st.integers(0, 40 * DAY),
    max_embargo=st.just(AGES),
)
received = st.builds(
    lambda day, rest: Instant(at(day.isoformat()) + rest), days, st.integers(0, DAY - 1)
)


def test_the_default_is_one_working_week_and_two_more() -> None:
    """R-1's own example, from the first to the last microsecond of its day."""
    for instant in (at("2026-09-03"), at("2026-09-03T09:41"), Instant(at("2026-09-04") - 1)):
        timeline = proposed(instant, EmbargoPolicy())
        assert ("2026-09-10T12:00", "2026-09-24T12:00") == shown(timeline)


@pytest.mark.parametrize("day", ["2026-09-04", "2026-09-05", "2026-09-06"])
def test_a_report_on_a_weekend_counts_from_monday_on(day: str) -> None:
    """Friday's, Saturday's and Sunday's have the same first working day after them."""
    timeline = proposed(at(day), EmbargoPolicy())
    assert ("2026-09-11T12:00", "2026-09-25T12:00") == shown(timeline)


def test_holidays_are_not_counted() -> None:
    calendar = Calendar(holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}))
    policy = EmbargoPolicy(calendar=calendar)
    timeline = proposed(at("2026-12-18"), policy)
    assert ("2026-12-28T12:00", "2027-01-12T12:00") == shown(timeline)


def test_other_weekdays_and_another_hour() -> None:
    """Only on Tuesdays, at 15:30."""
    calendar = Calendar(at=15 * HOUR + 30 * MINUTE, weekdays=frozenset({1}))
    policy = EmbargoPolicy(predisclosure_days=1, public_days=2, calendar=calendar)
    timeline = proposed(at("2026-09-01T23:00"), policy)
    assert ("2026-09-08T15:30", "2026-09-22T15:30") == shown(timeline)


def test_a_lead_that_would_not_be_kept_moves_the_disclosure_to_the_next_working_day() -> None:
    """Thursday and the Friday after are a day apart; two days later is a Saturday."""
    policy = EmbargoPolicy(predisclosure_days=5, public_days=1, minimum_lead=2 * DAY)
    timeline = proposed(at("2026-09-03"), policy)
    assert ("2026-09-10T12:00", "2026-09-14T12:00") == shown(timeline)


def test_every_day_of_a_year_leads_to_two_weekdays_and_the_spans_of_the_policy() -> None:
    """From a weekday the same weekday of the next week, from a weekend the Friday after it."""
    for number in range(366):
        day = date(2027, 12, 1) + timedelta(days=number)
        both = proposed(at(day.isoformat()), EmbargoPolicy())
        told, public = (to_datetime(one).date() for one in (both.predisclosure, both.public))
        weekend = day.weekday() >= SATURDAY
        assert timedelta(days=11 - day.weekday() if weekend else 7) == told - day, day
        assert timedelta(days=14) == public - told, day


@tries(600)
@given(instant=received, policy=policies)
def test_both_instants_are_working_days_on_the_hour_with_the_lead_between(
    instant: Instant, policy: EmbargoPolicy
) -> None:
    timeline = proposed(instant, policy)
    for one in (timeline.predisclosure, timeline.public):
        moment = to_datetime(one)
        assert moment.weekday() in policy.calendar.weekdays
        assert moment.date() not in policy.calendar.holidays
        assert policy.calendar.at == one % DAY
    assert policy.minimum_lead <= timeline.public - timeline.predisclosure
    assert instant < timeline.predisclosure < timeline.public


@tries(600)
@given(instant=received, policy=policies)
def test_no_working_day_is_skipped_without_need(instant: Instant, policy: EmbargoPolicy) -> None:
    """The days between are counted again by hand: exactly the policy's, but for the lead."""
    timeline, weekdays = proposed(instant, policy), policy.calendar.weekdays

    def between(first: Instant, last: Instant) -> int:
        start, end = to_datetime(first).date(), to_datetime(last).date()
        span = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
        return sum(
            day.weekday() in weekdays and day not in policy.calendar.holidays for day in span
        )

    assert policy.predisclosure_days == between(instant, timeline.predisclosure)
    counted = between(timeline.predisclosure, timeline.public)
    assert policy.public_days <= counted
    if counted > policy.public_days:
        before = Instant(timeline.public - DAY)
        while not policy.calendar.works_on(to_datetime(before).date()):
            before = Instant(before - DAY)
        assert before - timeline.predisclosure < policy.minimum_lead


@given(instant=received, later=st.integers(0, 40 * DAY), policy=policies)
def test_a_later_report_has_no_earlier_timeline(
    instant: Instant, later: int, policy: EmbargoPolicy
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


def test_days_of_the_calendar_count_whatever_they_are() -> None:
    """Seven days after a Thursday is a Thursday; nine is a Saturday, so that Monday is proposed."""
    policy = EmbargoPolicy(predisclosure_days=7, public_days=9, counted=Counted.CALENDAR)
    assert ("2026-09-10T12:00", "2026-09-21T12:00") == shown(proposed(at("2026-09-03"), policy))


def test_no_timeline_is_proposed_beyond_the_cap() -> None:
    """Christmas would move it there: the list is told earlier, so that the lead stays."""
    holidays = frozenset(date(2026, 12, 21) + timedelta(days=n) for n in range(14))
    policy = EmbargoPolicy(
        predisclosure_days=5,
        public_days=5,
        minimum_lead=3 * DAY,
        tools_span=10 * DAY,
        max_embargo=10 * DAY,
        calendar=Calendar(holidays=holidays),
    )
    assert ("2026-12-15T12:00", "2026-12-18T12:00") == shown(proposed(at("2026-12-10"), policy))


@pytest.mark.parametrize(
    ("roll", "public"), [(Roll.NONE, "2026-10-16T12:00"), (Roll.FORWARD, "2026-10-19T12:00")]
)
def test_a_cap_on_a_sunday_ends_before_it_or_rolls(roll: Roll, public: str) -> None:
    """S-4: 45 days after Thu 2026-09-03 is Sun 2026-10-18."""
    policy = EmbargoPolicy(
        predisclosure_days=1,
        public_days=44,
        counted=Counted.CALENDAR,
        max_embargo=45 * DAY,
        roll=roll,
    )
    assert ("2026-09-04T12:00", public) == shown(proposed(at("2026-09-03"), policy))


def test_a_calendar_without_room_before_the_cap_keeps_its_order() -> None:
    """Nobody works for a year: the cap escalates, and the proposal is still one."""
    holidays = frozenset(date(2026, 9, 4) + timedelta(days=n) for n in range(365))
    policy = EmbargoPolicy(calendar=Calendar(holidays=holidays))
    assert ("2027-09-10T12:00", "2027-09-24T12:00") == shown(proposed(at("2026-09-03"), policy))


def test_what_tools_find_is_public_sooner() -> None:
    """Two weeks after the report instead of three, and the list is told the day after it."""
    timeline = found_with_tools(at("2026-09-03T09:41"), EmbargoPolicy())
    assert ("2026-09-04T12:00", "2026-09-16T12:00") == shown(timeline)


def test_what_tools_find_keeps_the_lead() -> None:
    policy = EmbargoPolicy(tools_span=DAY)
    assert ("2026-09-04T12:00", "2026-09-09T12:00") == shown(
        found_with_tools(at("2026-09-03T09:41"), policy)
    )


@tries(600)
@given(instant=received, policy=policies)
def test_what_tools_find_is_never_proposed_later(instant: Instant, policy: EmbargoPolicy) -> None:
    usual, sooner = proposed(instant, policy), found_with_tools(instant, policy)
    assert usual.predisclosure >= sooner.predisclosure > instant
    assert usual.public >= sooner.public
    assert policy.calendar.allows(sooner.predisclosure)
    assert policy.calendar.allows(sooner.public)
    assert policy.minimum_lead <= sooner.public - sooner.predisclosure


capped = st.builds(
    EmbargoPolicy,
    predisclosure_days=st.integers(1, 12),
    public_days=st.integers(1, 25),
    counted=st.sampled_from(Counted),
    calendar=calendars,
    minimum_lead=st.integers(0, 10 * DAY),
    max_embargo=st.integers(37, 60).map(lambda days: days * DAY),
    roll=st.sampled_from(Roll),
)


@tries(600)
@given(instant=received, policy=capped)
def test_the_cap_holds_wherever_the_calendar_has_room_for_it(
    instant: Instant, policy: EmbargoPolicy
) -> None:
    """Room is an allowed day after the report's that leaves the lead before the last one."""
    timeline = proposed(instant, policy)
    cap = policy.own_clock.cap(instant, policy.calendar)
    last = policy.calendar.previous_allowed(cap)
    first = policy.calendar.on(policy.calendar.after(to_datetime(instant).date(), 1))
    if last - first >= max(policy.minimum_lead, MINUTE):
        assert timeline.public <= last
    assert policy.minimum_lead <= timeline.public - timeline.predisclosure
    assert policy.calendar.allows(timeline.predisclosure)
    assert policy.calendar.allows(timeline.public)
    assert instant < timeline.predisclosure
