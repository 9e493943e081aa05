"""Who may move a date where to, and what binds at once (R-1 to R-10, T-8, T-11)."""

from dataclasses import replace

import pytest

from gatekeeper.domain.ceilings import REPORTER, CeilingKind
from gatekeeper.domain.clock_rules import Running
from gatekeeper.domain.date_state import By, DateState
from gatekeeper.domain.dates import Decision, Outcome, applied, decide, first
from gatekeeper.domain.instants import MINUTE, Instant, later
from gatekeeper.domain.process_policy import EMBARGO, Roll
from gatekeeper.domain.wishes import Authority, Held, Proof, Wish, WishKind
from tests.domain.date_samples import (
    AGREED,
    DATE,
    EARLIER,
    LATER,
    NOW,
    PROPOSED,
    REPORTED,
    VENDOR,
    agreed,
    at,
    ceiling,
    days_after,
    held,
    reporters,
    wish,
)

K = WishKind
SOON = at("2026-11-18")
"""Tomorrow: without any lead."""


def decided(what: Wish, before: Held, authority: Authority = Authority.NOBODY) -> Decision:
    """Return the decision by the default policy."""
    return decide(what, before, EMBARGO, NOW, authority=authority)


def after(what: Wish, before: Held, authority: Authority = Authority.NOBODY) -> Held:
    """Return what is held after the decision."""
    return applied(decided(what, before, authority), before)


def test_policy_proposes_a_date_that_silence_may_bind() -> None:
    """R-1's example."""
    date = first(at("2026-09-03T09:41"), EMBARGO)
    expected = (at("2026-09-10"), at("2026-09-24"), DateState.PROPOSED, True)
    assert expected == (date.predisclosure, date.instant, date.state, date.seconded)


def test_what_anybody_could_find_is_proposed_earlier() -> None:
    reported = at("2026-09-03T09:41")
    assert first(reported, EMBARGO, tools=True).instant < first(reported, EMBARGO).instant


def test_an_earlier_proven_wish_moves_the_date_at_once_and_binds() -> None:
    then = after(reporters(K.WISH, EARLIER), held())
    assert (EARLIER, DateState.AGREED, By.REPORTER) == (
        then.date.instant,
        then.date.state,
        then.date.by,
    )
    assert (ceiling(REPORTER, EARLIER),) == then.ceilings


def test_an_earlier_wish_on_a_sunday_is_kept_on_the_friday_before() -> None:
    sunday = at("2026-12-06")
    then = after(reporters(K.WISH, sunday), held())
    assert at("2026-12-04") == then.date.instant
    assert (ceiling(REPORTER, sunday),) == then.ceilings


def test_an_earlier_wish_without_lead_binds_at_once_and_one_of_the_team_confirms_the_date() -> None:
    before = agreed()
    found = decided(reporters(K.WISH, SOON), before)
    assert Outcome.CONFIRM is found.outcome
    assert ("it does not leave the minimum lead for those told early",) == found.reasons
    waiting = applied(found, before)
    assert (ceiling(REPORTER, SOON, CeilingKind.WISHED),) == waiting.ceilings
    assert DATE == waiting.date.instant
    refused = decided(wish(K.MOVE, LATER), waiting, Authority.APPROVED)
    assert Outcome.REFUSED is refused.outcome
    shell = decided(wish(K.MOVE, SOON), waiting)
    assert Outcome.CONFIRM is shell.outcome
    done = after(wish(K.MOVE, SOON), waiting, Authority.ONE)
    assert SOON == done.date.instant


def test_one_person_confirms_exactly_the_wish_and_nothing_else() -> None:
    waiting = after(reporters(K.WISH, SOON), agreed())
    found = decided(wish(K.MOVE, EARLIER), waiting, Authority.ONE)
    assert Outcome.REFUSED is found.outcome


def test_an_unproven_earlier_wish_binds_nobody_until_one_of_the_team_confirms() -> None:
    before = agreed()
    what = reporters(K.WISH, EARLIER, Proof.NONE)
    assert before == after(what, before)
    mentioned = replace(before, mentioned=frozenset({EARLIER}))
    then = after(wish(K.MOVE, EARLIER), mentioned, Authority.ONE)
    assert (EARLIER, frozenset()) == (then.date.instant, then.mentioned)


def test_an_unproven_later_wish_is_never_past_what_was_agreed() -> None:
    what = reporters(K.WISH, LATER, Proof.NONE)
    assert Outcome.APPROVE is decided(what, held()).outcome
    found = decided(what, agreed(), Authority.APPROVED)
    assert Outcome.REFUSED is found.outcome
    assert ("the reporter agreed to Tue 2026-12-08 12:00:00Z and no later date",) == found.reasons


@pytest.mark.parametrize("instant", [EARLIER, DATE, LATER])
def test_nothing_that_is_not_proven_is_an_agreement(instant: Instant) -> None:
    before = held()
    then = after(reporters(K.AGREE, instant, Proof.NONE), before)
    assert before == then


def test_a_later_wish_needs_approvals_and_then_is_the_date() -> None:
    what = reporters(K.WISH, LATER)
    waiting = after(what, agreed())
    assert (DATE, (ceiling(REPORTER, LATER),)) == (waiting.date.instant, waiting.ceilings)
    then = after(what, waiting, Authority.APPROVED)
    assert (LATER, By.REPORTER) == (then.date.instant, then.date.by)


def test_the_team_moves_later_only_up_to_what_the_reporter_agreed_to() -> None:
    before = after(reporters(K.AGREE, LATER), held())
    assert DATE == before.date.instant
    what = wish(K.MOVE, LATER)
    assert Outcome.APPROVE is decided(what, before, Authority.ONE).outcome
    assert LATER == after(what, before, Authority.APPROVED).date.instant
    beyond = decided(wish(K.MOVE, days_after(LATER, 1)), before, Authority.APPROVED)
    assert (Outcome.REFUSED, LATER, None) == (beyond.outcome, *beyond.nearest)


def test_another_holders_earlier_date_wins_over_the_reporters() -> None:
    then = after(wish(K.WISH, EARLIER, VENDOR), agreed())
    assert (EARLIER, By.REPORTER) == (then.date.instant, then.date.by)
    found = decided(wish(K.MOVE, DATE), then, Authority.APPROVED)
    assert ("the vendor agreed to Tue 2026-12-01 12:00:00Z and no later date",) == found.reasons


def test_a_recorded_agreement_needs_two_and_then_is_the_date() -> None:
    what = reporters(K.AGREE, LATER, Proof.RECORD)
    found = decided(what, held(), Authority.ONE)
    assert (Outcome.APPROVE, None) == (found.outcome, found.ceiling)
    assert held() == applied(found, held())
    then = after(what, held(), Authority.APPROVED)
    assert (LATER, DateState.AGREED, By.REPORTER) == (
        then.date.instant,
        then.date.state,
        then.date.by,
    )
    assert (ceiling(REPORTER, LATER),) == then.ceilings


def test_a_recorded_agreement_of_a_vendor_is_a_ceiling_and_moves_nothing() -> None:
    what = wish(K.AGREE, LATER, VENDOR, Proof.RECORD)
    then = after(what, held(), Authority.APPROVED)
    assert (PROPOSED, (ceiling(VENDOR, LATER),)) == (then.date, then.ceilings)


def test_all_reasons_are_told_at_once_with_the_nearest_allowed_instants() -> None:
    sunday = at("2027-02-14T13:30")
    found = decided(wish(K.MOVE, sunday), agreed())
    assert (
        "Sunday 2027-02-14 is a day on which nothing is published",
        "things are published at 12:00 UTC only",
        "it is after Wed 2027-02-03 12:00:00Z, when the clock policy ends",
        "the reporter agreed to Tue 2026-12-08 12:00:00Z and no later date",
    ) == found.reasons
    assert (DATE, None) == found.nearest


def test_a_date_in_the_past_is_refused_with_the_next_that_keeps_the_lead() -> None:
    found = decided(wish(K.PROPOSE, at("2026-11-16")), held())
    assert ("it is in the past",) == found.reasons
    assert (None, at("2026-11-23")) == found.nearest


def test_the_team_keeps_the_lead_even_with_approvals() -> None:
    found = decided(wish(K.MOVE, SOON), held(), Authority.APPROVED)
    assert ("it leaves less than 5 days for those told early",) == found.reasons


def test_a_proposal_of_one_person_is_earlier_only() -> None:
    then = after(wish(K.PROPOSE, EARLIER), held())
    assert (EARLIER, DateState.PROPOSED, False) == (
        then.date.instant,
        then.date.state,
        then.date.seconded,
    )
    back = decided(wish(K.PROPOSE, DATE), then)
    assert Outcome.APPROVE is back.outcome


def test_a_proposal_beside_an_agreed_date_is_a_question() -> None:
    before = agreed()
    found = decided(wish(K.PROPOSE, LATER), before)
    assert (Outcome.ASK, before) == (found.outcome, applied(found, before))
    vendors = replace(before, ceilings=(*before.ceilings, ceiling(VENDOR, DATE)))
    assert Outcome.REFUSED is decided(wish(K.PROPOSE, LATER), vendors).outcome


def test_silence_binds_what_policy_proposed_after_ten_days() -> None:
    silence = wish(K.SILENCE, DATE)
    binds_at = days_after(REPORTED, 10)
    early = decide(silence, held(), EMBARGO, later(binds_at, -1))
    assert Outcome.REFUSED is early.outcome
    found = decide(silence, held(), EMBARGO, binds_at)
    then = applied(found, held())
    assert (DateState.AGREED, By.POLICY_DEFAULT, ()) == (
        then.date.state,
        then.date.by,
        then.ceilings,
    )
    assert PROPOSED.predisclosure == then.date.predisclosure


def test_silence_never_binds_what_one_person_alone_proposed() -> None:
    alone = held(replace(PROPOSED, seconded=False))
    silence = wish(K.SILENCE, DATE)
    assert Outcome.CONFIRM is decided(silence, alone).outcome
    assert Outcome.APPLIED is decided(silence, alone, Authority.ONE).outcome


def test_silence_is_none_when_somebody_asked_for_an_earlier_date() -> None:
    waiting = held(PROPOSED, ceiling(REPORTER, SOON, CeilingKind.WISHED))
    assert Outcome.REFUSED is decided(wish(K.SILENCE, DATE), waiting).outcome


def test_a_clock_brings_the_date_under_its_cap() -> None:
    rule = EMBARGO.clock("linux-distros")
    assert rule is not None
    running = Running(rule=rule, started_at=at("2026-11-16"))
    cap = rule.cap(running.started_at, EMBARGO.calendar)
    before = held(AGREED, ceiling(REPORTER, DATE), clocks=(running,))
    then = after(wish(K.CLOCK, cap, rule.name), before)
    assert at("2026-11-30") == then.date.instant
    found = decided(wish(K.MOVE, DATE), then, Authority.APPROVED)
    assert (
        "it is after Mon 2026-11-30 12:00:00Z, when the clock linux-distros ends",
    ) == found.reasons


def test_a_clock_without_lead_waits_for_one_of_the_team() -> None:
    rule = EMBARGO.clock("linux-distros")
    assert rule is not None
    running = Running(rule=rule, started_at=at("2026-11-05"))
    before = held(AGREED, clocks=(running,))
    cap = rule.cap(running.started_at, EMBARGO.calendar)
    assert Outcome.CONFIRM is decided(wish(K.CLOCK, cap, rule.name), before).outcome
    then = after(wish(K.MOVE, cap), before, Authority.ONE)
    assert cap == then.date.instant


def test_a_policy_that_rolls_moves_a_sunday_to_monday_and_no_other() -> None:
    rolls = replace(EMBARGO, roll=Roll.FORWARD)
    sunday = wish(K.MOVE, at("2026-12-13"))
    before = after(reporters(K.AGREE, LATER), held())
    found = decide(sunday, before, rolls, NOW, authority=Authority.APPROVED)
    assert at("2026-12-14") == applied(found, before).date.instant
    assert Outcome.REFUSED is decided(sunday, before, Authority.APPROVED).outcome


def test_the_lead_counts_from_when_the_list_was_told() -> None:
    told = replace(agreed(), predisclosed_at=at("2026-11-12"))
    then = after(reporters(K.WISH, SOON), told)
    assert (SOON, at("2026-11-12")) == (then.date.instant, then.date.predisclosure)


def test_nothing_moves_once_the_embargo_has_ended() -> None:
    ended = held(replace(PROPOSED, state=DateState.ENDED))
    for kind in (K.PROPOSE, K.MOVE):
        assert ("the embargo has ended",) == decided(wish(kind, EARLIER), ended).reasons


def test_a_wish_in_the_past_moves_nothing() -> None:
    found = decided(reporters(K.WISH, at("2026-11-17T09:00")), agreed())
    assert (Outcome.REFUSED, ("it is in the past",)) == (found.outcome, found.reasons)


def test_a_wish_for_this_afternoon_is_kept_on_its_own_instant() -> None:
    friday = at("2026-11-20T18:00")
    saturday = at("2026-11-21T06:00")
    found = decide(reporters(K.WISH, saturday), agreed(), EMBARGO, friday, authority=Authority.ONE)
    assert saturday == applied(found, agreed()).date.instant


@pytest.mark.parametrize("seconds", [1, 59])
def test_a_wish_is_a_whole_minute(seconds: int) -> None:
    with pytest.raises(ValueError, match="whole minute"):
        wish(K.MOVE, Instant(DATE + seconds * MINUTE // 60))


def test_the_lead_of_no_days_is_kept_by_any_future_instant() -> None:
    policy = replace(EMBARGO, minimum_lead=0)
    found = decide(reporters(K.WISH, SOON), agreed(), policy, NOW)
    assert SOON == applied(found, agreed()).date.instant
