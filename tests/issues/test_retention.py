"""What is done with is erased when policy says, and nothing else ever is: issues."""

from functools import partial

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.retention import ERASED, ERASED_ADDRESS
from gatekeeper.store import (
    audit,
    correspondents,
    deliveries,
    issues,
    letters,
    messages,
    requests,
)
from gatekeeper.store.engine import Tx
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import OPEN_STATES
from tests.house import PEOPLE, House
from tests.issues.bounced import latest_to
from tests.issues.found import handle_all
from tests.issues.reports import plain
from tests.issues.retaining import (
    CLOSED,
    ROBIN,
    STAYS,
    YEAR,
    a_case,
    blobs,
    close,
    entries,
    erase_all,
    kept,
    sound,
)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_nothing_of_an_open_issue_is_ever_erased(house: House, state: str) -> None:
    issue = a_case(house)
    close(house, issue.id, state)
    before = kept(house, issue.id)
    house.pass_time(50 * YEAR)
    erase_all(house)
    assert before == kept(house, issue.id)
    assert [] == entries(house, issue.id, "mail.erased")


@pytest.mark.parametrize("state", CLOSED)
def test_the_mail_of_a_closed_issue_is_erased_a_year_after_its_last_change(
    house: House, state: str
) -> None:
    issue = a_case(house)
    close(house, issue.id, state)
    house.pass_time(YEAR)
    erase_all(house, automatic=None, postmaster=None)
    assert (2, 3) == kept(house, issue.id), "a message, a bounce; a copy, an answer, a notice"
    house.pass_time(1)
    assert 5 == erase_all(house, automatic=None, postmaster=None)
    assert (0, 0) == kept(house, issue.id)
    expected = {"why": "mail", "messages": 2, "letters": 3}
    assert [expected] == entries(house, issue.id, "mail.erased")
    now = house.store.read(lambda tx: issues.by_row(tx, issue.id))
    assert (issue.subject, issue.reporter, 2) == (now.subject, now.reporter, now.message_count)
    assert 0 == erase_all(house)
    assert sound(house)


def test_what_was_erased_reads_as_empty_and_cannot_be_sent(house: House) -> None:
    issue = a_case(house)
    failed = latest_to(house, ROBIN)
    assert DeliveryState.FAILED is failed.state
    close(house, issue.id)
    house.pass_time(2 * YEAR)
    erase_all(house)
    for row in house.store.read(lambda tx: messages.of_issue(tx, issue.id)):
        loaded = house.store.read(partial(messages.load, message=row.id))
        assert (None, "text" in (loaded.summary or {})) == (loaded.raw, False)
    for head in house.store.read(lambda tx: letters.of_issue(tx, issue.id)):
        letter = house.store.read(partial(letters.load, letter=head.id))
        assert (b"", None, b"") == (letter.plaintext, letter.shared, letter.frame_head)
        assert "text" not in head.summary
    with pytest.raises(Conflict, match="erased"):
        house.store.write(lambda tx: deliveries.retry(tx, delivery=failed.id, now=house.now))


def test_all_else_of_a_closed_issue_is_erased_after_five_years(house: House) -> None:
    """Every ciphertext that could say something is gone; numbers, states, instants are there."""
    issue = a_case(house)
    ask(house, issue.id)
    house.store.write(lambda tx: issues.set_owner(tx, issue=issue.id, owner="Wei", now=house.now))
    close(house, issue.id)
    before = house.store.read(blobs)
    events = house.store.read(lambda tx: audit.of_issue(tx, issue.id))
    house.pass_time(6 * YEAR)
    erase_all(house)
    after = house.store.read(blobs)
    survived = {name for name in before if before[name] & after[name]}
    assert survived <= STAYS.keys(), survived - STAYS.keys()
    now = house.store.read(lambda tx: issues.by_row(tx, issue.id))
    assert (ERASED, "", "") == (now.subject, now.reporter, now.owner)
    assert (issue.issue_id, issue.tag, "disclosed", issue.opened_at) == (
        now.issue_id,
        now.tag,
        now.state,
        now.opened_at,
    )
    (reporter,) = house.store.read(lambda tx: correspondents.of_issue(tx, issue.id))
    assert (ERASED_ADDRESS, None) == (reporter.address, reporter.certificate)
    rows = house.store.read(lambda tx: deliveries.list_all(tx, issue=issue.id))
    assert {ERASED_ADDRESS} == {row.recipient for row in rows}
    assert {ERASED} == {row.name for row in rows}
    for entry in house.store.read(lambda tx: audit.of_issue(tx, issue.id)):
        told = entry.kind in {"mail.erased", "issue.erased"}
        assert told is (entry.payload is not None), entry.kind
    assert [entry.seq for entry in events] == [
        entry.seq for entry in house.store.read(lambda tx: audit.of_issue(tx, issue.id))
    ][: len(events)]
    assert [{"why": "issues"}] == entries(house, issue.id, "issue.erased")
    assert sound(house)
    assert 0 == erase_all(house)


def ask(house: House, issue: RowId, *, state: str = requests.WITHDRAWN) -> None:
    """Have somebody ask for what a second person has to approve, and end it so."""

    def write(tx: Tx) -> None:
        row = requests.add(
            tx,
            issue=issue,
            kind="reply-clear",
            effect=issue + b"e" * 16,
            payload={"text": "What Robin wrote"},
            needed=2,
            created_by="Andrea Example",
            now=house.now,
        )
        requests.approve(tx, request=row, person="A" * 40, name="Andrea Example", now=house.now)
        if state != requests.WAITING:
            requests.close(tx, request=row, state=state, now=house.now)

    house.store.write(write)


def test_an_issue_of_which_a_request_waits_keeps_what_was_asked(house: House) -> None:
    issue = a_case(house)
    ask(house, issue.id, state=requests.WAITING)
    close(house, issue.id)
    house.pass_time(6 * YEAR)
    erase_all(house)
    assert issue.subject == house.store.read(lambda tx: issues.by_row(tx, issue.id)).subject


def test_mail_that_comes_after_all_was_erased_is_erased_in_its_time(house: House) -> None:
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(6 * YEAR)
    erase_all(house)
    andrea = PEOPLE[0][1]
    house.receive(plain(subject=f"{issue.issue_id}", sender=andrea), sender=andrea)
    handle_all(house)
    assert 3 == len(house.store.read(lambda tx: messages.of_issue(tx, issue.id)))
    assert 0 == erase_all(house), "its copy waits, and it is new"
    house.settle()
    house.collect()
    house.pass_time(6 * YEAR)
    assert erase_all(house)
    assert (0, 0) == kept(house, issue.id)
    assert 2 == len(entries(house, issue.id, "issue.erased"))
    assert sound(house)


def test_legal_hold_stops_it_and_taking_it_off_lets_it_go_on(house: House) -> None:
    issue = a_case(house)
    close(house, issue.id)
    assert house.store.write(lambda tx: issues.hold(tx, issue=issue.id, on=True))
    before = kept(house, issue.id)
    house.pass_time(50 * YEAR)
    assert 0 == erase_all(house)
    assert before == kept(house, issue.id)
    assert house.store.write(lambda tx: issues.hold(tx, issue=issue.id, on=False))
    assert erase_all(house)
    assert (0, 0) == kept(house, issue.id)


def test_what_still_waits_is_not_erased(house: House) -> None:
    """A copy that is not sent yet needs the message: without it, it could never be sealed."""
    house.receive(plain(), sender=ROBIN)
    handle_all(house)
    (issue,) = house.store.read(issues.list_all)
    close(house, issue.id)
    house.pass_time(50 * YEAR)
    assert 0 == erase_all(house)
    assert (1, 2) == kept(house, issue.id)
    house.settle()
    assert 0 == erase_all(house), "sealed, and not sent"
    house.collect()
    assert erase_all(house)
    assert (0, 0) == kept(house, issue.id)
