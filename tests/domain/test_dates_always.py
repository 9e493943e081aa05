"""Promises P-7 and P-8 about dates: no sequence of wishes and clocks gets around them."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.ceilings import REPORTER, CeilingKind
from gatekeeper.domain.clock_rules import Running, caps
from gatekeeper.domain.date_limits import honouring, nearest, objections
from gatekeeper.domain.date_state import DateState
from gatekeeper.domain.dates import Outcome, applied, decide, first
from gatekeeper.domain.instants import HOUR, MINUTE, Instant, later
from gatekeeper.domain.process_policy import EMBARGO, EmbargoPolicy, Roll
from gatekeeper.domain.wishes import Authority, Held, Proof, Wish, WishKind
from tests.domain.date_samples import REPORTED, VENDOR, at, days_after, held
from tests.sampling import tries

NOON = at("2026-11-05")
TEAM = frozenset({WishKind.PROPOSE, WishKind.MOVE})
policies = st.builds(replace, st.just(EMBARGO), roll=st.sampled_from(list(Roll)))
DAYS = (0, 1, 2, 5, 7, 11, 14, 18, 19, 20, 21, 25, 28, 33, 40, 60, 89, 90, 91, 105)
instants = st.builds(
    lambda days, minutes: later(days_after(NOON, days), minutes * MINUTE),
    st.sampled_from(DAYS),
    st.sampled_from([0, 0, 0, 0, -90, 300]),
)
"""Few, so that wishes meet each other; working days at noon mostly."""
authorities = st.sampled_from(list(Authority))


@dataclass(frozen=True, kw_only=True)
class Step:
    """Time passes, then somebody wants something."""

    hours: int
    kind: WishKind
    instant: Instant
    holder: str
    proof: Proof
    authority: Authority
    mentioned: bool


steps = st.builds(
    Step,
    hours=st.sampled_from([0, 0, 0, 1, 24, 96, 240]),
    kind=st.sampled_from(list(WishKind)),
    instant=instants,
    holder=st.sampled_from([REPORTER, VENDOR]),
    proof=st.sampled_from(list(Proof)),
    authority=authorities,
    mentioned=st.booleans(),
)


def wish_of(step: Step, before: Held, policy: EmbargoPolicy, now: Instant) -> tuple[Wish, Held]:
    """Return the wish of a step, and what is held with the clock that it may have begun."""
    if step.kind is WishKind.CLOCK:
        rule = policy.clocks[0]
        if any(each.rule is rule for each in before.clocks):
            return Wish(kind=WishKind.PROPOSE, instant=step.instant), before
        running = Running(rule=rule, started_at=now)
        before = replace(before, clocks=(*before.clocks, running))
        cap = rule.cap(now, policy.calendar)
        return Wish(kind=step.kind, instant=cap, holder=rule.name), before
    if step.kind is WishKind.SILENCE:
        return Wish(kind=step.kind, instant=before.date.instant), before
    if step.kind in TEAM:
        return Wish(kind=step.kind, instant=step.instant), before
    wish = Wish(kind=step.kind, instant=step.instant, holder=step.holder, proof=step.proof)
    if step.mentioned and step.proof is Proof.NONE:
        before = replace(before, mentioned=before.mentioned | {step.instant})
    return wish, before


def check(
    step: Step, wish: Wish, before: Held, then: Held, policy: EmbargoPolicy, now: Instant
) -> None:
    """Hold one step against the promises."""
    date, was = then.date, before.date
    # P-7: never past what anybody agreed to; a wish that waits for its confirmation stops the date.
    for each in then.ceilings:
        assert each.kind is CeilingKind.WISHED or date.instant <= each.instant
        assert date.instant <= max(each.instant, was.instant)
    if date.instant > was.instant:
        assert all(date.instant <= each.instant for each in then.ceilings)
        assert all(date.instant <= cap.instant for cap in caps(then.clocks, policy))
        assert policy.calendar.allows(date.instant)
        # P-8: later only by all approvals.
        assert step.authority is Authority.APPROVED
    if date == was:
        return
    assert date.instant == was.instant or date.instant > now
    if wish.kind in TEAM and step.authority is not Authority.APPROVED:
        one_persons(wish, before, then, policy, now)
    if wish.proof is Proof.RECORD:
        assert step.authority is Authority.APPROVED
    if date.state is DateState.AGREED and was.state is DateState.PROPOSED:
        by_reporter = wish.holder == REPORTER and wish.proof is not Proof.NONE
        by_silence = wish.kind is WishKind.SILENCE
        assert by_reporter or by_silence
        assert not by_silence or was.seconded or step.authority is not Authority.NOBODY


def one_persons(wish: Wish, before: Held, then: Held, policy: EmbargoPolicy, now: Instant) -> None:
    """What one of the team does alone is a proposal nobody is bound by, or what another asked."""
    alone = then.date.state is DateState.PROPOSED and not then.date.seconded
    asked = [each.instant for each in before.ceilings] + list(before.mentioned)
    asked += [cap.instant for cap in caps(before.clocks, policy)]
    honoured = {honouring(each, policy, now) for each in asked if each < before.date.instant}
    assert alone or then.date.instant in honoured


@tries(150)
@given(policies, st.lists(steps, max_size=12))
def test_no_sequence_gets_past_an_agreement_or_by_with_one_person(
    policy: EmbargoPolicy, sequence: list[Step]
) -> None:
    now, current = REPORTED, replace(held(), date=first(REPORTED, policy))
    for step in sequence:
        now = later(now, step.hours * HOUR)
        wish, before = wish_of(step, current, policy, now)
        found = decide(wish, before, policy, now, authority=step.authority)
        current = applied(found, before)
        check(step, wish, before, current, policy, now)
        if found.outcome is Outcome.REFUSED:
            assert found.reasons
            assert before == current


@tries(150)
@given(policies, instants, st.lists(steps, max_size=5), st.integers(0, 90))
def test_the_nearest_instants_are_allowed_and_none_is_nearer(
    policy: EmbargoPolicy, wanted: Instant, sequence: list[Step], days: int
) -> None:
    now, current = REPORTED, replace(held(), date=first(REPORTED, policy))
    for step in sequence:
        wish, before = wish_of(step, current, policy, now)
        current = applied(decide(wish, before, policy, now, authority=step.authority), before)
    now = days_after(now, days)
    before_it, after_it = nearest(wanted, current, policy, now)
    for each in (before_it, after_it):
        assert each is None or () == objections(each, current, policy, now)
    assert before_it is None or before_it <= wanted
    assert after_it is None or after_it >= wanted
    if () == objections(wanted, current, policy, now):
        assert (wanted, wanted) == (before_it, after_it)
