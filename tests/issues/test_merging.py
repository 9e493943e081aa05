"""Two issues become one: the earliest date holds, and everybody goes on in it and is told."""

from functools import partial

import pytest

from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.outcomes import Telling
from gatekeeper.domain.participants import Credit, Part
from gatekeeper.domain.process import Fact, IssueState
from gatekeeper.domain.reasons import Rejection
from gatekeeper.issues import closing, deciding, merging
from gatekeeper.issues.acting import Done
from gatekeeper.store import ceilings, correspondents, dates
from gatekeeper.store import deciding as decided
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from tests.issues.cases import ANDREA, BO, ROBIN, WEI, Cases, by, cases_of

KIM = "kim@other.example"


@pytest.fixture
def cases(store: Store) -> Cases:
    return cases_of(store)


def merge(cases: Cases, issue: IssueRow, into: IssueRow | IssueId) -> Done:
    """Have Andrea let an issue go on in another."""
    named = into if isinstance(into, IssueId) else into.issue_id
    act = partial(merging.merge, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    return cases.do(partial(act, into=named))


def dated(cases: Cases, issue: IssueRow, days: int, state: str = dates.AGREED) -> Instant:
    """Write down a date in so many days, which its reporter is bound to if it is agreed."""
    instant = later(cases.now, days * DAY)
    date = DateRow(
        issue=issue.id, number=1, instant=instant, state=state, by="reporter", at=cases.now
    )
    cases.do(partial(dates.add, date=date))
    if state == dates.AGREED:
        put = partial(ceilings.put, issue=issue.id, holder="reporter", kind="agreed", by="reporter")
        cases.do(partial(put, instant=instant, now=cases.now))
    return instant


def people(cases: Cases, issue: IssueRow) -> dict[str, Correspondent]:
    """Return who takes part in an issue, by our names for them."""
    found = cases.store.read(lambda tx: correspondents.of_issue(tx, issue.id))
    return {each.name: each for each in found}


def test_without_a_date_one_person_makes_two_issues_one(cases: Cases) -> None:
    first, second = cases.opened(), cases.opened(address=KIM)
    done = merge(cases, second, first)
    assert "merge: SEC-2026-0002 goes on as SEC-2026-0001" == done.lines[0]
    stands = cases.stands(second)
    assert (IssueState.REJECTED, Rejection.DUPLICATE, first.id) == (
        stands.state,
        stands.decided.reason,
        stands.decided.merged_into,
    )
    assert (second.id,) == cases.store.read(partial(decided.merged, into=first.id))
    ((_, outcome),) = cases.told(KIM)
    assert (Telling.MERGED, first.issue_id) == (outcome.telling, outcome.other)
    assert [] == cases.tellings(ROBIN)


def test_both_reporters_go_on_with_their_credit_and_their_addresses(cases: Cases) -> None:
    first, second = cases.opened(), cases.opened(address=KIM)
    kim = people(cases, second)["reporter"]
    credit = Credit(line="Kim Example")
    cases.do(partial(correspondents.set_credit, correspondent=kim.id, credit=credit, now=cases.now))
    guest = cases.invited(second, "upstream")
    cases.invited(first, "upstream", at="b.example")
    merge(cases, second, first)
    there = people(cases, first)
    assert ["reporter", "second-reporter", "upstream", "upstream-2"] == sorted(there)
    assert (KIM, Part.SECOND_REPORTER, credit, kim.route) == (
        str(there["second-reporter"].address),
        there["second-reporter"].role,
        there["second-reporter"].credit,
        there["second-reporter"].route,
    )
    assert {} == people(cases, second)
    assert [Telling.OTHERS_MERGED] == cases.tellings(str(guest.address))


def test_a_reporter_of_both_takes_part_once(cases: Cases) -> None:
    first, second = cases.opened(), cases.opened()
    merge(cases, second, first)
    assert ["reporter"] == list(people(cases, first))
    assert [Telling.MERGED] == cases.tellings(ROBIN)


@pytest.mark.parametrize(("ending", "going_on"), [(7, 14), (14, 7)])
def test_the_earliest_date_holds_and_needs_another_employer(
    cases: Cases, ending: int, going_on: int
) -> None:
    first, second = cases.opened(), cases.opened(address=KIM)
    both = [dated(cases, first, going_on), dated(cases, second, ending)]
    assert merge(cases, second, first).waiting
    assert IssueState.REPORTED is cases.stands(second).state
    with pytest.raises(Refusal, match="employe"):
        cases.approve(second, BO)
    cases.approve(second, WEI)
    date = cases.stands(first).date
    assert date is not None
    assert (min(both), dates.AGREED) == (date.instant, date.state)
    assert cases.stands(second).date is None
    assert (len(both) if ending < going_on else 0) == len(cases.dates_told())
    held = cases.store.read(partial(ceilings.binding, issue=first.id))
    assert sorted(both) == [each.instant for each in held]
    assert {"reporter", "reporter of SEC-2026-0002"} == {each.holder for each in held}


def test_no_merge_makes_a_date_later_than_either(cases: Cases) -> None:
    """Also where one is only proposed."""
    first, second = cases.opened(), cases.opened(address=KIM)
    proposed = dated(cases, first, 7, dates.PROPOSED)
    dated(cases, second, 30)
    merge(cases, second, first)
    cases.approve(second, WEI)
    date = cases.stands(first).date
    assert date is not None
    assert proposed == date.instant


def test_an_earlier_proposal_is_put_to_the_reporter_of_the_issue_that_goes_on(cases: Cases) -> None:
    first, second = cases.opened(), cases.opened(address=KIM)
    dated(cases, first, 21, dates.PROPOSED)
    earlier = dated(cases, second, 14, dates.PROPOSED)
    merge(cases, second, first)
    date = cases.stands(first).date
    assert date is not None
    assert (earlier, dates.PROPOSED) == (date.instant, date.state)
    assert [(ROBIN, earlier)] == [(to, form.instant) for to, form in cases.dates_told()]


def test_a_date_that_moved_meanwhile_voids_the_approval(cases: Cases) -> None:
    first, second = cases.opened(), cases.opened(address=KIM)
    dated(cases, second, 30)
    merge(cases, second, first)
    dated(cases, first, 60)
    with pytest.raises(Refusal, match="not what was approved"):
        cases.approve(second, WEI)


def test_what_is_true_of_the_vulnerability_is_true_of_both(cases: Cases) -> None:
    first, second = cases.opened(), cases.opened(address=KIM)
    act = partial(deciding.fact, desk=cases.desk, issue=second, actor=by(BO), now=cases.now)
    cases.do(partial(act, stated=Fact.EXPLOITED))
    cases.do(partial(act, stated=Fact.FIX_READY))
    merge(cases, second, first)
    assert {Fact.EXPLOITED} == set(cases.stands(first).known)


def test_what_cannot_become_one_says_why(cases: Cases) -> None:
    first, second, third = cases.opened(), cases.opened(address=KIM), cases.opened(address="")
    with pytest.raises(Refusal, match="this issue itself"):
        merge(cases, first, first)
    with pytest.raises(NotThere, match="no issue SEC-2026-0099"):
        merge(cases, first, IssueId(prefix="SEC", year=2026, number=99))
    merge(cases, second, first)
    with pytest.raises(Refusal, match="SEC-2026-0002 is rejected"):
        merge(cases, third, second)
    with pytest.raises(Refusal) as caught:
        merge(cases, second, second.issue_id if second.id == third.id else third)
    assert "SEC-2026-0002: it is rejected" in caught.value.public


def test_a_merged_issue_is_not_opened_again(cases: Cases) -> None:
    """Its people are elsewhere; the one that goes on is split instead."""
    first, second = cases.opened(), cases.opened(address=KIM)
    merge(cases, second, first)
    with pytest.raises(Refusal, match="it goes on as SEC-2026-0001"):
        cases.do(
            lambda tx: closing.reopen(tx, cases.desk, issue=second, actor=by(ANDREA), now=cases.now)
        )
