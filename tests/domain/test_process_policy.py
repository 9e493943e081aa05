"""The numbers of the process hold together; clocks end where their projects say (S-4)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.calendar import Calendar, day_of
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, from_datetime, rfc3339
from gatekeeper.domain.process import Fact
from gatekeeper.domain.process_policy import (
    OWN_CLOCK,
    ApprovalPolicy,
    ClockRule,
    EmbargoPolicy,
    ReminderPolicy,
    Roll,
    StartEvent,
)
from tests.domain.test_calendar import calendars, instants
from tests.sampling import tries

REPORTED = from_datetime(datetime(2026, 9, 3, 9, 41, tzinfo=UTC))
MONDAY_TO_FRIDAY = Calendar()


def clock(days: int, *, hour: int | None = None, roll: Roll = Roll.NONE) -> ClockRule:
    """Return a clock of so many days since the report."""
    return ClockRule(name="some", start=StartEvent.REPORTED, span=days * DAY, hour=hour, roll=roll)


@pytest.mark.parametrize(
    ("rule", "cap"),
    [
        (clock(14), "2026-09-17T12:00:00Z"),
        (clock(45), "2026-10-18T12:00:00Z"),
        (clock(45, roll=Roll.FORWARD), "2026-10-19T12:00:00Z"),
        (clock(90, hour=15 * HOUR), "2026-12-02T15:00:00Z"),
    ],
)
def test_a_clock_ends_on_its_day_at_its_hour(rule: ClockRule, cap: str) -> None:
    """S-4: linux-distros, CERT/CC with and without its roll off Sunday, OpenStack."""
    assert cap == rfc3339(rule.cap(REPORTED, MONDAY_TO_FRIDAY))


def test_an_hour_of_its_own_is_kept_when_a_clock_rolls() -> None:
    calendar = Calendar(at=15 * HOUR)
    rule = clock(45, hour=12 * HOUR, roll=Roll.FORWARD)
    assert "2026-10-19T12:00:00Z" == rfc3339(rule.cap(REPORTED, calendar))


def test_a_clock_counts_days_over_a_leap_day_and_a_year_end() -> None:
    for day, cap in (("2028-02-20", "2028-03-05"), ("2026-12-24", "2027-01-07")):
        started = from_datetime(datetime.fromisoformat(f"{day}T23:59").replace(tzinfo=UTC))
        assert f"{cap}T12:00:00Z" == rfc3339(clock(14).cap(started, MONDAY_TO_FRIDAY))


@tries(300)
@given(started=instants, days=st.integers(1, 400), calendar=calendars, roll=st.sampled_from(Roll))
def test_a_cap_is_on_the_day_that_is_counted_or_rolls_off_a_weekend_only(
    started: Instant, days: int, calendar: Calendar, roll: Roll
) -> None:
    cap = clock(days, roll=roll).cap(started, calendar)
    counted = day_of(started) + timedelta(days=days)
    monday = counted + timedelta(days=7 - counted.weekday())
    rolls = roll is Roll.FORWARD and counted.weekday() >= 5
    assert calendar.on(monday if rolls else counted) == cap


def test_every_issue_has_the_policys_own_clock() -> None:
    policy = EmbargoPolicy(max_embargo=90 * DAY, roll=Roll.FORWARD)
    own = policy.clock(OWN_CLOCK)
    assert own is not None
    assert (StartEvent.REPORTED, 90 * DAY, Roll.FORWARD) == (own.start, own.span, own.roll)
    assert own == policy.all_clocks[0]
    assert ("linux-distros", "cert-cc") == tuple(one.name for one in policy.all_clocks[1:])
    assert policy.clock("nobodys") is None


def test_a_silent_reporter_is_reminded_evenly_before_the_date_binds() -> None:
    """R-2: two reminders in ten days."""
    first, second = EmbargoPolicy().reminded_after
    assert 0 < first < second < EmbargoPolicy().binds_after == 10 * DAY
    assert second - first == first == 10 * DAY // 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "policy name"},
        {"name": "A"},
        {"name": ""},
        {"span": 0},
        {"span": DAY + 1},
        {"hour": DAY},
        {"hour": MINUTE + 1},
    ],
)
def test_a_clock_that_never_or_nowhere_ends_is_refused(wrong: dict[str, Any]) -> None:
    sound: dict[str, Any] = {"name": "some", "start": StartEvent.REPORTED, "span": DAY}
    with pytest.raises(ValueError, match="clock"):
        ClockRule(**{**sound, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"predisclosure_days": 0},
        {"public_days": 0},
        {"minimum_lead": -1},
        {"tools_span": HOUR},
        {"max_embargo": 90 * DAY + 1},
        {"max_embargo": 14 * DAY},
        {"tools_span": 91 * DAY},
        {"minimum_lead": 91 * DAY},
        {"clocks": (clock(1), clock(2))},
        {"clocks": (ClockRule(name=OWN_CLOCK, start=StartEvent.REPORTED, span=DAY),)},
        {"reporter_reminders": 0},
        {"reminder_days": 1},
    ],
)
def test_dates_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"timeline|lead|embargo|clock|reminded"):
        EmbargoPolicy(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"people": 1}, {"expiry": MINUTE}, {"employer_share": 0}, {"employer_share": 101}],
)
def test_approvals_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"two people|an hour|percent"):
        ApprovalPolicy(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"unacknowledged_days": 0},
        {"status_days": 0},
        {"stale_high": MINUTE},
        {"escalate_after": 0},
        {"before_date": ()},
        {"before_date": (HOUR, DAY)},
        {"before_cap": (DAY, DAY)},
        {"obligations": (3 * DAY, DAY)},
        {"obligations": (MINUTE,)},
        {"daily_at": DAY},
    ],
)
def test_reminders_that_never_or_always_come_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"remind|obligations|daily"):
        ReminderPolicy(**wrong)


def test_nobody_need_have_obligations() -> None:
    assert () == ReminderPolicy(obligations=()).obligations


def test_what_starts_a_clock_is_the_report_or_a_fact() -> None:
    """Else nobody could ever say that it happened."""
    assert {str(event) for event in StartEvent} - {"reported"} <= {str(fact) for fact in Fact}
