"""docs/states.md draws what the tables and the store really do."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.report import Kind, MessageState
from gatekeeper.store import messages, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.architecture.sources import read
from tests.docs.printing import PRINTED, delivery_diagram, printed_parts, retry_schedule
from tests.store import samples

DOCUMENT = "docs/states.md"
PROCESS_TABLES = ("steps", "track changes", "rejections", "no embargo", "approvals")
LEASE = 60_000_000
FIRST, LATER = b"first holder....", b"second holder..."

Happening = Callable[[Tx, RowId, bytes, Instant], None]


def section(title: str) -> str:
    """Return the text of one section of the document."""
    return read(DOCUMENT).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def states_in(text: str) -> list[str]:
    """Return the first cell of every row of the table in `text`."""
    cells = re.findall(r"^\| ([\w -]+) \|", text, re.MULTILINE)
    return [cell for cell in cells if cell not in {"state", "---"}]


def test_the_delivery_diagram_is_printed_from_the_table() -> None:
    assert delivery_diagram() == printed_parts(read(DOCUMENT))["delivery diagram"]


def test_the_schedule_is_printed_from_the_rule() -> None:
    assert retry_schedule() == printed_parts(read(DOCUMENT))["retry schedule"]


def test_every_state_is_explained_once() -> None:
    assert [str(state) for state in DeliveryState] == states_in(section("Deliveries"))
    assert [str(state) for state in MessageState] == states_in(section("Messages"))
    assert [str(state) for state in IssueState] == states_in(section("Issues"))[: len(IssueState)]


@pytest.mark.parametrize("name", ["issue diagram", *PROCESS_TABLES])
def test_the_process_is_printed_from_its_tables(name: str) -> None:
    assert PRINTED[name]() == printed_parts(read(DOCUMENT))[name]


def _claim(tx: Tx, message: RowId, token: bytes, now: Instant) -> None:
    claimed = messages.claim(tx, now=now, lease=LEASE, token=token, limit=1)
    assert [message] == [one.id for one in claimed]


def _finish(tx: Tx, message: RowId, token: bytes, now: Instant) -> None:
    messages.finish(
        tx,
        message=message,
        token=token,
        kind=Kind.REPORT,
        issue=None,
        summary={},
        message_id=None,
        now=now,
    )


def _fail(tx: Tx, message: RowId, token: bytes, now: Instant) -> None:
    messages.fail(
        tx, message=message, token=token, problem="x", quarantine=False, now=now, retry_at=now
    )


def _quarantine(tx: Tx, message: RowId, token: bytes, now: Instant) -> None:
    messages.fail(tx, message=message, token=token, problem="x", quarantine=True, now=now)


def _release(tx: Tx, message: RowId, token: bytes, now: Instant) -> None:
    assert token
    messages.release(tx, message=message, now=now)


HAPPENINGS: dict[str, Happening] = {
    "claim": _claim,
    "finish": _finish,
    "fail": _fail,
    "quarantine": _quarantine,
    "release": _release,
}
WAYS: dict[MessageState, tuple[str, ...]] = {
    MessageState.STORED: (),
    MessageState.CLAIMED: ("claim",),
    MessageState.HANDLED: ("claim", "finish"),
    MessageState.QUARANTINED: ("claim", "quarantine"),
}


def observed(store: Store, state: MessageState, event: str) -> str | None:
    """Return the state after `event` happens to a message in `state`; None if it cannot."""

    def make(tx: Tx) -> RowId:
        message = samples.message(tx, raw=f"{state} {event}".encode())
        for step in WAYS[state]:
            HAPPENINGS[step](tx, message, FIRST, samples.NOW)
        return message

    message = store.write(make)
    assert state is store.read(lambda tx: messages.head(tx, message)).state
    holder = LATER if event == "claim" else FIRST
    when = later(samples.NOW, DAY)
    try:
        store.write(lambda tx: HAPPENINGS[event](tx, message, holder, when))
    except (GatekeeperError, AssertionError):
        return None
    finally:
        found = store.read(lambda tx: messages.head(tx, message)).state
    return str(found)


def test_the_message_diagram_is_what_the_store_does(tmp_path: Path, codec: Codec) -> None:
    """Every event is tried in every state, and the diagram shows those that work."""
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (\w+)$", section("Messages"), re.MULTILINE))
    moves = set()
    for state in MessageState:
        for event in HAPPENINGS:
            url = f"sqlite:///{tmp_path}/{state}-{event}.sqlite"
            schema.upgrade(url, codec)
            store = Store.open(url, codec)
            then = observed(store, state, event)
            store.close()
            if then is not None:
                moves.add((str(state), then, event))
    assert drawn == moves
