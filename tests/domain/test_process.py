"""An issue moves by one table; what is missing is told all at once, and nothing is public early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.process import (
    BY_HAND,
    OPEN,
    RULES,
    TRACK_CHANGES,
    Fact,
    IssueState,
    Next,
    Retracked,
    Rule,
    Severity,
    Step,
    Track,
    edges,
    missing,
    moved,
    onward,
    retracked,
    steps,
)
from tests.sampling import tries

S, T, F = IssueState, Track, Fact
ALL = frozenset(Fact)
STATES = st.sampled_from(list(IssueState))
TRACKS = st.none() | st.sampled_from(list(Track))
FACTS = st.frozensets(st.sampled_from(list(Fact)))

# Written out a second time on purpose: a change of the table must be made twice, and seen.
EXPECTED = [
    ("reported", "accept", "accepted"),
    ("accepted", "prepare", "prepared"),
    ("prepared", "predisclose", "pre-disclosed"),
    ("pre-disclosed", "disclose", "disclosed"),
    ("prepared", "disclose", "disclosed"),
    ("accepted", "disclose", "disclosed"),
    ("handed over", "disclose", "disclosed"),
    ("reported", "reject", "rejected"),
    ("accepted", "reject", "rejected"),
    ("prepared", "reject", "rejected"),
    ("reported", "hand-over", "handed over"),
    ("accepted", "hand-over", "handed over"),
    ("prepared", "hand-over", "handed over"),
    ("rejected", "reopen", "reported"),
    ("handed over", "reopen", "reported"),
]


def test_the_table_is_the_one_that_was_meant() -> None:
    assert sorted(EXPECTED) == sorted(edges())


def test_the_states_are_those_of_the_glossary_in_their_order() -> None:
    words = "reported, accepted, prepared, pre-disclosed, disclosed, rejected, handed over"
    assert words == ", ".join(IssueState)
    assert {S.REPORTED, S.ACCEPTED, S.PREPARED, S.PREDISCLOSED} == OPEN
    assert [state in OPEN for state in IssueState] == [state.is_open for state in IssueState]


def test_all_that_is_missing_is_told_at_once() -> None:
    facts = {F.SEVERITY, F.ADVISORY_READY}
    with pytest.raises(Refusal) as caught:
        moved(Step.PREDISCLOSE, S.PREPARED, T.PREDISCLOSE, facts)
    assert "cannot pre-disclose: no permission matrix, no agreed date" == caught.value.public


def test_a_wrong_state_hides_no_missing_fact() -> None:
    assert (
        "it is accepted, not prepared",
        "no advisory that is ready",
        "no permission matrix",
        "no agreed date",
    ) == missing(Step.PREDISCLOSE, S.ACCEPTED, T.PREDISCLOSE, {F.SEVERITY})


def test_a_wrong_track_is_named_with_those_that_would_do() -> None:
    assert ("its track is low, not predisclose",) == missing(
        Step.PREDISCLOSE, S.PREPARED, T.LOW, ALL
    )
    assert ("no track is chosen",) == missing(Step.ACCEPT, S.REPORTED, None, ALL)
    assert ("no track is chosen",) == missing(Step.PREPARE, S.ACCEPTED, None, ALL)


def test_several_states_would_do() -> None:
    assert ("it is pre-disclosed, not reported, accepted or prepared",) == missing(
        Step.REJECT, S.PREDISCLOSED, T.PREDISCLOSE, ALL
    )


def test_a_date_that_is_not_agreed_is_not_said_to_be_unreached() -> None:
    assert ("no agreed date",) == missing(
        Step.DISCLOSE, S.PREPARED, T.EMBARGO_ONLY, {F.ADVISORY_READY}
    )
    assert ("the agreed date is not reached",) == missing(
        Step.DISCLOSE, S.PREPARED, T.EMBARGO_ONLY, {F.ADVISORY_READY, F.AGREED_DATE}
    )


@pytest.mark.parametrize(
    ("track", "way"),
    [
        (T.PREDISCLOSE, [Step.ACCEPT, Step.PREPARE, Step.PREDISCLOSE, Step.DISCLOSE]),
        (T.EMBARGO_ONLY, [Step.ACCEPT, Step.PREPARE, Step.DISCLOSE]),
        (T.LOW, [Step.ACCEPT, Step.PREPARE, Step.DISCLOSE]),
        (T.PUBLIC, [Step.ACCEPT, Step.DISCLOSE]),
    ],
)
def test_each_track_ends_published(track: Track, way: list[Step]) -> None:
    state = S.REPORTED
    for step in way:
        state = moved(step, state, track, ALL)
    assert S.DISCLOSED is state


@tries(300)
@given(step=st.sampled_from(list(Step)), state=STATES, track=TRACKS, facts=FACTS)
def test_a_step_is_taken_exactly_when_nothing_is_missing(
    step: Step, state: IssueState, track: Track | None, facts: frozenset[Fact]
) -> None:
    lacking = missing(step, state, track, facts)
    if lacking:
        with pytest.raises(Refusal, match="cannot"):
            moved(step, state, track, facts)
    else:
        assert (str(state), str(step), str(moved(step, state, track, facts))) in EXPECTED


@tries(300)
@given(state=STATES, track=TRACKS, facts=FACTS)
def test_what_may_come_next_is_what_may_be_done(
    state: IssueState, track: Track | None, facts: frozenset[Fact]
) -> None:
    for each in steps(state, track, facts):
        chosen = track or T.LOW if each.step is Step.ACCEPT else track
        assert each.missing == missing(each.step, state, chosen, facts)
    offered = {each.step for each in steps(state, track, facts)}
    for step in Step:
        if not missing(step, state, track, facts):
            assert step in offered


@tries(300)
@given(data=st.data())
def test_no_way_makes_an_embargo_public_before_its_date_or_without_publicity(
    data: st.DataObject,
) -> None:
    """Whatever is done in whatever order, with facts that come and go: P-3 in the table."""
    state, track = S.REPORTED, None
    for _ in range(12):
        facts = data.draw(FACTS)
        if data.draw(st.booleans()) and track is not None:
            to = data.draw(st.sampled_from(list(Track)))
            try:
                track = retracked(state, track, to, facts).track
            except Refusal:
                continue
        step = data.draw(st.sampled_from(list(Step)))
        chosen = data.draw(st.sampled_from(list(Track))) if step is Step.ACCEPT else track
        try:
            after = moved(step, state, chosen, facts)
        except Refusal:
            continue
        if after is S.DISCLOSED and chosen is not None and chosen.embargoed:
            assert F.PUBLIC_ALREADY in facts or {F.AGREED_DATE, F.DATE_REACHED} <= facts
        state, track = after, chosen
        if state is S.REPORTED:
            track = None


@pytest.mark.parametrize(
    ("state", "track", "expected"),
    [
        (S.REPORTED, None, "accept, reject or hand over"),
        (S.ACCEPTED, T.LOW, "to prepare: no severity, no advisory that is ready"),
        (S.ACCEPTED, T.PUBLIC, "to prepare: no severity, no advisory that is ready"),
        (S.PREPARED, T.LOW, "to disclose: no advisory that is ready, no fix that is out"),
        (S.PREDISCLOSED, T.PREDISCLOSE, "to disclose: no advisory that is ready, no agreed date"),
        (S.HANDED_OVER, None, "to disclose: nothing says that it is public already"),
        (S.REJECTED, None, ""),
        (S.DISCLOSED, T.LOW, ""),
    ],
)
def test_what_brings_an_issue_on_is_said_in_words(
    state: IssueState, track: Track | None, expected: str
) -> None:
    assert expected == onward(state, track, set())


def test_what_lacks_nothing_is_only_to_be_done() -> None:
    assert "to pre-disclose" == onward(S.PREPARED, T.PREDISCLOSE, ALL)


def test_a_next_step_says_what_it_waits_for() -> None:
    found = steps(S.PREPARED, T.LOW, {F.ADVISORY_READY})
    assert (
        Next(step=Step.DISCLOSE, missing=("no fix that is out",)),
        Next(step=Step.REJECT, missing=()),
        Next(
            step=Step.HAND_OVER,
            missing=("no consent of the reporter", "no acknowledgement by the receiver"),
        ),
    ) == found


def test_what_is_disclosed_stays_so() -> None:
    assert () == steps(S.DISCLOSED, T.LOW, ALL)


def test_leaving_an_embargo_moves_a_date() -> None:
    assert Retracked(track=T.LOW, moves_date=True) == retracked(
        S.ACCEPTED, T.PREDISCLOSE, T.LOW, set()
    )
    assert Retracked(track=T.EMBARGO_ONLY, moves_date=False) == retracked(
        S.PREPARED, T.PREDISCLOSE, T.EMBARGO_ONLY, {F.AGREED_DATE}
    )
    assert Retracked(track=T.PREDISCLOSE, moves_date=True) == retracked(
        S.ACCEPTED, T.LOW, T.PREDISCLOSE, {F.AGREED_DATE}
    )
    assert Retracked(track=T.PREDISCLOSE, moves_date=False) == retracked(
        S.ACCEPTED, T.LOW, T.PREDISCLOSE, set()
    )


def test_the_track_public_needs_a_reason_and_says_all_that_is_wrong() -> None:
    with pytest.raises(Refusal, match="nothing says that it is public already"):
        retracked(S.ACCEPTED, T.LOW, T.PUBLIC, set())
    with pytest.raises(Refusal) as caught:
        retracked(S.REPORTED, T.LOW, T.PUBLIC, set())
    assert (
        "cannot change the track: while it is reported its track does not change from low to"
        " public, nothing says that it is public already"
    ) == caught.value.public
    with pytest.raises(Refusal, match="its track is low already"):
        retracked(S.ACCEPTED, T.LOW, T.LOW, ALL)


def test_once_members_know_only_publicity_changes_the_track() -> None:
    for to in set(Track) - {T.PUBLIC, T.PREDISCLOSE}:
        with pytest.raises(Refusal, match="while it is pre-disclosed"):
            retracked(S.PREDISCLOSED, T.PREDISCLOSE, to, ALL)
    assert retracked(S.PREDISCLOSED, T.PREDISCLOSE, T.PUBLIC, ALL).moves_date
    assert set() == set(TRACK_CHANGES) - OPEN


def test_a_row_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="from some state to another"):
        Rule(step=Step.REJECT, sources=(S.REJECTED,), target=S.REJECTED)
    assert len(RULES) == len(set(RULES))


def test_people_state_facts_and_no_date_or_publication() -> None:
    derived = {F.AGREED_DATE, F.DATE_REACHED, F.PREDISCLOSED, F.PUBLIC}
    assert set() == BY_HAND & derived
    assert "low, moderate, high, critical" == ", ".join(Severity)
