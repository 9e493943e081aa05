"""An issue about two things becomes two, with the same people and the same dates."""

from functools import partial

import pytest

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.outcomes import Telling
from gatekeeper.domain.participants import Credit
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.reasons import Rejection
from gatekeeper.issues import closing, splitting
from gatekeeper.issues.acting import Done
from gatekeeper.pgp import guests
from gatekeeper.store import ceilings, correspondents, dates
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from tests.issues.cases import ANDREA, ROBIN, Cases, by, cases_of
from tests.issues.reports import robin_key


@pytest.fixture
def cases(store: Store) -> Cases:
    return cases_of(store)


def split(cases: Cases, issue: IssueRow, subject: str = "The second parser") -> Done:
    """Have Andrea split an issue."""
    act = partial(splitting.split, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    return cases.do(partial(act, subject=subject))


def test_the_further_issue_has_the_date_and_what_binds_it(cases: Cases) -> None:
    issue = cases.opened()
    instant = later(cases.now, 14 * DAY)
    date = DateRow(
        issue=issue.id, number=1, instant=instant, state=dates.AGREED, by="reporter", at=cases.now
    )
    cases.do(partial(dates.add, date=date))
    put = partial(ceilings.put, issue=issue.id, holder="reporter", kind="agreed", by="reporter")
    cases.do(partial(put, instant=instant, now=cases.now))
    done = split(cases, issue)
    made = cases.numbered(2)
    stands = cases.stands(made)
    assert (IssueState.REPORTED, issue.id) == (stands.state, stands.decided.split_from)
    assert stands.date is not None
    assert (instant, dates.AGREED) == (stands.date.instant, stands.date.state)
    held = cases.store.read(partial(ceilings.binding, issue=made.id))
    assert [("reporter", instant)] == [(each.holder, each.instant) for each in held]
    assert "The second parser" == made.subject
    assert (
        f"split: {made.issue_id} begins with the people and the dates of {issue.issue_id}"
        == (done.lines[0])
    )


def test_its_people_take_part_in_both_each_by_an_address_of_its_own(cases: Cases) -> None:
    issue = cases.opened()
    (first,) = cases.store.read(lambda tx: correspondents.of_issue(tx, issue.id))
    certificate = robin_key().public
    cases.do(
        partial(
            correspondents.pin,
            correspondent=first.id,
            certificate=certificate,
            fingerprint=robin_key().fingerprint,
            key_ids=guests.key_ids(certificate),
            now=cases.now,
        )
    )
    credit = Credit(line="Robin Example")
    keep = partial(correspondents.set_credit, correspondent=first.id, credit=credit)
    cases.do(partial(keep, now=cases.now))
    split(cases, issue)
    made = cases.numbered(2)
    (again,) = cases.store.read(lambda tx: correspondents.of_issue(tx, made.id))
    assert (first.address, robin_key().fingerprint, credit) == (
        again.address,
        again.fingerprint,
        again.credit,
    )
    assert first.route != again.route
    ((_, outcome),) = cases.told(ROBIN)
    assert (Telling.SPLIT, issue.issue_id, made.issue_id) == (
        outcome.telling,
        outcome.issue,
        outcome.other,
    )


def test_the_team_is_told_in_the_further_issue(cases: Cases) -> None:
    split(cases, cases.opened())
    subject = "[SEC-2026-0002] SEC-2026-0002 was split from SEC-2026-0001 by Andrea Example"
    assert [subject.replace("] SEC-2026-0002 was", "] SEC-2026-0002 was")] == cases.notices()


def test_a_closed_issue_is_not_split(cases: Cases) -> None:
    issue = cases.opened()
    act = partial(closing.reject, desk=cases.desk, issue=issue, actor=by(ANDREA), now=cases.now)
    cases.do(partial(act, reason=Rejection.SPAM))
    with pytest.raises(Refusal, match="it is rejected"):
        split(cases, issue)
