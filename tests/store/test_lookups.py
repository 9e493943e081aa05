"""Look-ups of a conversation go by an index, however many messages and letters there are."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select

from gatekeeper.domain.identity import RowId
from gatekeeper.store import correspondents, letters, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.tables import messages as messages_table
from gatekeeper.store.tx import Tx
from tests.store.samples import BOB, NOW

ISSUE = RowId(bytes(16))
LOOKUPS: dict[str, Callable[[Tx], object]] = {
    "in_thread": lambda tx: messages.in_thread(
        tx, sender=BOB, thread="<a>", message_ids=["<b>", "<c>"]
    ),
    "same_ciphertext": lambda tx: messages.same_ciphertext(tx, b"x"),
    "same_message_id": lambda tx: messages.same_message_id(tx, "<a>"),
    "automatic_to": lambda tx: letters.automatic_to(tx, recipient=BOB, since=NOW),
    "automatic_since": lambda tx: letters.automatic_since(tx, NOW),
    "answered": lambda tx: letters.answered(tx, issue=ISSUE, recipient=BOB),
    "has_kind": lambda tx: letters.has_kind(tx, issue=ISSUE, kind="reply"),
    "by_route": lambda tx: correspondents.by_route(tx, ISSUE),
    "by_address": lambda tx: correspondents.by_address(tx, issue=ISSUE, address=BOB),
    "by_key_ids": lambda tx: correspondents.by_key_ids(tx, ["A" * 16, "B" * 16]),
}
EXPECTED = {
    "in_thread": {
        "ix_messages_sender_thread (sender=? AND thread=?)",
        "ix_messages_message_id_sender (message_id=? AND sender=?)",
    },
    "same_ciphertext": {
        "ix_message_ciphertexts_ciphertext (ciphertext=?)",
        "sqlite_autoindex_messages_1 (id=?)",
    },
    "same_message_id": {"ix_messages_message_id_sender (message_id=?)"},
    "automatic_to": {
        "ix_deliveries_recipient_key_created_at (recipient_key=? AND created_at>?)",
        "sqlite_autoindex_letters_1 (id=?)",
    },
    "automatic_since": {"ix_letters_automatic (created_at>?)"},
    "answered": {
        "ix_letters_issue_created_at (issue=?)",
        "sqlite_autoindex_deliveries_2 (letter=? AND recipient_key=?)",
    },
    "has_kind": {"ix_letters_issue_created_at (issue=?)"},
    "by_route": {"sqlite_autoindex_correspondents_3 (route=?)"},
    "by_address": {"ix_correspondents_issue_address_key (issue=? AND address_key=?)"},
    "by_key_ids": {
        "sqlite_autoindex_correspondents_1 (id=?)",
        "ix_correspondent_keys_key_id (key_id=?)",
    },
}


@pytest.fixture
def dialect() -> str:
    """SQLite, which tells how it would look without rows to look at."""
    return "sqlite"


def plan(store: Store, look: Callable[[Tx], object]) -> set[str]:
    """Return how SQLite finds the rows that the look-up asks for: by which index, or not."""
    asked: list[tuple[str, Any]] = []

    def run(tx: Tx) -> list[str]:
        event.listen(
            tx.connection,
            "before_cursor_execute",
            lambda _connection, _cursor, said, values, *_: asked.append((said, values)),
        )
        look(tx)
        return [
            row[3]
            for said, values in list(asked)
            for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)
        ]

    steps = [one for one in store.read(run) if one.startswith(("SEARCH ", "SCAN "))]
    return {one.rpartition(" INDEX ")[2] for one in steps if one != "SCAN anon_1"}


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_look_up_goes_by_an_index(name: str, store: Store) -> None:
    assert EXPECTED[name] == plan(store, LOOKUPS[name])


def test_a_look_up_without_an_index_would_be_seen(store: Store) -> None:
    found = plan(store, lambda tx: tx.connection.execute(select(messages_table)).all())
    assert {"SCAN messages"} == found
