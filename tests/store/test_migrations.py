"""From each older schema, with rows in every table, to head: nothing is lost, all of it opens."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import column, inspect, select, table, text

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.expiry import Stage
from gatekeeper.domain.identity import IssueId, RowId
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Kind, MessageState
from gatekeeper.store import (
    audit,
    connect,
    correspondents,
    deliveries,
    issues,
    key_warnings,
    letters,
    messages,
    requests,
    schema,
)
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import metadata
from tests.store import first_schema, samples, second_schema
from tests.store.first_schema import DELIVERIES, HANDLED, ISSUE, MESSAGES
from tests.store.samples import FINGERPRINT, LEASE, NOW, OTHER, REPORTER, TOKEN

Rows = dict[str, list[tuple[Any, ...]]]


def up_to(revision: str, folder: Path) -> Path:
    """Return a copy of the migrations that ends with this one."""
    copied = Path(shutil.copytree(schema.MIGRATIONS, folder / f"up-to-{revision}"))
    for file in (copied / "versions").glob("[0-9]*.py"):
        if file.name[:4] > revision:
            file.unlink()
    return copied


@pytest.fixture
def first(database_url: str, codec: Codec, tmp_path: Path) -> str:
    """The URL of a database of schema 0001, with rows in every table."""
    schema.upgrade(database_url, codec, migrations=up_to("0001", tmp_path))
    store = Store.open(database_url, codec)
    try:
        store.write(first_schema.fill)
    finally:
        store.close()
    return database_url


@pytest.fixture
def upgraded(first: str, codec: Codec) -> Iterator[Store]:
    """A store on that database, brought up to head."""
    schema.upgrade(first, codec)
    store = Store.open(first, codec)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def second(database_url: str, codec: Codec, tmp_path: Path) -> str:
    """The URL of a database of schema 0002, with rows in every table."""
    schema.upgrade(database_url, codec, migrations=up_to("0002", tmp_path))
    store = Store.open(database_url, codec)
    try:
        store.write(first_schema.fill)
        store.write(second_schema.fill)
    finally:
        store.close()
    return database_url


def columns(url: str) -> dict[str, list[str]]:
    """Return the names of all tables and their columns."""
    engine = connect.read_engine(url)
    with engine.begin() as connection:
        inspector = inspect(connection)
        found = {
            name: [one["name"] for one in inspector.get_columns(name)]
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }
    engine.dispose()
    return found


def contents(url: str, of: dict[str, list[str]]) -> Rows:
    """Return all rows of these tables, in these columns."""
    engine = connect.read_engine(url)
    with engine.begin() as connection:
        found = {
            name: sorted(
                map(tuple, connection.execute(select(table(name, *map(column, names))))), key=repr
            )
            for name, names in of.items()
        }
    engine.dispose()
    return found


def test_every_row_of_before_is_there_as_it_was(first: str, codec: Codec) -> None:
    before = columns(first)
    assert first_schema.TABLES == set(before)
    rows = contents(first, before)
    assert all(rows.values()), "every table has rows"
    assert SchemaState.OLDER is schema.status(first).state
    assert SchemaState.CURRENT is schema.upgrade(first, codec).state
    assert rows == contents(first, before)
    after = columns(first)
    assert set(metadata.tables) == set(after)
    assert before == {name: after[name][: len(names)] for name, names in before.items()}


def test_every_row_of_the_second_schema_is_there_as_it_was(second: str, codec: Codec) -> None:
    """And what is new says that nothing of any key was told yet."""
    before = columns(second)
    assert first_schema.TABLES | second_schema.TABLES == set(before)
    rows = contents(second, before)
    assert all(rows.values()), "every table has rows"
    assert SchemaState.CURRENT is schema.upgrade(second, codec).state
    assert rows == contents(second, before)
    after = columns(second)
    assert before == {name: after[name] for name in before}
    store = Store.open(second, codec)
    try:
        (known,) = store.read(lambda tx: correspondents.of_issue(tx, ISSUE))
        assert (FINGERPRINT, samples.REPORTER) == (known.fingerprint, known.address)
        assert 1 == len(store.read(requests.waiting))
        note = partial(
            key_warnings.note, fingerprint=FINGERPRINT, ends_at=NOW, stage=Stage.ENDED, now=NOW
        )
        assert [True, False] == [store.write(note), store.write(note)]
    finally:
        store.close()


def test_the_order_of_columns_is_that_of_a_new_database(first: str, codec: Codec) -> None:
    schema.upgrade(first, codec)
    made = {name: [one.name for one in tab.columns] for name, tab in metadata.tables.items()}
    assert made == columns(first)


def test_an_upgrade_that_fails_leaves_the_rows_of_before(
    first: str, codec: Codec, tmp_path: Path
) -> None:
    before = columns(first)
    rows = contents(first, before)
    broken = up_to("0002", tmp_path)
    (file,) = (broken / "versions").glob("0002*.py")
    file.write_text(file.read_text().replace("    _deliveries()\n", "    _deliveries(1)\n", 1))
    with pytest.raises(TypeError):
        schema.upgrade(first, codec, migrations=broken)
    assert before == columns(first)
    assert rows == contents(first, before)
    assert "0001" == schema.status(first).current


def execute(store: Store, statement: str) -> None:
    """Change the database behind the store's back."""
    store.write(lambda tx: tx.connection.execute(text(statement)))


def test_foreign_keys_hold_after_it(upgraded: Store) -> None:
    """Those of before and those that are new; on SQLite they were never off."""
    if upgraded.dialect == "sqlite":
        checked = upgraded.read(
            lambda tx: (
                tx.connection.execute(text("PRAGMA foreign_key_check")).all(),
                tx.connection.scalar(text("PRAGMA foreign_keys")),
            )
        )
        assert ([], 1) == checked
    nowhere = RowId(bytes(16))
    for statement in (
        "DELETE FROM issues",
        "DELETE FROM messages",
        "DELETE FROM letters",
        "UPDATE deliveries SET correspondent = (SELECT id FROM issues)",
    ):
        with pytest.raises(OurFault):
            execute(upgraded, statement)
    with pytest.raises(OurFault):
        upgraded.write(lambda tx: samples.correspondent(tx, issue_row=nowhere))


def test_an_issue_of_before_has_no_owner_and_no_correspondent(upgraded: Store) -> None:
    found = upgraded.read(lambda tx: issues.by_row(tx, ISSUE))
    assert (IssueId(prefix="SEC", year=2026, number=7), "Overflow", 3, "", 1) == (
        found.issue_id,
        found.subject,
        found.version,
        found.owner,
        found.message_count,
    )
    assert () == upgraded.read(lambda tx: correspondents.of_issue(tx, ISSUE))
    assert 8 == upgraded.write(samples.issue).issue_id.number


def test_messages_of_before_open_and_are_in_no_thread(upgraded: Store) -> None:
    for message in MESSAGES:
        found = upgraded.read(partial(messages.load, message=message))
        assert message + first_schema.RAW == found.raw
        assert samples.ENVELOPE == found.envelope
    handled = upgraded.read(lambda tx: messages.head(tx, HANDLED))
    assert (Kind.REPORT, ISSUE, {"subject": "Overflow"}) == (
        handled.kind,
        handled.issue,
        handled.summary,
    )
    (waiting,) = upgraded.read(messages.quarantined)
    assert "gpg said no" == waiting.problem
    known = "<report@example.org>"
    assert 1 == upgraded.read(lambda tx: messages.same_message_id(tx, known))
    assert (
        upgraded.read(
            lambda tx: messages.in_thread(tx, sender=REPORTER, thread=known, message_ids=[known])
        )
        is None
    )


def test_work_of_before_goes_on(upgraded: Store) -> None:
    claimed = upgraded.write(
        lambda tx: messages.claim(tx, now=NOW, lease=LEASE, token=OTHER, limit=9)
    )
    assert {first_schema.OPEN, first_schema.CLAIMED} == {one.id for one in claimed}
    assert 1 == upgraded.read(messages.counts)[MessageState.HANDLED]
    assert (first_schema.NEW_LETTER,) == upgraded.write(
        lambda tx: letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=TOKEN, limit=9)
    )
    upgraded.write(
        lambda tx: letters.sealed(
            tx, letter=first_schema.NEW_LETTER, token=TOKEN, shared=b"shared", now=NOW
        )
    )


def test_letters_of_before_are_sealed_ones_that_a_person_wrote(upgraded: Store) -> None:
    heads = upgraded.read(lambda tx: letters.of_issue(tx, ISSUE))
    assert [(Form.SEALED, False)] * 2 == [(head.form, head.automatic) for head in heads]
    found = upgraded.read(lambda tx: letters.load(tx, first_schema.SEALED_LETTER))
    assert (first_schema.RAW, first_schema.SHARED) == (found.plaintext, found.shared)
    assert 0 == upgraded.read(lambda tx: letters.automatic_since(tx, NOW))


def test_deliveries_of_before_go_to_the_team_and_go_on(upgraded: Store) -> None:
    listed = {one.id: one for one in upgraded.read(deliveries.list_all)}
    for state, delivery in DELIVERIES.items():
        found = listed[delivery]
        assert (state, None, Address.parse(f"{state}@team.example"), "451 later") == (
            found.state,
            found.correspondent,
            found.recipient,
            found.reply,
        )
    assert "no key" == listed[DELIVERIES[DeliveryState.BLOCKED]].reason
    deferred = DELIVERIES[DeliveryState.DEFERRED]
    assert first_schema.OWN == upgraded.read(lambda tx: deliveries.own_packet(tx, deferred))
    claimed = upgraded.write(
        lambda tx: deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=9)
    )
    assert 4 == len(claimed)
    assert {(b"keys", ("A" * 40,), None)} == {
        (one.key_packets, one.fingerprints, one.correspondent) for one in claimed
    }
    delivered = Attempt(outcome=Outcome.DELIVERED, reply="250 ok")
    record = partial(deliveries.record, token=TOKEN, attempt=delivered, now=NOW)
    for one in claimed:
        upgraded.write(partial(record, delivery=one.id))
    assert 5 == upgraded.read(deliveries.counts)[DeliveryState.DELIVERED]


def test_the_event_log_of_before_holds_and_goes_on(upgraded: Store) -> None:
    upgraded.write(
        lambda tx: audit.append(tx, kind="later", actor="Bob", now=NOW, payload={}, issue=ISSUE)
    )
    assert () == upgraded.read(audit.verify)
    kinds = [event.kind for event in upgraded.read(lambda tx: audit.of_issue(tx, ISSUE))]
    assert ["opened", "sent", "later"] == kinds


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE letters SET form = 'clear'",
        "UPDATE letters SET form = NULL",
        "UPDATE letters SET automatic = NULL",
        "UPDATE messages SET sender = arrival || arrival",
        "UPDATE messages SET thread = arrival || arrival",
        "INSERT INTO message_ciphertexts SELECT id, arrival || arrival FROM messages",
        "INSERT INTO message_ciphertexts SELECT arrival, arrival FROM messages",
        "INSERT INTO key_warnings SELECT arrival, 1, '61 days', 1 FROM messages",
        "INSERT INTO key_warnings SELECT id, 1, '60 days', 1 FROM messages",
    ],
)
def test_what_was_added_takes_only_what_is_legal(statement: str, upgraded: Store) -> None:
    with pytest.raises(OurFault):
        execute(upgraded, statement)


def test_the_comparison_sees_a_row_that_is_lost(first: str) -> None:
    before = columns(first)
    rows = contents(first, before)
    engine = connect.write_engine(first)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM delivery_chunks WHERE seq = 1"))
    engine.dispose()
    changed = contents(first, before)
    assert ["delivery_chunks"] == [name for name in rows if rows[name] != changed[name]]
