"""Which reminders are due: each once, one stage at a time, and no storm after a long sleep."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.calendar import EVERY_WORKING_DAY
from gatekeeper.domain.clock_rules import Cap
from gatekeeper.domain.date_state import By, DateState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, later
from gatekeeper.domain.process import IssueState, Severity, Track
from gatekeeper.domain.process_policy import CapAction, ReminderPolicy
from gatekeeper.domain.reminders import ORDER, Audience, Reminder, Reminds
from gatekeeper.domain.reminding import Watched, due, waiting
from gatekeeper.domain.wishes import Standing

THURSDAY = Instant(1_788_436_800_000_000)  # Thu 2026-09-03T12:00:00Z
POLICY = ReminderPolicy()
DATE = later(THURSDAY, 21 * DAY)
CAP = Cap(clock="policy", instant=later(THURSDAY, 90 * DAY), last=DATE, action=CapAction.ESCALATE)

REPORTED = Watched(
    issue=RowId(bytes(16)),
    state=IssueState.REPORTED,
    track=None,
    severity=None,
    owner="",
    reported_at=THURSDAY,
    answered_at=None,
    active_at=THURSDAY,
    date=None,
)
ACCEPTED = replace(
    REPORTED, state=IssueState.ACCEPTED, track=Track.EMBARGO_ONLY, answered_at=THURSDAY
)


def dated(state: DateState = DateState.AGREED, *, since: Instant = THURSDAY) -> Standing:
    """Return DATE as it stands."""
    by = By.REPORTER if state is DateState.AGREED else None
    return Standing(instant=DATE, predisclosure=None, state=state, since=since, by=by)


def at(watched: Watched, now: Instant) -> list[Reminder]:
    """Return what is due of an issue."""
    return list(due(watched, POLICY, EVERY_WORKING_DAY, now))


def only(watched: Watched, reminds: Reminds, now: Instant) -> Reminder | None:
    """Return the one reminder of a kind that is due, None for none."""
    found = [each for each in at(watched, now) if each.reminds is reminds]
    assert len(found) <= 1
    return found[0] if found else None


def test_nothing_is_due_of_what_just_came() -> None:
    assert [] == at(REPORTED, THURSDAY)


@pytest.mark.parametrize(
    ("after", "audience"),
    [
        (DAY - 1, None),
        (DAY, Audience.OWNER),
        (3 * DAY - 1, Audience.OWNER),
        (3 * DAY, Audience.TEAM),
    ],
)
def test_a_report_that_nobody_answered(after: int, audience: Audience | None) -> None:
    found = only(REPORTED, Reminds.UNANSWERED, later(THURSDAY, after))
    assert audience == (found.audience if found else None)
    assert found is None or not found.urgent


def test_a_weekend_is_no_working_day() -> None:
    """A report of Saturday is due on Monday at the same hour."""
    saturday = replace(REPORTED, reported_at=later(THURSDAY, 2 * DAY))
    assert only(saturday, Reminds.UNANSWERED, later(THURSDAY, 4 * DAY - 1)) is None
    assert only(saturday, Reminds.UNANSWERED, later(THURSDAY, 4 * DAY)) is not None


def test_an_answer_ends_it_and_then_it_can_only_be_stale() -> None:
    answered = replace(REPORTED, answered_at=THURSDAY)
    assert [] == at(answered, later(THURSDAY, 3 * DAY - 1))
    (stale,) = at(answered, later(THURSDAY, 3 * DAY))
    assert (Reminds.STALE, Audience.OWNER) == (stale.reminds, stale.audience)


@pytest.mark.parametrize(
    ("severity", "span"),
    [
        (Severity.CRITICAL, POLICY.stale_critical),
        (Severity.HIGH, POLICY.stale_high),
        (Severity.MODERATE, POLICY.stale_moderate),
        (Severity.LOW, POLICY.stale_low),
        (None, POLICY.stale_unrated),
    ],
)
def test_how_still_an_issue_may_be_depends_on_its_severity(
    severity: Severity | None, span: int
) -> None:
    still = replace(ACCEPTED, severity=severity)
    assert only(still, Reminds.STALE, later(THURSDAY, span - 1)) is None
    found = only(still, Reminds.STALE, later(THURSDAY, span))
    assert found is not None
    assert (severity is Severity.CRITICAL) == found.urgent
    told = only(still, Reminds.STALE, later(THURSDAY, span + POLICY.escalate_after))
    assert told is not None
    assert (Audience.TEAM, True) == (told.audience, told.key in found.silenced_by)


def test_what_happens_in_it_begins_it_anew() -> None:
    first = only(ACCEPTED, Reminds.STALE, later(THURSDAY, 3 * DAY))
    moved = replace(ACCEPTED, active_at=later(THURSDAY, 3 * DAY))
    assert [] == at(moved, later(THURSDAY, 4 * DAY))
    again = only(moved, Reminds.STALE, later(THURSDAY, 6 * DAY))
    assert first is not None
    assert again is not None
    assert first.key != again.key


@pytest.mark.parametrize("state", [IssueState.PREPARED, IssueState.PREDISCLOSED])
def test_what_waits_for_its_date_is_not_stale(state: IssueState) -> None:
    prepared = replace(ACCEPTED, state=state, date=dated())
    assert only(prepared, Reminds.STALE, later(DATE, -1)) is None
    assert only(prepared, Reminds.STALE, later(DATE, 1)) is None, "that it passed is told"
    low = replace(prepared, track=Track.LOW)
    stale = [only(low, Reminds.STALE, later(DATE, each)) is not None for each in (-1, 1)]
    assert [False, True] == stale
    undecided = replace(prepared, date=dated(DateState.PROPOSED))
    assert only(undecided, Reminds.STALE, later(DATE, -1)) is not None


@pytest.mark.parametrize(
    ("before", "what", "urgent"),
    [
        (7 * DAY + 1, None, False),
        (7 * DAY, "10080 min", False),
        (DAY + 1, "10080 min", False),
        (DAY, "1440 min", True),
        (HOUR, "60 min", True),
        (1, "60 min", True),
    ],
)
def test_a_date_that_comes_near(before: int, what: str | None, urgent: bool) -> None:
    found = only(replace(ACCEPTED, date=dated()), Reminds.DATE, later(DATE, -before))
    assert what == (found.what if found else None)
    assert urgent == bool(found and found.urgent)


def test_who_set_a_date_that_is_near_is_not_told_that_it_is() -> None:
    set_late = replace(ACCEPTED, date=dated(since=later(DATE, -2 * DAY)))
    assert only(set_late, Reminds.DATE, later(DATE, -2 * DAY)) is None
    assert only(set_late, Reminds.DATE, later(DATE, -DAY)) is not None


def test_a_date_that_passed_is_told_every_day_to_everybody() -> None:
    agreed = replace(ACCEPTED, date=dated())
    found = [only(agreed, Reminds.PASSED, later(DATE, n * DAY)) for n in range(3)]
    assert ["day 0", "day 1", "day 2"] == [each.what for each in found if each]
    assert all(each and each.urgent and each.audience is Audience.TEAM for each in found)
    proposed = replace(ACCEPTED, date=dated(DateState.PROPOSED))
    told = only(proposed, Reminds.PASSED, DATE)
    assert told is not None
    assert not told.urgent, "nobody was promised anything"


def test_caps_come_near_and_are_never_just_passed() -> None:
    capped = replace(ACCEPTED, caps=((CAP, THURSDAY),))
    stages = [(15, None), (14, "policy 20160 min"), (7, "policy 10080 min"), (1, "policy 1440 min")]
    for days, what in stages:
        found = only(capped, Reminds.CAP, later(CAP.instant, -days * DAY))
        assert what == (found.what if found else None)
    over = [only(capped, Reminds.OVER_CAP, later(CAP.instant, n * DAY)) for n in (0, 1, 41)]
    assert ["policy day 0", "policy day 1", "policy day 41"] == [each.what for each in over if each]


@pytest.mark.parametrize("track", [Track.LOW, Track.PUBLIC])
def test_without_an_embargo_neither_dates_nor_caps_press(track: Track) -> None:
    free = replace(ACCEPTED, track=track, date=dated(), caps=((CAP, THURSDAY),))
    found = {each.reminds for each in at(free, later(CAP.instant, DAY))}
    assert {Reminds.STALE} == found


def test_obligations_are_told_when_they_begin_and_before_each_ends() -> None:
    exploited = replace(ACCEPTED, exploited_at=THURSDAY)

    def told(after: int) -> list[str]:
        found = at(exploited, later(THURSDAY, after))
        return [each.what for each in found if each.reminds is Reminds.OBLIGATION]

    assert ["begun"] == told(0)
    assert ["begun"] == told(18 * HOUR - 1)
    assert ["begun", "early warning"] == told(18 * HOUR)
    assert ["begun", "early warning", "notification"] == told(54 * HOUR)
    assert "final report" not in told(13 * DAY - 1)
    assert "final report" in told(13 * DAY)
    assert () == due(
        replace(REPORTED, exploited_at=THURSDAY),
        replace(POLICY, obligations=()),
        EVERY_WORKING_DAY,
        THURSDAY,
    )


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (DAY - 1, None),
        (DAY, "waits"),
        (6 * DAY - 1, "waits"),
        (6 * DAY, "ends"),
        (7 * DAY - 1, "ends"),
        (7 * DAY, None),
    ],
)
def test_what_waits_for_approval(after: int, what: str | None) -> None:
    ends = later(THURSDAY, 7 * DAY)
    found = waiting(THURSDAY, ends, POLICY, later(THURSDAY, after))
    assert what == (found.what.split()[0] if found else None)
    assert (what == "ends") == bool(found and found.urgent)


def test_what_waits_for_ever_is_told_once() -> None:
    assert waiting(THURSDAY, None, POLICY, later(THURSDAY, DAY - 1)) is None
    early = waiting(THURSDAY, None, POLICY, later(THURSDAY, DAY))
    late = waiting(THURSDAY, None, POLICY, later(THURSDAY, 400 * DAY))
    assert early == late


def test_a_request_that_ends_soon_is_not_urgent_at_once() -> None:
    ends = later(THURSDAY, 20 * HOUR)
    assert waiting(THURSDAY, ends, POLICY, THURSDAY) is None


def test_everything_has_its_place_in_the_order() -> None:
    assert set(Reminds) == set(ORDER)


SPANS = st.integers(min_value=0, max_value=150 * DAY // MINUTE).map(lambda n: n * MINUTE)
WATCHED = st.builds(
    lambda state, track, severity, active, date, capped, exploited: replace(
        REPORTED,
        state=state,
        track=track,
        severity=severity,
        active_at=later(THURSDAY, active),
        answered_at=None if state is IssueState.REPORTED else THURSDAY,
        date=date,
        caps=((CAP, THURSDAY),) if capped else (),
        exploited_at=None if exploited is None else later(THURSDAY, exploited),
    ),
    st.sampled_from([state for state in IssueState if state.is_open]),
    st.sampled_from([None, *Track]),
    st.sampled_from([None, *Severity]),
    st.integers(min_value=0, max_value=30 * DAY),
    st.sampled_from([None, dated(), dated(DateState.PROPOSED)]),
    st.booleans(),
    st.one_of(st.none(), SPANS),
)


@given(watched=WATCHED, looks=st.lists(SPANS, max_size=30))
def test_any_sequence_of_looks(watched: Watched, looks: list[int]) -> None:
    """Each look tells few things, each key comes once, and a later stage silences earlier ones."""
    told: set[str] = set()
    for span in looks:
        new = [
            each
            for each in at(watched, later(THURSDAY, span))
            if each.key not in told and not told.intersection(each.silenced_by)
        ]
        assert len(new) <= 8
        assert len({each.key for each in new}) == len(new)
        told |= {each.key for each in new}
        assert all(each.since <= later(THURSDAY, span) for each in new)


@given(watched=WATCHED, span=SPANS)
def test_a_look_that_is_late_misses_nothing_that_still_matters(watched: Watched, span: int) -> None:
    """What is due is due at any later moment too, in this stage or in a later one."""
    now = later(THURSDAY, span)
    for each in at(watched, now):
        if each.reminds in {Reminds.UNANSWERED, Reminds.STALE, Reminds.OBLIGATION}:
            then = {one.reminds for one in at(watched, later(now, 400 * DAY))}
            assert each.reminds in then or watched.date is not None
