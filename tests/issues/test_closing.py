"""No report is closed silently: whoever found it is told why, whoever was invited that it is."""

from functools import partial

import pytest

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.outcomes import Telling
from gatekeeper.domain.process import Fact, IssueState, Track
from gatekeeper.domain.protection import Form
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.domain.retention import ERASED
from gatekeeper.issues import closing, deciding
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.retention import Retention
from gatekeeper.store import correspondents, dates, issues
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from tests.issues.cases import ANDREA, BO, OURS, ROBIN, SHELL, THEIRS, WEI, Cases, by, cases_of


@pytest.fixture
def cases(store: Store) -> Cases:
    return cases_of(store)


def reject(
    cases: Cases,
    issue: IssueRow,
    reason: Rejection = Rejection.OUT_OF_SCOPE,
    actor: Actor | None = None,
) -> Done:
    """Have Andrea, or somebody else, reject an issue."""
    act = partial(closing.reject, desk=cases.desk, issue=issue, reason=reason, now=cases.now)
    return cases.do(partial(act, actor=actor or by(ANDREA)))


def reopen(cases: Cases, issue: IssueRow) -> Done:
    """Have Andrea reopen an issue."""
    act = partial(closing.reopen, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    return cases.do(act)


def hand_over(cases: Cases, issue: IssueRow) -> Done:
    """Have Andrea hand an issue over."""
    act = partial(closing.hand_over, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    return cases.do(partial(act, project="Example Library"))


def stated(cases: Cases, issue: IssueRow, fact: Fact, reason: NoEmbargo | None = None) -> Done:
    """Have Andrea state a fact."""
    act = partial(deciding.fact, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    return cases.do(partial(act, stated=fact, reason=reason))


@pytest.mark.parametrize("reason", Rejection)
def test_every_reason_is_told_in_words_of_its_own(cases: Cases, reason: Rejection) -> None:
    issue = cases.opened()
    done = reject(cases, issue, reason)
    stands = cases.stands(issue)
    assert (IssueState.REJECTED, reason) == (stands.state, stands.decided.reason)
    ((form, outcome),) = cases.told(ROBIN)
    assert (Form.CLEAR_FORM, Telling.REJECTED, reason, OURS) == (
        form,
        outcome.telling,
        outcome.reason,
        outcome.fingerprint,
    )
    assert f"reject: SEC-2026-0001 is rejected as {reason}: {reason.meaning}" == done.lines[0]


def test_everybody_who_takes_part_is_told_and_nobody_who_does_not(cases: Cases) -> None:
    issue, other = cases.opened(key=THEIRS), cases.opened(address="other@research.example")
    upstream, gone = cases.invited(issue, "upstream"), cases.invited(issue, "vendor")
    cases.do(partial(correspondents.remove, correspondent=gone.id, now=cases.now))
    reject(cases, issue)
    assert [Telling.REJECTED] == cases.tellings(ROBIN)
    assert [Telling.OTHERS_CLOSED] == cases.tellings(str(upstream.address))
    assert [] == cases.tellings(str(gone.address))
    assert [] == cases.tellings(other.reporter)
    assert {Form.SEALED} == {form for form, _ in cases.told(ROBIN)}


def test_where_nobody_can_be_told_that_is_said(cases: Cases) -> None:
    issue = cases.opened(address="")
    assert "told: nobody who found it, for the report named no address" in (
        reject(cases, issue).lines
    )


def test_an_issue_is_rejected_once(cases: Cases) -> None:
    issue = cases.opened()
    reject(cases, issue)
    with pytest.raises(Refusal, match="it is rejected, not reported, accepted or prepared"):
        reject(cases, issue)
    assert 1 == len(cases.told(ROBIN))


def accepted_with_date(cases: Cases) -> IssueRow:
    """Return an issue whose date is agreed."""
    issue = cases.opened()
    act = partial(deciding.accept, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    cases.do(partial(act, track=Track.EMBARGO_ONLY))
    date = DateRow(
        issue=issue.id,
        number=1,
        instant=later(cases.now, 14 * DAY),
        state=dates.AGREED,
        by="reporter",
        at=cases.now,
    )
    cases.do(partial(dates.add, date=date))
    return issue


def test_nobody_alone_frees_people_from_an_agreed_date(cases: Cases) -> None:
    issue = accepted_with_date(cases)
    assert reject(cases, issue).waiting
    assert IssueState.ACCEPTED is cases.stands(issue).state
    with pytest.raises(Refusal, match="employe"):
        cases.approve(issue, BO)
    cases.approve(issue, WEI)
    stands = cases.stands(issue)
    assert (IssueState.REJECTED, None) == (stands.state, stands.date)
    assert [Telling.ACCEPTED, Telling.REJECTED] == cases.tellings(ROBIN)


def test_nobody_alone_leaves_an_agreed_date_to_others(cases: Cases) -> None:
    """Nor marks it public by that way before its time (P-3)."""
    issue = accepted_with_date(cases)
    stated(cases, issue, Fact.REPORTER_CONSENTS)
    stated(cases, issue, Fact.RECEIVER_ACKNOWLEDGED)
    assert hand_over(cases, issue).waiting
    stated(cases, issue, Fact.PUBLIC_ALREADY, NoEmbargo.LEAKED)
    assert IssueState.ACCEPTED is cases.stands(issue).state
    with pytest.raises(Refusal, match="employe"):
        cases.approve(issue, BO)
    cases.approve(issue, WEI)
    stands = cases.stands(issue)
    assert (IssueState.HANDED_OVER, None) == (stands.state, stands.date)
    assert [Telling.ACCEPTED, Telling.HANDED_OVER] == cases.tellings(ROBIN)


def test_nothing_waits_in_a_closed_issue(cases: Cases) -> None:
    """An approval that comes too late changes nothing."""
    issue = cases.opened()
    act = partial(deciding.accept, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    cases.do(partial(act, track=Track.EMBARGO_ONLY))
    cases.do(
        lambda tx: deciding.track(
            tx,
            cases.desk,
            issue=issue,
            actor=by(ANDREA),
            to=Track.LOW,
            reason="small",
            now=cases.now,
        )
    )
    assert 1 == cases.waiting(issue)
    assert (
        "withdraw: 1 request that waited in it will not be done" == reject(cases, issue).lines[-1]
    )
    assert 0 == cases.waiting(issue)


def test_of_what_a_shell_closed_the_team_is_told(cases: Cases) -> None:
    issue = cases.opened()
    reject(cases, issue, Rejection.SPAM, SHELL)
    (notice,) = cases.notices()
    assert "is rejected as spam" in notice


def test_a_closed_issue_is_opened_again_and_everybody_hears_of_it(cases: Cases) -> None:
    issue = cases.opened()
    upstream = cases.invited(issue, "upstream")
    with pytest.raises(Refusal, match="it is reported, not rejected or handed over"):
        reopen(cases, issue)
    reject(cases, issue)
    reopen(cases, issue)
    stands = cases.stands(issue)
    assert (IssueState.REPORTED, None, "") == (stands.state, stands.track, stands.decided.reason)
    assert [Telling.REJECTED, Telling.REOPENED] == cases.tellings(ROBIN)
    expected = [Telling.OTHERS_CLOSED, Telling.OTHERS_REOPENED]
    assert expected == cases.tellings(str(upstream.address))


def test_what_is_handed_over_was_consented_to_and_acknowledged(cases: Cases) -> None:
    """And is watched until it is public (R-13)."""
    issue = cases.opened()
    with pytest.raises(Refusal, match="no consent of the reporter, no acknowledgement"):
        hand_over(cases, issue)
    stated(cases, issue, Fact.REPORTER_CONSENTS)
    stated(cases, issue, Fact.RECEIVER_ACKNOWLEDGED)
    upstream = cases.invited(issue, "upstream")
    done = hand_over(cases, issue)
    assert "in the hands of Example Library" in done.lines[0]
    stands = cases.stands(issue)
    assert (IssueState.HANDED_OVER, "Example Library") == (stands.state, stands.decided.reason)
    assert [Telling.HANDED_OVER] == cases.tellings(ROBIN)
    assert [Telling.OTHERS_HANDED_OVER] == cases.tellings(str(upstream.address))
    said = stated(cases, issue, Fact.PUBLIC_ALREADY, NoEmbargo.VENDOR_DATE)
    assert "disclose: SEC-2026-0001 is public, where it was handed over to" in said.lines
    assert IssueState.DISCLOSED is cases.stands(issue).state
    assert cases.now == cases.stands(issue).known[Fact.PUBLIC].at


def test_a_closed_issue_is_erased_when_it_was_kept_long_enough(cases: Cases) -> None:
    """An open one never is, nor one whose reporter was not reached yet."""
    closed, still_open = cases.opened(address=""), cases.opened()
    untold = cases.opened(address="other@research.example")
    for each in (closed, untold):
        reject(cases, each)
    retention = Retention(
        store=cases.store, policy=cases.desk.policy, now=lambda: later(cases.now, 6 * 365 * DAY)
    )
    while retention.tick():
        pass
    subjects = {row.issue_id: row.subject for row in cases.store.read(issues.list_all)}
    assert {
        closed.issue_id: ERASED,
        still_open.issue_id: still_open.subject,
        untold.issue_id: untold.subject,
    } == subjects
