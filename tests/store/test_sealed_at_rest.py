"""A stolen database tells nothing: canaries from every secret field stand in none of its bytes."""

import os
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import LargeBinary, Text, cast, inspect, select, text

from gatekeeper.store import connect, products
from gatekeeper.store.engine import Store
from gatekeeper.store.products import ProductRow
from gatekeeper.store.seal import MasterKey
from gatekeeper.store.tables import LOOKUPS, SEALED, metadata
from gatekeeper.store.tx import Tx
from tests.store.full import SECRETS, fill
from tests.store.samples import NOW

SHOWN = "Canary19b2Toucan"
"""Shown on purpose; not CANARY, for tests share PostgreSQL's log, and others must not find that."""


def spellings(secret: str) -> Iterator[bytes]:
    """Yield the ways in which bytes could still show a secret; all are compared in lower case."""
    raw = secret.encode()
    for folded in (raw, raw.lower(), raw.upper()):
        yield folded
        yield folded.hex().encode()
        yield folded.decode().encode("utf-16-le")
        for phase in range(3):
            # without the characters that also depend on what stands before and after
            encoded = b64encode(b"x" * phase + folded).rstrip(b"=")
            yield encoded[4 if phase else 0 : -1]


def found(secrets: tuple[str, ...], haystack: bytes) -> list[bytes]:
    """Return the spellings of secrets that stand in the bytes."""
    low = haystack.lower()
    return [one for secret in secrets for one in spellings(secret) if one.lower() in low]


def at_rest(store: Store, url: str) -> bytes:
    """Return everything that lies on the disk, and what a dump would hold."""
    if path := connect.sqlite_path(url):
        files = sorted(path.parent.glob(f"{path.name}*"))
        assert 3 == len(files), "the file, its -wal and its -shm"
        return b"".join([*(file.read_bytes() for file in files), store.read(dump)])
    return store.read(dump) + raw_files(url)


def raw_files(url: str) -> bytes:
    """Return the files of a PostgreSQL database after a checkpoint, and the log it writes to.

    Nothing of a server on another machine, whose files cannot be read from here.
    """
    with psycopg.connect(url, autocommit=True) as beside:
        beside.execute("CHECKPOINT")
        row = beside.execute(
            "SELECT current_setting('data_directory'), oid, pg_walfile_name(pg_current_wal_lsn())"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    data = Path(row[0])
    if not os.access(data, os.R_OK):
        return b""
    tables = sorted((data / "base" / str(row[1])).iterdir())
    assert len(tables) > len(metadata.tables)
    # the log is the whole server's: the last segments hold what was written just now
    log = [file for file in sorted((data / "pg_wal").glob("[0-9A-F]*")) if file.name <= row[2]]
    return b"".join(file.read_bytes() for file in [*tables, *log[-2:]] if file.is_file())


def dump(tx: Tx) -> bytes:
    """Return all columns of all tables as text and as bytes."""
    names = inspect(tx.connection).get_table_names()
    assert {*metadata.tables, "alembic_version"} == set(names)
    parts: list[bytes] = []
    if tx.dialect == "sqlite":
        raw = tx.connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        parts.extend(line.encode() for line in raw.iterdump())
    for name in names if tx.dialect == "postgresql" else ():
        rows = tx.connection.execute(text(f"SELECT CAST(t AS text) FROM {name} AS t"))  # noqa: S608 - names of our own tables
        parts.extend(row[0].encode() for row in rows)
    for table in metadata.sorted_tables:
        columns = [
            column if isinstance(column.type, LargeBinary) else cast(column, Text)
            for column in table.columns
        ]
        for row in tx.connection.execute(select(*columns)):
            parts.extend(v if isinstance(v, bytes) else str(v).encode() for v in row)
    return b"\n".join(parts)


def test_no_secret_is_found_in_the_database(store: Store, migrated_url: str) -> None:
    store.write(fill)
    haystack = at_rest(store, migrated_url)
    assert len(haystack) > 2_000_000
    assert [] == found(SECRETS, haystack)
    assert [] == found((MasterKey.of(bytes(range(32))).secret.decode(),), haystack)


@pytest.mark.parametrize(
    "shown", [SHOWN, SHOWN.encode().hex(), b64encode(b"ab" + SHOWN.encode()).decode()]
)
def test_the_search_finds_what_is_not_sealed(shown: str, store: Store, migrated_url: str) -> None:
    """One clear text column is enough to be found, in any spelling, in files and dump alike."""
    row = ProductRow(key=shown, issue_prefix="ZZ")
    store.write(lambda tx: products.ensure(tx, row, now=NOW))
    assert found((SHOWN,), at_rest(store, migrated_url))
    assert found((SHOWN,), store.read(dump))
    if store.dialect == "postgresql" and (files := raw_files(migrated_url)):
        assert found((SHOWN,), files)


def test_every_sealed_column_was_filled(store: Store) -> None:
    """So that the search above speaks of all of them."""
    store.write(fill)

    def empty(tx: Tx) -> list[str]:
        return [
            str(column)
            for column in (*SEALED, *LOOKUPS)
            if tx.connection.execute(select(column).where(column.is_not(None))).first() is None
        ]

    assert [] == store.read(empty)
