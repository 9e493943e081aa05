"""A dump holds every row as it lies; either database takes it back, whole or not at all."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Table, text

from gatekeeper.domain.errors import Misconfigured, Refusal
from gatekeeper.store import (
    audit,
    deciding,
    dump,
    frozen,
    procedure,
    restoring,
    schema,
    setback,
)
from gatekeeper.store.dump import Block, Loader
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.seal import Codec, MasterKey
from gatekeeper.store.tx import Tx
from tests.store import full, samples
from tests.store.samples import NOW
from tests.store.test_migrations import columns, contents, made

WHY = "it was restored."
RELEASED = ("0001", "0002", "0003", "0004")


def read(url: str, codec: Codec) -> tuple[str, list[Block]]:
    """Return the revision and all blocks of a database of any age."""
    store = Store.open(url, codec)
    try:
        return store.read(lambda tx: (dump.revision(tx), list(dump.blocks(tx))))
    finally:
        store.close()


def counted(blocks: list[Block]) -> dict[str, int]:
    """Return how many rows there are of each table."""
    rows: dict[str, int] = {}
    for block in blocks:
        rows[block.table] = rows.get(block.table, 0) + block.rows
    return rows


def put(url: str, codec: Codec, revision: str, blocks: list[Block]) -> tuple[str, ...]:
    """Fill an empty database, and return what does not hold in its log."""
    with restoring.filling(url, codec, revision=revision) as filling:
        for block in blocks:
            filling.take(block.data)
        return filling.finish(counted(blocks), reason=WHY, now=NOW)


@pytest.mark.parametrize("revision", RELEASED)
def test_rows_of_any_age_are_the_same_on_either_database(
    revision: str, database_url: str, other_url: str, codec: Codec, tmp_path: Path
) -> None:
    """A year-old backup, and the way from one database to the other: each row as it lay."""
    made(database_url, codec, revision, tmp_path)
    named = columns(database_url)
    before = contents(database_url, named)
    assert all(before.values()), "every table has rows"
    found, blocks = read(database_url, codec)
    assert revision == found
    # looked at before anything is frozen or brought up to date, in the transaction itself
    seen: list[list[Block]] = []
    with restoring.filling(other_url, codec, revision=revision) as filling:
        for block in blocks:
            filling.take(block.data)
        seen.append(list(dump.blocks(filling._tx)))  # noqa: SLF001 - what lies there now
        assert () == filling.finish(counted(blocks), reason=WHY, now=NOW)
    assert blocks == seen[0]
    assert SchemaState.CURRENT is schema.status(other_url).state
    after = contents(other_url, named)
    changed = {"meta", "events", "counters", "deliveries", "delivery_chunks"}
    same = before.keys() - changed
    assert {name: before[name] for name in same} == {name: after[name] for name in same}
    assert set(before["events"]) <= set(after["events"])


def test_the_copy_is_frozen_with_numbers_that_nobody_had(
    store: Store, other_url: str, codec: Codec, migrated_url: str
) -> None:
    store.write(samples.issue)
    store.write(samples.sealed)
    assert () == put(other_url, codec, *read(migrated_url, codec))
    copy = Store.open(other_url, codec)
    try:
        found = copy.read(frozen.of)
        assert found is not None
        assert (WHY, 1) == (found.reason, found.held)
        assert () == copy.read(audit.verify)
        issue = copy.write(samples.issue)
        assert 2 + setback.SKIPPED + 1 == issue.issue_id.number
    finally:
        copy.close()


def test_rows_in_many_blocks_come_back(
    store: Store, other_url: str, codec: Codec, migrated_url: str
) -> None:
    """Chunks of a MiB, each sealed, each in a block of its own."""
    raw = bytes(range(256)) * 12_000
    store.write(lambda tx: samples.message(tx, raw=raw))
    revision, blocks = read(migrated_url, codec)
    assert 3 == sum(block.table == "message_chunks" for block in blocks)
    assert max(len(block.data) for block in blocks) < 3 << 20
    assert () == put(other_url, codec, revision, blocks)
    named = {"message_chunks": columns(migrated_url)["message_chunks"]}
    assert contents(migrated_url, named) == contents(other_url, named)


def is_empty(url: str) -> bool:
    """Say whether nothing was made in a database."""
    return schema.status(url).state is SchemaState.EMPTY


Harm = Callable[[list[Block]], list[Block]]


def changed(number: int, change: Callable[[bytes], bytes]) -> Harm:
    """Return a change of one block of `issues`."""

    def harm(blocks: list[Block]) -> list[Block]:
        places = [at for at, block in enumerate(blocks) if block.table == "issues"]
        at = places[number]
        block = blocks[at]
        data = change(block.data)
        new = Block(table=block.table, rows=block.rows, data=data)
        return [*blocks[:at], new, *blocks[at + 1 :]]

    return harm


@pytest.mark.parametrize(
    "harm",
    [
        changed(0, lambda data: data.replace(b'"table":"issues"', b'"table":"no"')),
        changed(0, lambda data: data.replace(b'["tag","text"]', b'["tag","bytes"]')),
        changed(0, lambda data: data.replace(b',["tag","text"]', b"")),
        changed(0, lambda data: data[: len(data) // 2]),
        changed(0, lambda data: data.replace(b'"SEC"', b"7")),
        changed(0, lambda data: b"nonsense\n" + data),
        changed(0, lambda data: data + b"[1]\n"),
        changed(0, lambda data: data + b'{"a": 1}\n'),
        changed(0, lambda data: data.partition(b"\n")[0] + b"\n"),
        changed(0, lambda data: data + data.splitlines()[1] + b"\n"),
        changed(0, lambda data: data.replace(b"2026", b"9" * 30)),
        changed(0, lambda data: data.replace(b'"SEC"', b'"\\u0000"')),
        changed(0, lambda data: data.replace(b'"SEC"', b'"\\ud800"')),
        changed(0, lambda data: data.replace(b'"SEC"', b"[" * 100_000)),
        changed(0, lambda _data: b""),
    ],
)
def test_rows_that_are_none_of_the_schema_leave_nothing(
    harm: Harm, store: Store, other_url: str, codec: Codec, migrated_url: str
) -> None:
    store.write(samples.issue)
    revision, blocks = read(migrated_url, codec)
    with pytest.raises(Refusal, match="the backup is damaged"):
        put(other_url, codec, revision, harm(blocks))
    assert is_empty(other_url)


def test_all_that_the_process_keeps_comes_back_on_either_database(
    store: Store, migrated_url: str, other_url: str, codec: Codec
) -> None:
    """Also an issue that was merged into one whose row is read back after its own."""
    store.write(full.fill)
    rows = sorted(store.write(samples.issue).id for _ in range(2))
    for issue, other in (rows, rows[::-1]):
        decided = replace(store.read(partial(deciding.get, issue=issue)), merged_into=other)
        store.write(partial(deciding.save, changed=decided, now=NOW))
    of = {name: [one.name for one in tab.columns] for name, tab in procedure_tables().items()}
    before = contents(migrated_url, of)
    assert all(before.values()), "every table has rows"
    revision, blocks = read(migrated_url, codec)
    assert () == put(other_url, codec, revision, blocks)
    assert before == contents(other_url, of)


def procedure_tables() -> dict[str, Table]:
    """Return the tables of the process by name."""
    return {tab.name: tab for tab in vars(procedure).values() if isinstance(tab, Table)}


def test_another_master_key_a_full_database_and_a_newer_schema_are_refused(
    store: Store, other_url: str, codec: Codec, migrated_url: str
) -> None:
    store.write(samples.issue)
    revision, blocks = read(migrated_url, codec)
    with pytest.raises(Misconfigured, match="not empty"):
        put(migrated_url, codec, revision, blocks)
    with pytest.raises(Misconfigured, match="schema 9999"):
        put(other_url, codec, "9999", blocks)
    with pytest.raises(Misconfigured, match="master key"):
        put(other_url, Codec(MasterKey.generate()), revision, blocks)
    assert is_empty(other_url)
    assert () == put(other_url, codec, revision, blocks)


def test_a_log_that_does_not_hold_is_told_and_the_rows_come_back(
    store: Store, other_url: str, codec: Codec, migrated_url: str
) -> None:
    store.write(lambda tx: audit.append(tx, kind="a", actor="b", now=NOW, payload={}))
    revision, blocks = read(migrated_url, codec)
    places = [at for at, block in enumerate(blocks) if block.table == "events"]
    block = blocks[places[0]]
    data = block.data.replace(b',"a",', b',"c",')
    blocks[places[0]] = Block(table="events", rows=block.rows, data=data)
    (line,) = put(other_url, codec, revision, blocks)
    assert "entry 1" in line
    copy = Store.open(other_url, codec)
    try:
        found = copy.read(frozen.of)
        assert found is not None
        assert line in found.reason
    finally:
        copy.close()


def test_the_format_is_the_documented_one(store: Store) -> None:
    """Another program reads it from the description alone."""
    store.write(samples.issue)
    blocks = store.read(lambda tx: list(dump.blocks(tx)))
    (block,) = [each for each in blocks if each.table == "products"]
    head, row = map(json.loads, block.data.splitlines())
    assert "products" == head["table"]
    assert ["id", "bytes"] == head["columns"][0]
    assert {"key": "default", "issue_prefix": "SEC"}.items() <= {
        name: value for (name, _), value in zip(head["columns"], row, strict=True)
    }.items()
    order = list(dict.fromkeys(each.table for each in blocks))
    assert order.index("products") < order.index("issues")


def test_a_table_that_holds_what_nobody_knows_is_not_passed_over(store: Store) -> None:
    """A column of a new kind must be thought of."""

    def odd(tx: Tx) -> None:
        tx.connection.execute(text("CREATE TABLE odd (id FLOAT PRIMARY KEY)"))
        with pytest.raises(TypeError, match="odd"):
            list(dump.blocks(tx))
        assert "odd" in Loader(tx.connection).rows

    store.write(odd)
