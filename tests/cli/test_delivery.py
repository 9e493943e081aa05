"""`gatekeeper delivery`: who got what, what is blocked and why, and once more at a wish."""

import getpass
import socket

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import DAY
from gatekeeper.store import audit, deliveries, issues
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Store
from tests.cli.conftest import REPORT, Shell
from tests.cli.story import ROBINS
from tests.house import PEOPLE, open_house
from tests.sinks import running_sink


def rows(store: Store) -> tuple[DeliveryRow, ...]:
    """Return all deliveries."""
    return store.read(deliveries.list_all)


@pytest.fixture
def deferred(store: Store) -> Store:
    """Fill the database with one report whose copies no relay took yet."""
    with open_house(store) as house, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        house.receive(REPORT)
        house.settle()
        house.send("127.0.0.1", closed.getsockname()[1])
    return store


@pytest.fixture
def failed(store: Store) -> Store:
    """Fill the database with one report that no relay took within five days."""
    with open_house(store) as house, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        house.receive(REPORT)
        house.settle()
        house.pass_time(6 * DAY)
        house.send("127.0.0.1", closed.getsockname()[1])
    return store


@pytest.fixture
def delivered(store: Store) -> Store:
    """Fill the database with one report that reached everybody."""
    with open_house(store) as house, running_sink() as sink:
        house.receive(REPORT)
        house.settle()
        house.send("127.0.0.1", sink.port)
    return store


def test_deliveries_are_listed(shell: Shell, deferred: Store) -> None:
    """One line for each, with an id short enough to type and the relay's last words."""
    head, *lines = [line.split("\t") for line in shell("delivery", "list").out.splitlines()]
    assert ["DELIVERY", "ISSUE", "TO", "STATE", "TRIES", "WHY"] == head
    assert {address for _, address in PEOPLE} | {ROBINS} == {line[2] for line in lines}
    assert {("SEC-2026-0001", "deferred", "1")} == {(x[1], x[3], x[4]) for x in lines}
    assert all(8 == len(line[0]) and line[5] for line in lines)
    found = shell("delivery", "list", "--json").json
    assert [short_tag(row.id) for row in rows(deferred)] == [one["delivery"] for one in found]
    keys = {one["recipient"]: len(one["fingerprints"]) for one in found}
    assert {**{address: 1 for _, address in PEOPLE}, ROBINS: 0} == keys


def test_a_list_can_be_narrowed(shell: Shell, deferred: Store) -> None:
    assert 4 == len(shell("delivery", "list", "--issue", "SEC-2026-0001", "--json").json)
    assert 4 == len(shell("delivery", "list", "--state", "deferred", "--json").json)
    assert [] == shell("delivery", "list", "--state", "blocked", "--json").json
    assert 4 == shell("delivery", "list", "--issue", "SEC-2026-0002").status
    assert 2 == shell("delivery", "list", "--issue", "2").status


def test_one_is_shown_by_the_first_letters_of_its_id(shell: Shell, deferred: Store) -> None:
    row = rows(deferred)[0]
    name = short_tag(row.id)
    for text in (name, name[:6], name[:10].upper()):
        said = shell("delivery", "show", text)
        assert 0 == said.status
        assert f"to            {row.name} <{row.recipient}>" in said.out
        assert "state         deferred" in said.out
    assert name == shell("delivery", "show", name[:8], "--json").json["delivery"]


def test_what_goes_in_clear_says_so(shell: Shell, deferred: Store) -> None:
    """The acknowledgement of a report without a key is encrypted to nobody."""
    for row in rows(deferred):
        shown = shell("delivery", "show", short_tag(row.id)).out
        clear = str(row.recipient) == ROBINS
        expected = "nobody: it goes in clear" if clear else row.fingerprints[0]
        assert f"encrypted to  {expected}\n" in shown


@pytest.mark.parametrize(
    ("text", "status"), [("abcde", 2), ("0000000", 2), ("a" * 27, 2), ("aaaaaaaa", 4)], ids=str
)
def test_what_is_no_id_is_told(text: str, status: int, shell: Shell, deferred: Store) -> None:
    for verb in ("show", "retry"):
        said = shell("delivery", verb, text)
        assert (status, "") == (said.status, said.out)
        assert "gatekeeper delivery list" in said.err


def test_a_waiting_one_is_tried_at_once(shell: Shell, deferred: Store) -> None:
    """It is due now, and who wished it is recorded."""
    row = rows(deferred)[0]
    said = shell("delivery", "retry", short_tag(row.id)[:8])
    assert 0 == said.status
    assert "is deferred and due now" in said.out
    issue = deferred.read(issues.list_all)[0].id
    last = deferred.read(lambda tx: audit.of_issue(tx, issue))[-1]
    assert ("delivery.retried", f"shell:{getpass.getuser()}") == (last.kind, last.actor)
    assert rows(deferred)[0].due_at > row.due_at


def test_a_failed_one_gets_its_full_time_again(shell: Shell, failed: Store) -> None:
    row = rows(failed)[0]
    assert DeliveryState.FAILED is row.state
    found = shell("delivery", "retry", short_tag(row.id), "--json").json
    assert ("deferred", row.attempts) == (found["state"], found["attempts"])
    assert rows(failed)[0].first_due_at > row.first_due_at


def test_a_delivered_one_is_refused_by_the_rule(shell: Shell, delivered: Store) -> None:
    """Status 1, nothing changed, nothing recorded."""
    row = rows(delivered)[0]
    before = delivered.read(audit.head)
    said = shell("delivery", "retry", short_tag(row.id))
    assert (1, "") == (said.status, said.out)
    assert "a delivered delivery has nothing to try again" in said.err
    assert row == rows(delivered)[0]
    assert before == delivered.read(audit.head)
    assert "next try      none" in shell("delivery", "show", short_tag(row.id)).out
