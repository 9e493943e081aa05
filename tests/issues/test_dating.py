"""The team proposes, records, moves; nobody alone, nothing past an agreement, all are told."""

from functools import partial

import pytest

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.ceilings import REPORTER, CeilingKind
from gatekeeper.domain.date_forms import DateLetter, DateTelling
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import DAY, SECOND, Instant, later
from gatekeeper.domain.process_policy import StartEvent
from gatekeeper.domain.protection import Form
from gatekeeper.issues import approving, dating
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.letterhead import load
from gatekeeper.store import ceilings, dates, deliveries, letters, requests
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.issues import IssueRow
from tests.domain.date_samples import at
from tests.issues.cases import ANDREA, BO, ROBIN, SHELL, THEIRS, WEI, Cases, by, cases_of

POLICYS, EARLIER, LATER = at("2026-09-24"), at("2026-09-17"), at("2026-10-01")


@pytest.fixture
def cases(store: Store) -> Cases:
    return cases_of(store)


def propose(cases: Cases, issue: IssueRow, when: str, actor: Actor | None = None) -> Done:
    """Have Andrea, or somebody else, propose a date."""
    ask = partial(dating.propose, desk=cases.desk, issue=issue, actor=actor or by(ANDREA))
    return cases.do(lambda tx: ask(tx, when=when, now=cases.now))


def move(cases: Cases, issue: IssueRow, when: str, actor: Actor | None = None) -> Done:
    """Have Andrea, or somebody else, move the date."""
    ask = partial(dating.move, desk=cases.desk, issue=issue, actor=actor or by(ANDREA))
    return cases.do(lambda tx: ask(tx, when=when, reason="a reason", now=cases.now))


def agree(cases: Cases, issue: IssueRow, when: str, holder: str = REPORTER) -> Done:
    """Have Andrea record that somebody agreed on the phone."""
    ask = partial(dating.agree, desk=cases.desk, issue=issue, actor=by(ANDREA))
    return cases.do(lambda tx: ask(tx, when=when, holder=holder, via="phone", now=cases.now))


def agreed(cases: Cases, issue: IssueRow, when: str, holder: str = REPORTER) -> None:
    """Have it recorded by two."""
    agree(cases, issue, when, holder)
    cases.approve(issue, WEI)
    cases.pass_time(SECOND)


def date(cases: Cases, issue: IssueRow) -> DateRow:
    """Return the date that stands."""
    found = cases.store.read(lambda tx: dates.standing(tx, issue.id))
    assert found is not None
    return found


def told(cases: Cases, address: str = ROBIN) -> list[tuple[Form, DateLetter]]:
    """Return every letter about a date to an address, oldest first, and in which form."""

    def read(tx: Tx) -> list[tuple[Form, DateLetter]]:
        found = []
        for row in deliveries.list_all(tx):
            letter = letters.load(tx, row.letter)
            form = load(letter.plaintext).form
            if str(row.recipient) == address and isinstance(form, DateLetter):
                found.append((letter.form, form))
        return found

    return cases.store.read(read)


def bound(cases: Cases, issue: IssueRow) -> dict[str, tuple[Instant, str]]:
    """Return the ceilings by their holder."""
    rows = cases.store.read(lambda tx: ceilings.binding(tx, issue.id))
    return {row.holder: (row.instant, row.kind) for row in rows}


def test_the_first_word_about_a_date_writes_down_what_policy_proposed(cases: Cases) -> None:
    issue = cases.opened()
    done = propose(cases, issue, "2026-09-17T12:00Z")
    assert "propose: Thu 2026-09-17 12:00:00Z is proposed to the reporter" == done.lines[0]
    history = cases.store.read(lambda tx: dates.history(tx, issue.id))
    assert [(POLICYS, "policy"), (EARLIER, ANDREA.name)] == [
        (row.instant, row.by) for row in history
    ]


def test_a_proposal_asks_the_reporter_with_a_code_in_clear(cases: Cases) -> None:
    issue = cases.opened()
    propose(cases, issue, "2026-09-17T12:00Z")
    ((form, letter),) = told(cases)
    assert (Form.CLEAR_FORM, DateTelling.PROPOSED, EARLIER) == (
        form,
        letter.telling,
        letter.instant,
    )
    assert letter.code


def test_who_has_a_key_is_asked_encrypted_and_signs(cases: Cases) -> None:
    issue = cases.opened(key=THEIRS)
    propose(cases, issue, "2026-09-17T12:00Z")
    ((form, letter),) = told(cases)
    assert (Form.SEALED, "") == (form, letter.code)


def test_a_code_that_is_not_used_yet_stays_good(cases: Cases) -> None:
    issue = cases.opened()
    propose(cases, issue, "2026-09-17T12:00Z")
    propose(cases, issue, "2026-09-16T12:00Z")
    (_, first), (_, second) = told(cases)
    assert first.code == second.code


def test_a_later_proposal_waits_for_a_second_person(cases: Cases) -> None:
    issue = cases.opened()
    done = propose(cases, issue, "2026-10-01T12:00Z")
    assert done.waiting
    assert ([], POLICYS) == (told(cases), date(cases, issue).instant)
    with pytest.raises(Refusal):
        cases.approve(issue, BO)
    cases.approve(issue, WEI)
    assert (LATER, "proposed", "approval") == (
        date(cases, issue).instant,
        date(cases, issue).state,
        date(cases, issue).via,
    )
    assert [DateTelling.PROPOSED] == [letter.telling for _, letter in told(cases)]


def test_a_shell_alone_approves_nothing(cases: Cases) -> None:
    issue = cases.opened()
    propose(cases, issue, "2026-10-01T12:00Z", SHELL)
    cases.approve(issue, ANDREA)
    assert POLICYS == date(cases, issue).instant
    cases.approve(issue, WEI)
    assert LATER == date(cases, issue).instant


def test_a_record_needs_two_and_is_echoed_to_the_reporter(cases: Cases) -> None:
    issue = cases.opened()
    agree(cases, issue, "2026-09-24T12:00Z")
    assert ("proposed", {}) == (date(cases, issue).state, bound(cases, issue))
    cases.approve(issue, WEI)
    found = date(cases, issue)
    assert ("agreed", "reporter", "phone") == (found.state, found.by, found.via)
    assert {REPORTER: (POLICYS, CeilingKind.AGREED)} == bound(cases, issue)
    assert [(DateTelling.RECORDED, POLICYS)] == [
        (letter.telling, letter.instant) for _, letter in told(cases)
    ]


def test_no_date_is_later_than_the_reporter_agreed_to_whatever_approvals_say(cases: Cases) -> None:
    issue = cases.opened()
    move(cases, issue, "2026-10-01T12:00Z")
    agreed_first = partial(agree, cases, issue, "2026-09-24T12:00Z")
    waiting = cases.store.read(lambda tx: requests.waiting(tx, issue=issue.id))
    assert [RequestKind.DATE_MOVE] == [each.kind for each in waiting]
    move_hash = waiting[0].effect
    agreed_first()
    other = next(
        each
        for each in cases.store.read(lambda tx: requests.waiting(tx, issue=issue.id))
        if each.effect != move_hash
    )
    approve(cases, issue, other.effect)
    with pytest.raises(Refusal, match="not what was approved any more"):
        approve(cases, issue, move_hash)
    assert POLICYS == date(cases, issue).instant
    with pytest.raises(Refusal) as refused:
        move(cases, issue, "2026-10-01T12:00Z")
    assert "the reporter agreed to Thu 2026-09-24 12:00:00Z and no later date" in str(refused.value)
    assert "allowed and near: Thu 2026-09-24 12:00:00Z" == refused.value.remedy


def approve(cases: Cases, issue: IssueRow, effect: bytes) -> Done:
    """Have Wei approve one of several requests."""
    return cases.do(
        lambda tx: approving.approve(
            tx, cases.desk, issue=issue, actor=by(WEI), effect=effect.hex(), now=cases.now
        )
    )


def test_an_agreed_date_moves_earlier_by_two_and_all_are_told(cases: Cases) -> None:
    issue = cases.opened(key=THEIRS)
    cases.invited(issue, "upstream")
    agreed(cases, issue, "2026-09-24T12:00Z")
    assert move(cases, issue, "2026-09-17T12:00Z").waiting
    cases.approve(issue, WEI)
    assert (EARLIER, "agreed", "reporter") == (
        date(cases, issue).instant,
        date(cases, issue).state,
        date(cases, issue).by,
    )
    (_, last) = told(cases)[-1]
    assert (DateTelling.MOVED, EARLIER, POLICYS) == (last.telling, last.instant, last.before)
    ((_, others),) = told(cases, "upstream@a.example")
    assert (DateTelling.OTHERS, EARLIER) == (others.telling, others.instant)


def test_a_vendor_s_earlier_date_wins_and_nothing_moves_past_it(cases: Cases) -> None:
    issue = cases.opened()
    agreed(cases, issue, "2026-09-24T12:00Z")
    agreed(cases, issue, "2026-09-17T12:00Z", "vendor")
    assert EARLIER == date(cases, issue).instant
    with pytest.raises(Refusal, match="the vendor agreed to Thu 2026-09-17"):
        move(cases, issue, "2026-09-24T12:00Z")


def test_another_date_than_the_agreed_one_is_asked_about_and_moves_nothing(cases: Cases) -> None:
    issue = cases.opened()
    agreed(cases, issue, "2026-09-24T12:00Z")
    done = propose(cases, issue, "2026-10-01T12:00Z")
    assert ("", POLICYS) == (done.waiting, date(cases, issue).instant)
    (_, last) = told(cases)[-1]
    assert (DateTelling.OFFERED, LATER, POLICYS) == (last.telling, last.instant, last.before)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("2026-09-01T12:00Z", "past"),
        ("2026-09-24T12:00", "no zone"),
        ("03/04/2027", "may be"),
        ("soon", "not a date"),
        ("2026-09-20T12:00Z", "Sunday 2026-09-20 is a day on which nothing is published"),
        ("2026-12-24T12:00Z", "when the clock policy ends"),
    ],
)
def test_a_date_that_may_not_be_is_refused_with_the_nearest_ones(
    cases: Cases, when: str, said: str
) -> None:
    issue = cases.opened()
    for act in (propose, move):
        with pytest.raises(Refusal) as refused:
            act(cases, issue, when)
        assert said in str(refused.value)
        assert "allowed and near: " in refused.value.remedy
    assert [] == told(cases)


def test_a_day_alone_is_the_hour_of_the_calendar(cases: Cases) -> None:
    issue = cases.opened()
    propose(cases, issue, "17 September 2026")
    assert EARLIER == date(cases, issue).instant


def test_silence_binds_policy_s_date_and_both_sides_are_told(cases: Cases) -> None:
    issue = cases.opened()
    propose(cases, issue, "2026-09-24T12:00Z")
    silence = partial(dating.silence, desk=cases.desk, issue=issue)
    assert not cases.do(lambda tx: silence(tx, now=later(cases.now, 10 * DAY - 1)))
    cases.pass_time(10 * DAY)
    assert cases.do(lambda tx: silence(tx, now=cases.now))
    assert ("agreed", "policy-default") == (date(cases, issue).state, date(cases, issue).by)
    assert DateTelling.BOUND is told(cases)[-1][1].telling
    assert "the proposed date stands" in cases.notices()[-1]
    assert not cases.do(lambda tx: silence(tx, now=cases.now))


def test_silence_does_not_bind_what_one_person_alone_proposed(cases: Cases) -> None:
    issue = cases.opened()
    propose(cases, issue, "2026-09-17T12:00Z")
    cases.pass_time(11 * DAY)
    assert not cases.do(lambda tx: dating.silence(tx, cases.desk, issue=issue, now=cases.now))


def test_a_clock_brings_the_date_under_its_cap_and_all_are_told(cases: Cases) -> None:
    issue = cases.opened()
    agreed(cases, issue, "2026-10-01T12:00Z")
    start = partial(
        dating.clock_event,
        desk=cases.desk,
        issue=issue,
        event=StartEvent.DISTROS_POSTED,
        actor=by(ANDREA),
    )
    lines = cases.do(lambda tx: start(tx, at=cases.now, now=cases.now))
    assert "clock: linux-distros runs since Thu 2026-09-03 12:00:01Z" in lines[0]
    assert EARLIER == date(cases, issue).instant
    assert DateTelling.MOVED is told(cases)[-1][1].telling
    assert () == cases.do(lambda tx: start(tx, at=cases.now, now=cases.now))


def test_what_anybody_may_find_is_proposed_earlier_once(cases: Cases) -> None:
    issue = cases.opened()
    flag = partial(dating.with_tools, desk=cases.desk, issue=issue, actor=by(ANDREA))
    lines = cases.do(lambda tx: flag(tx, now=cases.now))
    assert "tools: Thu 2026-09-17 12:00:00Z is proposed" == lines[0]
    assert () == cases.do(lambda tx: flag(tx, now=cases.now))


def test_an_extension_is_recorded_with_who_asked_and_moves_nothing(cases: Cases) -> None:
    issue = cases.opened()
    done = cases.do(
        lambda tx: dating.extension(
            tx,
            cases.desk,
            issue=issue,
            actor=by(ANDREA),
            org="Example Hosting",
            when="2026-10-01T12:00Z",
            now=cases.now,
        )
    )
    assert "recorded that Example Hosting asked for more time until Thu 2026-10-01" in done.lines[0]
    assert "date.extension_asked" in cases.log(issue)
    assert ([], None) == (told(cases), cases.stands(issue).date)
