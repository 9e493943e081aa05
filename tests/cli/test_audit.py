"""`gatekeeper audit verify`: a whole log, and one that somebody touched."""

from sqlalchemy import text

from gatekeeper.store import audit
from gatekeeper.store.engine import Store
from tests.cli.conftest import REPORT, Shell
from tests.house import open_house


def fill(store: Store) -> None:
    """Let a report leave its entries."""
    with open_house(store) as house:
        house.receive(REPORT)
        house.settle()


def test_a_whole_log_is_said_to_be_whole(shell: Shell, store: Store) -> None:
    """The head is the one that the newest mail to the team quotes, or follows it."""
    fill(store)
    head = store.read(audit.head)
    said = shell("audit", "verify")
    assert (0, f"the log is whole: entry {head.seq}, {head.digest.hex()[:16]}\n") == (
        said.status,
        said.out,
    )
    found = shell("audit", "verify", "--json").json
    assert {"sound": True, "head": head.digest.hex(), "problems": []} == found


def test_a_changed_log_is_found(shell: Shell, store: Store) -> None:
    """One entry is changed behind the program's back: exit 1, and which one."""
    fill(store)
    store.write(
        lambda tx: tx.connection.execute(text("UPDATE events SET at = at + 1 WHERE seq = 2"))
    )
    said = shell("audit", "verify")
    assert 1 == said.status
    assert "entry 2" in said.out
    assert not shell("audit", "verify", "--json").json["sound"]
