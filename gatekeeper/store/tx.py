"""One open transaction: what every function of the store takes first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gatekeeper.store.seal import Codec

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tx:
    """A connection inside a transaction, and the codec for its content columns.

    `dialect` is `sqlite` or `postgresql`.
    """

    connection: Connection
    codec: Codec
    dialect: str


def insert_or(tx: Tx, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which both databases spell the same."""
    return sqlite.insert(table) if tx.dialect == SQLITE else postgresql.insert(table)


@contextmanager
def savepoint(tx: Tx) -> Iterator[Callable[[], None]]:
    """Lend a function that undoes what the context has written so far, and that alone.

    An exception that leaves the context undoes it, too.
    """
    nested = tx.connection.begin_nested()
    try:
        yield nested.rollback
    except BaseException:
        # Whatever it is, an interruption too, it is raised again.
        if nested.is_active:
            nested.rollback()
        raise
    if nested.is_active:
        nested.commit()


def lock(tx: Tx, purpose: str, value: bytes) -> None:
    """Wait until no other transaction holds this lock, then hold it until this one ends.

    One lock for each purpose and value; values that differ rarely share one. SQLite needs none:
    it has one writer.
    """
    if tx.dialect == POSTGRESQL:
        number = int.from_bytes(tx.codec.lookup(f"lock {purpose}", value)[:8], signed=True)
        tx.connection.execute(select(func.pg_advisory_xact_lock(number)))
