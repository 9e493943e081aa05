"""One open transaction: what every function of the store takes first."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Table
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
