"""When a reporter is reminded, when silence binds, and when the reporter is owed a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.calendar import EVERY_WORKING_DAY, day_of
from gatekeeper.domain.instants import DAY, Instant, later, rfc3339
from gatekeeper.domain.process_policy import EMBARGO
from gatekeeper.domain.silence import Silent, silent, status_due, working_days_after

THURSDAY = Instant(1_788_436_800_000_000)  # Thu 2026-09-03T12:00:00Z


@pytest.mark.parametrize(
    ("days", "reminder"), [(0, 0), (3, 0), (4, 1), (6, 1), (7, 2), (9, 2), (10, 0), (100, 0)]
)
def test_two_reminders_in_ten_days_and_then_it_binds(days: int, reminder: int) -> None:
    found = silent(THURSDAY, None, EMBARGO, later(THURSDAY, days * DAY))
    binds_at = later(THURSDAY, 10 * DAY)
    assert Silent(reminder=reminder, binds=days >= 10, binds_at=binds_at) == found


def test_who_writes_is_not_silent() -> None:
    heard = later(THURSDAY, 3 * DAY)
    found = silent(THURSDAY, heard, EMBARGO, later(THURSDAY, 10 * DAY))
    assert (2, False) == (found.reminder, found.binds)
    assert silent(THURSDAY, heard, EMBARGO, later(THURSDAY, 13 * DAY)).binds
    before = silent(THURSDAY, later(THURSDAY, -DAY), EMBARGO, later(THURSDAY, 10 * DAY))
    assert before.binds, "what was written before the date was proposed is no answer to it"


@pytest.mark.parametrize(
    ("from_thursday", "days", "expected"),
    [
        (0, 1, "2026-09-04T12:00:00Z"),
        (1, 1, "2026-09-07T12:00:00Z"),
        (2, 1, "2026-09-07T12:00:00Z"),
        (3, 1, "2026-09-07T12:00:00Z"),
        (0, 5, "2026-09-10T12:00:00Z"),
    ],
)
def test_working_days(from_thursday: int, days: int, expected: str) -> None:
    begun = later(THURSDAY, from_thursday * DAY)
    assert expected == rfc3339(working_days_after(begun, days, EVERY_WORKING_DAY))
    assert expected == rfc3339(status_due(begun, days, EVERY_WORKING_DAY))


@given(
    after=st.integers(min_value=0, max_value=3000 * DAY),
    days=st.integers(min_value=1, max_value=60),
)
def test_it_ends_on_a_working_day_and_so_many_lie_between(after: int, days: int) -> None:
    begun = later(THURSDAY, after)
    end = working_days_after(begun, days, EVERY_WORKING_DAY)
    assert EVERY_WORKING_DAY.works_on(day_of(end))
    between = (end - begun) // DAY
    worked = sum(
        EVERY_WORKING_DAY.works_on(day_of(later(begun, n * DAY))) for n in range(1, between + 1)
    )
    assert days == worked
