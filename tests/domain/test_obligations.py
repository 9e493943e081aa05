"""Deadlines of reports to authorities, and when people are reminded of them."""

from gatekeeper.domain.instants import DAY, HOUR, Instant, later
from gatekeeper.domain.obligations import Deadline, deadlines
from gatekeeper.domain.process_policy import REMINDERS

KNOWN = Instant(1_788_436_800_000_000)


def test_a_day_three_days_and_two_weeks() -> None:
    expected = (
        Deadline(name="early warning", at=later(KNOWN, DAY), remind_at=later(KNOWN, 18 * HOUR)),
        Deadline(name="notification", at=later(KNOWN, 3 * DAY), remind_at=later(KNOWN, 54 * HOUR)),
        Deadline(name="final report", at=later(KNOWN, 14 * DAY), remind_at=later(KNOWN, 13 * DAY)),
    )
    assert expected == deadlines(KNOWN, REMINDERS.obligations)


def test_others_may_have_fewer_or_more() -> None:
    assert () == deadlines(KNOWN, ())
    spans = [n * DAY for n in range(1, 5)]
    assert ["early warning", "notification", "final report", "final report"] == [
        each.name for each in deadlines(KNOWN, spans)
    ]
