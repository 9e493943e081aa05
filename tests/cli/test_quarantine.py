"""`gatekeeper mail quarantine`: what could not be handled is seen, and can be handled again."""

import pytest
from sqlalchemy import text

from gatekeeper.domain.identity import RowId, short_tag
from gatekeeper.domain.report import MessageState
from gatekeeper.store import audit, issues, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.cli.conftest import REPORT, Shell
from tests.house import open_house

LEASE = b"l" * 16


@pytest.fixture
def quarantined(store: Store) -> RowId:
    """Put one report into quarantine."""
    with open_house(store) as house:
        message = house.receive(REPORT)

        def give_up(tx: Tx) -> None:
            messages.claim(tx, now=house.now, lease=1, token=LEASE, limit=1)
            messages.fail(
                tx,
                message=message,
                token=LEASE,
                problem="unexpected KeyError",
                quarantine=True,
                now=house.now,
            )

        store.write(give_up)
    return message


def test_it_is_listed_with_its_problem(shell: Shell, quarantined: RowId) -> None:
    """One line for each message, without a word of its content."""
    head, line = shell("mail", "quarantine", "list").out.splitlines()
    assert ["MESSAGE", "RECEIVED", "BYTES", "TRIES", "PROBLEM"] == head.split("\t")
    name, *_, tries, problem = line.split("\t")
    assert short_tag(quarantined).startswith(name)
    assert ("1", "unexpected KeyError") == (tries, problem)
    (value,) = shell("mail", "quarantine", "list", "--json").json
    assert (short_tag(quarantined), "quarantined") == (value["message"], value["state"])
    assert "Crash" not in str(value)


def test_one_is_shown_with_how_it_came_and_as_it_came(
    shell: Shell, store: Store, quarantined: RowId
) -> None:
    """The facts hold no word of its content, the message is byte for byte; both are recorded."""
    short = short_tag(quarantined)[:8]
    told = shell("mail", "quarantine", "show", short)
    assert "unexpected KeyError" in told.out
    assert "Crash" not in told.out
    found = shell("mail", "quarantine", "show", short, "--json").json
    envelope = store.read(lambda tx: messages.head(tx, quarantined)).envelope
    assert [str(each) for each in envelope.recipients] == found["recipients"]
    raw = store.read(lambda tx: messages.load(tx, quarantined)).raw or b""
    assert raw.decode() == shell("mail", "quarantine", "show", short, "--raw").out
    kinds = store.read(
        lambda tx: tx.connection.scalars(text("SELECT kind FROM events ORDER BY seq")).all()
    )
    assert ["message.shown"] * 3 == list(kinds)[-3:]


def test_a_released_message_becomes_an_issue(
    shell: Shell, store: Store, quarantined: RowId
) -> None:
    """It is handled like any other, its attempts counted anew, and the log says who did it."""
    said = shell("mail", "quarantine", "release", short_tag(quarantined)[:8])
    assert (0, "") == (said.status, said.err)
    row = store.read(lambda tx: messages.head(tx, quarantined))
    assert (MessageState.STORED, 0, "") == (row.state, row.attempts, row.problem)
    with open_house(store) as house:
        house.now = row.received_at
        house.pass_time(10**15)
        house.settle()
    assert 1 == len(store.read(issues.list_all))
    assert () == store.read(audit.verify)
    kinds = text("SELECT kind FROM events ORDER BY seq")
    entries = store.read(lambda tx: tuple(tx.connection.scalars(kinds)))
    assert "message.released" == entries[0]
    assert "issue.opened" in entries


def test_what_is_not_there_cannot_be_released(shell: Shell, quarantined: RowId) -> None:
    """Neither a stranger's id nor a message that was released already."""
    assert 4 == shell("mail", "quarantine", "release", "aaaaaaaa").status
    assert 0 == shell("mail", "quarantine", "release", short_tag(quarantined)).status
    assert 4 == shell("mail", "quarantine", "release", short_tag(quarantined)).status
    assert 2 == shell("mail", "quarantine", "release", "abc").status
    assert "MESSAGE" in shell("mail", "quarantine", "list").out
