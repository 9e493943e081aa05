"""An issue is accepted, judged and prepared by the table, and each step says what it lacks."""

from dataclasses import replace
from functools import partial

import pytest

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import DAY, Instant, later, rfc3339
from gatekeeper.domain.outcomes import Telling
from gatekeeper.domain.process import BY_HAND, Fact, IssueState, Severity, Track
from gatekeeper.domain.process_policy import ClockRule, EmbargoPolicy, StartEvent
from gatekeeper.domain.protection import Form
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.issues import closing, deciding
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.store import audit, dates
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from tests.issues.cases import ANDREA, BO, ROBIN, SHELL, THEIRS, WEI, Cases, by, cases_of


@pytest.fixture
def cases(store: Store) -> Cases:
    return cases_of(store)


def accept(cases: Cases, issue: IssueRow, track: Track = Track.PREDISCLOSE) -> Done:
    """Have Andrea accept an issue."""
    return cases.do(
        lambda tx: deciding.accept(
            tx, cases.desk, issue=issue, actor=by(ANDREA), track=track, now=cases.now
        )
    )


def state_fact(
    cases: Cases,
    issue: IssueRow,
    fact: Fact,
    *,
    at: Instant | None = None,
    reason: NoEmbargo | None = None,
) -> Done:
    """Have Andrea state a fact."""
    return cases.do(
        lambda tx: deciding.fact(
            tx,
            cases.desk,
            issue=issue,
            actor=by(ANDREA),
            stated=fact,
            at=at,
            reason=reason,
            now=cases.now,
        )
    )


def judge(cases: Cases, issue: IssueRow, severity: Severity, actor: Actor | None = None) -> Done:
    """Have Andrea, or somebody else, judge an issue."""
    return cases.do(
        lambda tx: deciding.severity(
            tx,
            cases.desk,
            issue=issue,
            actor=actor or by(ANDREA),
            judged=severity,
            now=cases.now,
        )
    )


def change(cases: Cases, issue: IssueRow, to: Track) -> Done:
    """Have Andrea change the track."""
    return cases.do(
        lambda tx: deciding.track(
            tx,
            cases.desk,
            issue=issue,
            actor=by(ANDREA),
            to=to,
            reason="needs local root",
            now=cases.now,
        )
    )


def agree(cases: Cases, issue: IssueRow, instant: Instant, *, state: str = dates.AGREED) -> None:
    """Write down a date that was agreed, or in another state."""
    date = DateRow(
        issue=issue.id, number=1, instant=instant, state=state, by="reporter", at=cases.now
    )
    cases.do(partial(dates.add, date=date))


def test_a_report_is_accepted_on_a_track_and_its_reporter_is_told(cases: Cases) -> None:
    issue = cases.opened()
    done = accept(cases, issue)
    stands = cases.stands(issue)
    assert (IssueState.ACCEPTED, Track.PREDISCLOSE) == (stands.state, stands.track)
    assert cases.now == stands.known[Fact.TRIAGED].at
    ((form, outcome),) = cases.told(ROBIN)
    assert (Form.CLEAR_FORM, Telling.ACCEPTED) == (form, outcome.telling)
    assert (
        "accept: SEC-2026-0001 is accepted, track predisclose",
        f"told: the reporter, {ROBIN}, in clear, without a word of the report",
    ) == done.lines
    assert () == cases.store.read(audit.verify)


@pytest.mark.parametrize("state", [dates.PROPOSED, dates.AGREED])
def test_a_track_without_an_embargo_ends_a_proposal_and_no_agreement(
    cases: Cases, state: str
) -> None:
    """One person alone breaks no agreed date by choosing a track (T-11)."""
    issue = cases.opened()
    agree(cases, issue, later(cases.now, 14 * DAY), state=state)
    if state == dates.AGREED:
        with pytest.raises(Refusal, match="a date was agreed"):
            accept(cases, issue, Track.LOW)
        assert IssueState.REPORTED is cases.stands(issue).state
        return
    accept(cases, issue, Track.LOW)
    assert (Track.LOW, None) == (cases.stands(issue).track, cases.stands(issue).date)
    assert [Telling.ACCEPTED_NO_EMBARGO] == cases.tellings(ROBIN)


def test_who_has_a_key_is_told_encrypted(cases: Cases) -> None:
    issue = cases.opened(key=THEIRS)
    assert f"told: the reporter, {ROBIN}, encrypted" in accept(cases, issue).lines
    assert [Form.SEALED] == [form for form, _ in cases.told(ROBIN)]


def test_whoever_was_invited_is_not_told_that_a_report_is_taken_up(cases: Cases) -> None:
    issue = cases.opened()
    guest = cases.invited(issue, "upstream")
    accept(cases, issue)
    assert [] == cases.told(str(guest.address))


def test_a_report_without_an_address_is_accepted_and_that_is_said(cases: Cases) -> None:
    issue = cases.opened(address="")
    said = accept(cases, issue).lines
    assert "told: nobody who found it, for the report named no address" in said


def test_an_issue_is_accepted_once(cases: Cases) -> None:
    issue = cases.opened()
    accept(cases, issue)
    with pytest.raises(Refusal, match="it is accepted, not reported"):
        accept(cases, issue)
    assert 1 == len(cases.told(ROBIN))


def test_what_is_public_already_says_so_before_it_is_on_that_track(cases: Cases) -> None:
    issue = cases.opened()
    with pytest.raises(Refusal, match="nothing says that it is public already"):
        accept(cases, issue, Track.PUBLIC)
    with pytest.raises(Refusal, match="needs a reason, one of: already-public"):
        state_fact(cases, issue, Fact.PUBLIC_ALREADY)
    done = state_fact(cases, issue, Fact.PUBLIC_ALREADY, reason=NoEmbargo.PUBLIC_TRACKER)
    assert done.lines[0].endswith(": it was found in a public tracker")
    accept(cases, issue, Track.PUBLIC)
    assert Track.PUBLIC is cases.stands(issue).track
    assert "public-tracker" == cases.stands(issue).known[Fact.PUBLIC_ALREADY].value


def test_severity_and_an_advisory_prepare_an_issue_by_themselves(cases: Cases) -> None:
    issue = cases.opened()
    accept(cases, issue)
    assert "severity: SEC-2026-0001 is high" == judge(cases, issue, Severity.HIGH).lines[0]
    assert IssueState.ACCEPTED is cases.stands(issue).state
    done = state_fact(cases, issue, Fact.ADVISORY_READY)
    assert "prepare: SEC-2026-0001 is prepared" in done.lines[1]
    assert IssueState.PREPARED is cases.stands(issue).state
    again = judge(cases, issue, Severity.LOW)
    assert "severity: SEC-2026-0001 is low, before high" == again.lines[0]
    with pytest.raises(Refusal, match="low already"):
        judge(cases, issue, Severity.LOW)


def test_a_fact_has_an_instant_in_the_past(cases: Cases) -> None:
    issue = cases.opened()
    before = later(cases.now, -DAY)
    state_fact(cases, issue, Fact.FIX_READY, at=before)
    assert before == cases.stands(issue).known[Fact.FIX_READY].at
    with pytest.raises(Refusal, match="still to come"):
        state_fact(cases, issue, Fact.FIXED, at=later(cases.now, 1))


@pytest.mark.parametrize("fact", sorted(set(Fact) - BY_HAND))
def test_what_follows_from_elsewhere_cannot_be_stated(cases: Cases, fact: Fact) -> None:
    """Nobody makes a date agreed, or an issue public, by saying so."""
    issue = cases.opened()
    with pytest.raises(Refusal, match="not stated by hand"):
        state_fact(cases, issue, fact)
    with pytest.raises(Refusal, match="not stated by hand"):
        cases.do(
            lambda tx: deciding.no_fact(
                tx, cases.desk, issue=issue, actor=by(ANDREA), stated=fact, now=cases.now
            )
        )


def test_a_mistaken_fact_is_taken_back(cases: Cases) -> None:
    issue = cases.opened()
    state_fact(cases, issue, Fact.FIXED)
    take = partial(
        deciding.no_fact,
        desk=cases.desk,
        issue=issue,
        actor=by(ANDREA),
        stated=Fact.FIXED,
        now=cases.now,
    )
    assert ("fact: fixed holds no more",) == cases.do(take).lines
    assert Fact.FIXED not in cases.stands(issue).known
    with pytest.raises(Refusal, match="was not stated"):
        cases.do(take)


def test_what_tools_found_is_flagged_once(cases: Cases) -> None:
    issue = cases.opened()
    flag = partial(deciding.tools, desk=cases.desk, issue=issue, actor=by(BO), now=cases.now)
    lines = cases.do(partial(flag, found=True)).lines
    assert "tools: Thu 2026-09-17 12:00:00Z is proposed" == lines[1]
    assert lines[2].startswith("told: the reporter")
    date = cases.stands(issue).date
    assert date is not None
    assert (dates.PROPOSED, "2026-09-17T12:00:00Z") == (date.state, rfc3339(date.instant))
    with pytest.raises(Refusal, match="already"):
        cases.do(partial(flag, found=True))
    cases.do(partial(flag, found=False))
    assert Fact.TOOLS not in cases.stands(issue).known
    with pytest.raises(Refusal, match="nobody said"):
        cases.do(partial(flag, found=False))


def test_what_waits_for_no_date_gets_none_from_tools(cases: Cases) -> None:
    issue = cases.opened()
    accept(cases, issue, Track.LOW)
    flag = partial(deciding.tools, desk=cases.desk, issue=issue, actor=by(BO), now=cases.now)
    assert 1 == len(cases.do(partial(flag, found=True)).lines)
    assert cases.stands(issue).date is None


@pytest.mark.parametrize("fact", [Fact.FIX_READY, Fact.DISTROS_POSTED, Fact.CERT_CONTACTED])
def test_a_fact_starts_the_clocks_that_policy_has_for_it(cases: Cases, fact: Fact) -> None:
    """Such as the seven days of the kernel's policy, before which the date comes (R-6)."""
    rule = ClockRule(name="kernel", start=StartEvent(fact), span=7 * DAY)
    embargo = EmbargoPolicy(clocks=(rule,), minimum_lead=0)
    cases.desk = replace(cases.desk, policy=replace(cases.desk.policy, embargo=embargo))
    issue = cases.opened()
    accept(cases, issue, Track.EMBARGO_ONLY)
    done = state_fact(cases, issue, fact)
    assert any(line.startswith("clock: kernel runs since") for line in done.lines)
    date = cases.stands(issue).date
    assert date is not None
    assert date.instant <= later(cases.now, 7 * DAY)


def test_a_track_without_a_date_changes_by_one_person(cases: Cases) -> None:
    issue = cases.opened()
    with pytest.raises(Refusal, match="not chosen yet"):
        change(cases, issue, Track.LOW)
    accept(cases, issue)
    change(cases, issue, Track.EMBARGO_ONLY)
    assert Track.EMBARGO_ONLY is cases.stands(issue).track
    assert [Telling.ACCEPTED] == cases.tellings(ROBIN)


def test_leaving_an_embargo_needs_another_employer(cases: Cases) -> None:
    """One person alone breaks no silence, nor do two whom one employer pays (T-11)."""
    issue = cases.opened()
    accept(cases, issue)
    agree(cases, issue, later(cases.now, 14 * DAY))
    done = change(cases, issue, Track.LOW)
    assert done.waiting
    assert Track.PREDISCLOSE is cases.stands(issue).track
    with pytest.raises(Refusal):
        cases.approve(issue, ANDREA)
    with pytest.raises(Refusal, match="employe"):
        cases.approve(issue, BO)
    assert Track.PREDISCLOSE is cases.stands(issue).track
    cases.approve(issue, WEI)
    stands = cases.stands(issue)
    assert (Track.LOW, None) == (stands.track, stands.date)
    assert [Telling.ACCEPTED, Telling.NO_EMBARGO] == cases.tellings(ROBIN)


def test_time_that_passes_voids_no_approval(cases: Cases) -> None:
    """What is hashed does not change when the date comes."""
    issue = cases.opened()
    accept(cases, issue)
    agree(cases, issue, later(cases.now, DAY))
    change(cases, issue, Track.LOW)
    cases.pass_time(2 * DAY)
    cases.approve(issue, WEI)
    assert Track.LOW is cases.stands(issue).track


def test_a_date_that_moved_meanwhile_voids_the_approval(cases: Cases) -> None:
    issue = cases.opened()
    accept(cases, issue)
    change(cases, issue, Track.LOW)
    agree(cases, issue, later(cases.now, DAY))
    with pytest.raises(Refusal, match="not what was approved"):
        cases.approve(issue, WEI)
    assert Track.PREDISCLOSE is cases.stands(issue).track


def test_of_what_a_shell_did_the_team_is_told(cases: Cases) -> None:
    issue = cases.opened()
    judge(cases, issue, Severity.HIGH, actor=SHELL)
    assert ["issue.severity"] == cases.log(issue)
    notices = cases.notices()
    assert ["[SEC-2026-0001] severity: SEC-2026-0001 is high, says shell:admin"] == notices


def test_an_issue_that_is_closed_is_not_judged(cases: Cases) -> None:
    issue = cases.opened()
    cases.do(
        lambda tx: closing.reject(
            tx,
            cases.desk,
            issue=issue,
            actor=by(ANDREA),
            reason=Rejection.SPAM,
            now=cases.now,
        )
    )
    with pytest.raises(Refusal, match="it is rejected"):
        judge(cases, issue, Severity.LOW)
    with pytest.raises(Refusal, match="rejected"):
        state_fact(cases, issue, Fact.FIXED)
