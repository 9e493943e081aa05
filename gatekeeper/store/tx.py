"""One open transaction: what every function of the store takes first."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql, sqlite

from gatekeeper.store.chain import Head
from gatekeeper.store.seal import Codec

_LOCKS: Final = text(
    "SELECT count(pg_advisory_xact_lock(number)) FROM "
    "(SELECT unnest(CAST(:numbers AS bigint[])) AS number ORDER BY 1) AS sorted"
)

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"


class Work(StrEnum):
    """What rows that are committed may give somebody to do, here or in another process."""

    HANDLING = "handling"
    SEALING = "sealing"
    SENDING = "sending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tx:
    """A connection inside a transaction, and the codec for its content columns.

    `dialect` is `sqlite` or `postgresql`, `wakes` the work that this transaction makes, `heads` the
    event log's end before and after each time that it appended.
    """

    connection: Connection
    codec: Codec
    dialect: str
    wakes: set[Work] = field(default_factory=set, repr=False, compare=False)
    heads: list[Head] = field(default_factory=list, repr=False, compare=False)

    def wake(self, work: Work) -> None:
        """Have those woken by the commit, in every process, who do this work."""
        self.wakes.add(work)


def insert_or(tx: Tx, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which both databases spell the same."""
    return sqlite.insert(table) if tx.dialect == SQLITE else postgresql.insert(table)


@contextmanager
def savepoint(tx: Tx) -> Iterator[Callable[[], None]]:
    """Lend a function that undoes what the context has written so far, and that alone.

    An exception that leaves the context undoes it, too.
    """
    nested, known = tx.connection.begin_nested(), len(tx.heads)

    def undo() -> None:
        nested.rollback()
        # entries that were undone were never there
        del tx.heads[known:]

    try:
        yield undo
    except BaseException:
        # Whatever it is, an interruption too, it is raised again.
        if nested.is_active:
            undo()
        raise
    if nested.is_active:
        nested.commit()


def lock(tx: Tx, purpose: str, value: bytes) -> None:
    """Wait until no other transaction holds this lock, then hold it until this one ends.

    One lock for each purpose and value; values that differ rarely share one. SQLite needs none:
    it has one writer.
    """
    lock_all(tx, purpose, [value])


def lock_all(tx: Tx, purpose: str, values: Iterable[bytes]) -> None:
    """Take the locks of several values, as `lock` does each, in one statement.

    Two transactions that want some of the same ones take them in the same order, so that neither
    waits for the other for ever.
    """
    if tx.dialect == POSTGRESQL:
        looked_up = (tx.codec.lookup(f"lock {purpose}", value) for value in values)
        numbers = sorted({int.from_bytes(found[:8], signed=True) for found in looked_up})
        tx.connection.execute(_LOCKS, {"numbers": numbers})
