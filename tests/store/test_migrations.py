"""From each older schema, with rows in every table, to head: nothing is lost, all of it opens."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

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
    copies,
    correspondents,
    deliveries,
    issues,
    key_warnings,
    letters,
    messages,
    meta,
    requests,
    schema,
)
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import metadata
from gatekeeper.store.tx import Tx
from tests.store import first_schema, fourth_schema, samples, second_schema, third_schema
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


class Filling(Protocol):
    """A module that knows what one version of the program wrote."""

    TABLES: set[str]

    def fill(self, tx: Tx) -> None:
        """Put rows into what that version added."""


RELEASED: dict[str, Filling] = {
    "0001": first_schema,
    "0002": second_schema,
    "0003": third_schema,
    "0004": fourth_schema,
}
"""Each schema that a database in use may have, and who writes what it added."""


def made(url: str, codec: Codec, revision: str, folder: Path) -> str:
    """Make a database of that schema, with rows in every table, and return its URL."""
    schema.upgrade(url, codec, migrations=up_to(revision, folder))
    store = Store.open(url, codec)
    try:
        for known, filling in RELEASED.items():
            if known <= revision:
                store.write(filling.fill)
    finally:
        store.close()
    return url


@pytest.fixture
def first(database_url: str, codec: Codec, tmp_path: Path) -> str:
    """The URL of a database of schema 0001, with rows in every table."""
    return made(database_url, codec, "0001", tmp_path)


@pytest.fixture(params=RELEASED)
def released(
    request: pytest.FixtureRequest, database_url: str, codec: Codec, tmp_path: Path
) -> tuple[str, str]:
    """Each revision that a database in use may have, and the URL of one that is full."""
    return request.param, made(database_url, codec, request.param, tmp_path)


@pytest.fixture
def upgraded(first: str, codec: Codec) -> Iterator[Store]:
    """A store on that database, brought up to head."""
    schema.upgrade(first, codec)
    store = Store.open(first, codec)
    try:
        yield store
    finally:
        store.close()


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


def test_every_released_schema_is_among_them() -> None:
    versions = {file.name[:4] for file in (schema.MIGRATIONS / "versions").glob("[0-9]*.py")}
    assert versions == {*RELEASED, schema.status("sqlite:////nowhere/at/all").head}


def test_every_row_of_before_is_there_as_it_was(released: tuple[str, str], codec: Codec) -> None:
    """From every schema in use, on both databases; columns are in a new database's order."""
    revision, url = released
    before = columns(url)
    assert set().union(*(one.TABLES for known, one in RELEASED.items() if known <= revision)) == (
        set(before)
    )
    rows = contents(url, before)
    assert all(rows.values()), "every table has rows"
    assert SchemaState.OLDER is schema.status(url).state
    assert SchemaState.CURRENT is schema.upgrade(url, codec).state
    assert rows == contents(url, before)
    after = columns(url)
    assert set(metadata.tables) == set(after)
    assert before == {name: after[name][: len(names)] for name, names in before.items()}
    new = {name: [one.name for one in tab.columns] for name, tab in metadata.tables.items()}
    assert new == after


def test_the_present_program_reads_what_each_version_wrote(
    released: tuple[str, str], codec: Codec
) -> None:
    """And says that what is new was told of nobody, is not held, not urgent, not erased."""
    revision, url = released
    schema.upgrade(url, codec)
    store = Store.open(url, codec)
    try:
        assert () == store.read(audit.verify)
        assert 7 == store.read(lambda tx: issues.by_row(tx, ISSUE)).issue_id.number
        found = store.read(lambda tx: correspondents.of_issue(tx, ISSUE))
        known = [(FINGERPRINT, samples.REPORTER)] if revision > "0001" else []
        assert known == [(one.fingerprint, one.address) for one in found]
        assert len(known) == len(store.read(requests.waiting))
        note = partial(
            key_warnings.note, fingerprint=FINGERPRINT, ends_at=NOW, stage=Stage.ENDED, now=NOW
        )
        assert [revision < "0003", False] == [store.write(note), store.write(note)]
        noted = (FINGERPRINT,) if revision > "0002" else ()
        assert noted == store.read(lambda tx: meta.alias_keys(tx, lock=False))
        unset = "SELECT count(*) FROM {} WHERE {}"
        held = partial(scalar, query=unset.format("issues", "legal_hold"))
        assert int(revision > "0003") == store.read(held)
        for table_name, told in (
            ("issues", "track IS NOT NULL OR severity IS NOT NULL OR reason IS NOT NULL"),
            ("correspondents", "role <> 'reporter' OR credit IS NOT NULL"),
            ("correspondents", "consented_at IS NOT NULL OR removed_at IS NOT NULL"),
            ("requests", "issue IS NULL OR expires_at IS NOT NULL OR ended_by IS NOT NULL"),
            ("messages", "erased_at IS NOT NULL"),
            ("letters", "erased_at IS NOT NULL"),
            ("deliveries", "urgent OR returned IS NOT NULL"),
        ):
            assert 0 == store.read(partial(scalar, query=unset.format(table_name, told)))
    finally:
        store.close()


def scalar(tx: Tx, *, query: str) -> Any:  # noqa: ANN401 - whatever the statement asks for
    """Return the one value that a statement returns."""
    return tx.connection.scalar(text(query))


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
        assert replace(samples.ENVELOPE, tls="TLS") == found.envelope, "its version was not kept"
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
    assert first_schema.OWN == upgraded.read(lambda tx: copies.own_packet(tx, deferred))
    claimed = upgraded.write(
        lambda tx: deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=9)
    )
    assert 4 == len(claimed)
    assert {(b"keys", ("A" * 40,), None)} == {
        (one.key_packets, one.fingerprints, one.correspondent) for one in claimed
    }
    delivered = Attempt(outcome=Outcome.DELIVERED, reply="250 ok")
    record = partial(samples.record, token=TOKEN, attempt=delivered, now=NOW)
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
        "INSERT INTO issue_links SELECT id, 'merged into', id, 1 FROM issues",
        "INSERT INTO issue_links SELECT id, 'merged', product, 1 FROM issues",
        "INSERT INTO dates SELECT id, 1, 1, NULL, 'ended', id, NULL, NULL, 1, NULL FROM issues",
        "INSERT INTO dates SELECT id, 1, 1, NULL, 'held', id, NULL, NULL, 1, 1 FROM issues",
        "INSERT INTO applied SELECT 'keys', id, id, NULL, 1 FROM issues",
        "INSERT INTO clocks SELECT id, id, id, 1 FROM issues",
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
