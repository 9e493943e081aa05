"""All rows of a database as blocks of JSON lines, of one snapshot; what is sealed stays sealed.

A block begins with an object: its `table`, and its `columns`, each a name and a kind (`int`,
`text`, `bool` or `bytes`). A row follows on each line, an array of its values in that order, bytes
in base64, null for none. Tables come in an order in which none refers to a later one, rows in that
of their primary key. So a program that knows neither database can read them.
"""

import binascii
import json
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DataError, IntegrityError, SAWarning

from gatekeeper.domain.errors import Refusal
from gatekeeper.store.tx import Tx

REVISIONS: Final = "alembic_version"
"""The table of the schema's revision, which is no content."""

_KINDS: Final = ((Boolean, "bool"), (Integer, "int"), (LargeBinary, "bytes"), (String, "text"))
_OTHER: Final = "rows in it are not those of its schema"
_BLOCK: Final = 1 << 20
_MANY: Final = 500
_FEW: Final = 16
"""Rows read at once: of a table of chunks each may have a MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some rows of one table, as they are written."""

    table: str
    rows: int
    data: bytes


def revision(tx: Tx) -> str:
    """Return the revision of the schema that the rows are of."""
    return str(tx.connection.scalar(text(f"SELECT version_num FROM {REVISIONS}")))  # noqa: S608 - a word of ours


def blocks(tx: Tx) -> Iterator[Block]:
    """Yield all rows of all tables, about a MiB at a time."""
    for table in _tables(tx.connection):
        yield from _blocks(tx.connection, table)


class Loader:
    """Puts blocks into empty tables of the schema they were read from; `rows` counts by table."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection in the transaction in which all of it happens."""
        self._connection = connection
        self._tables = {table.name: table for table in _tables(connection)}
        self.rows: dict[str, int] = dict.fromkeys(self._tables, 0)

    def take(self, data: bytes) -> None:
        """Write one block's rows; Refusal for anything that is none of this schema."""
        head, *lines = data.splitlines() or [b""]
        table, columns = self._head(head)
        rows = [_read(columns, line) for line in lines]
        if rows:
            try:
                self._connection.execute(insert(table), rows)
            except (IntegrityError, DataError, ValueError, OverflowError):
                # A row that is there already, or that the column cannot hold; both drivers raise
                # errors of their own for numbers and characters that their database does not know.
                raise damaged(_OTHER) from None
        self.rows[table.name] += len(rows)

    def _head(self, line: bytes) -> tuple[Table, list[tuple[str, str]]]:
        try:
            said = json.loads(line)
            table = self._tables[said["table"]]
            columns = [(str(name), str(kind)) for name, kind in said["columns"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise damaged(_OTHER) from None
        if sorted(columns) != sorted((column.name, _kind(column)) for column in table.columns):
            raise damaged(_OTHER)
        return table, columns


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as they are in this database, whatever its revision."""
    metadata = MetaData()
    with warnings.catch_warnings():
        # an index on a condition is none that a row depends on
        warnings.simplefilter("ignore", SAWarning)
        metadata.reflect(bind=connection)
    return [table for table in metadata.sorted_tables if table.name != REVISIONS]


def _blocks(connection: Connection, table: Table) -> Iterator[Block]:
    columns = [[column.name, _kind(column)] for column in table.columns]
    head = _line({"table": table.name, "columns": columns})
    many = _FEW if table.name.endswith("_chunks") else _MANY
    query = select(table).order_by(*table.primary_key.columns)
    data, rows = bytearray(head), 0
    for row in connection.execute(query.execution_options(yield_per=many)):
        data += _line([_value(value) for value in row])
        rows += 1
        if len(data) >= _BLOCK:
            yield Block(table=table.name, rows=rows, data=bytes(data))
            data, rows = bytearray(head), 0
    if rows:
        yield Block(table=table.name, rows=rows, data=bytes(data))


def _kind(column: Column[Any]) -> str:
    for known, kind in _KINDS:
        if isinstance(column.type, known):
            return kind
    message = f"a column of an unknown kind: {column}"
    raise TypeError(message)


def _value(value: object) -> object:
    return b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _read(columns: list[tuple[str, str]], line: bytes) -> Mapping[str, object]:
    try:
        values = json.loads(line)
        pairs = zip(columns, values, strict=True)
        return {
            name: _LEGAL[kind](value) if value is not None else None
            for (name, kind), value in pairs
        }
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise damaged(_OTHER) from None


def _exactly(wanted: type) -> Callable[[Any], object]:
    def legal(value: Any) -> object:  # noqa: ANN401 - what JSON held
        if type(value) is not wanted:
            raise TypeError
        return value

    return legal


_LEGAL: Final[Mapping[str, Callable[[Any], object]]] = {
    "bool": _exactly(bool),
    "int": _exactly(int),
    "text": _exactly(str),
    "bytes": lambda value: b64decode(value, validate=True),
}


def damaged(what: str) -> Refusal:
    """Return the error for rows that no backup holds, and what is wrong with them."""
    return Refusal(
        f"the backup is damaged: {what}", remedy="give another copy; nothing was changed"
    )
