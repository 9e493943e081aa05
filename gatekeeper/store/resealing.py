"""Values sealed anew with the key that seals now: table by table, in bounded batches.

A batch is read and sealed in a snapshot, then written row by row only where a value is still the
one that was read: whoever changed it meanwhile sealed it with the new key already. So nothing that
runs is undone, and whoever is killed goes on where old values are left, for they tell themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Row,
    Select,
    Table,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from gatekeeper.domain.errors import OurFault
from gatekeeper.store import fields, sealing
from gatekeeper.store.seal import KEY_ID_BYTES, Codec
from gatekeeper.store.tables import SEALED, meta, metadata
from gatekeeper.store.tx import Tx

ROWS: Final = 50
CHUNKS: Final = 4
"""Rows of one batch; of a table of chunks, each a MiB, fewer."""


def _by_table() -> Mapping[str, tuple[Column[Any], ...]]:
    found: dict[str, list[Column[Any]]] = {}
    for column in SEALED:
        found.setdefault(column.table.name, []).append(column)
    return MappingProxyType({name: tuple(columns) for name, columns in sorted(found.items())})


TABLES: Final = _by_table()
"""The sealed columns, by the name of their table."""

Key = tuple[Any, ...]
"""The values of a row's primary key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One value of one row, as it is and as it shall be."""

    key: Key
    column: str
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows of a table, in the order of their keys; `last` is the key of the last one.

    `damaged` are the places of values that do not open, with whatever key: they stay as they are.
    """

    table: str
    changed: tuple[Changed, ...]
    damaged: tuple[str, ...]
    last: Key


def batch(tx: Tx, *, table: str, former: bytes, after: Key | None) -> Batch | None:
    """Return the next rows with values that the `former` key sealed, sealed anew; None at the end.

    `after` is where the batch before this one ended.
    """
    of = metadata.tables[table]
    keys = tuple(of.primary_key.columns)
    columns = TABLES[table]
    query: Select[Any] = select(*keys, *columns, _ends(of)).where(
        or_(*(_sealed_with(c, former) for c in columns))
    )
    if table == meta.name:
        query = query.where(meta.c.name != sealing.FORMER)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*map(literal, after)))
    rows = tx.connection.execute(query.order_by(*keys).limit(CHUNKS if _chunks(of) else ROWS)).all()
    if not rows:
        return None
    codec = tx.codec.sealing_with(sealing.state(tx).sealing)
    changed: list[Changed] = []
    damaged: list[str] = []
    for row in rows:
        for one in _resealed(codec, of, row, former):
            if isinstance(one, str):
                damaged.append(one)
            else:
                changed.append(one)
    last = tuple(rows[-1][: len(keys)])
    return Batch(table=table, changed=tuple(changed), damaged=tuple(damaged), last=last)


def write(tx: Tx, found: Batch) -> int:
    """Write a batch where its values are still those that were read; return how many were."""
    of = metadata.tables[found.table]
    keys = tuple(of.primary_key.columns)
    written = 0
    for one in found.changed:
        column = of.c[one.column]
        same = (key == value for key, value in zip(keys, one.key, strict=True))
        statement = update(of).where(*same, column == one.old).values({column: one.new})
        written += tx.connection.execute(statement).rowcount
    return written


def counts(tx: Tx) -> Mapping[bytes, int]:
    """Return how many values each master key sealed, by its id; all of them are read."""
    found: dict[bytes, int] = {}
    for name, columns in TABLES.items():
        for column in columns:
            key_id = func.substr(column, 2, KEY_ID_BYTES)
            query = select(key_id, func.count()).where(column.is_not(None)).group_by(key_id)
            if name == meta.name:
                query = query.where(meta.c.name != sealing.FORMER)
            for row in tx.connection.execute(query):
                found[bytes(row[0])] = found.get(bytes(row[0]), 0) + row[1]
    return found


def place_row(of: Table, row: Row[Any], *, ends: bool) -> bytes:
    """Return the bytes by which a row is bound to what is sealed in it: its primary key's.

    The last chunk of a content differs from one that is not, so `ends` counts for chunks.
    """
    values = [_bytes(column, row[at]) for at, column in enumerate(of.primary_key.columns)]
    return b"".join(values) + (bytes([ends]) if _chunks(of) else b"")


def _resealed(codec: Codec, of: Table, row: Row[Any], former: bytes) -> Iterator[Changed | str]:
    width = len(of.primary_key.columns)
    for at, column in enumerate(TABLES[of.name], width):
        value = row[at]
        if value is None or value[1 : 1 + KEY_ID_BYTES] != former:
            continue
        place = fields.place(column, place_row(of, row, ends=bool(row[-1])))
        try:
            new = codec.seal(place, codec.open(place, value))
        except OurFault:
            yield place.name
            continue
        yield Changed(key=tuple(row[:width]), column=column.name, old=bytes(value), new=new)


def _sealed_with(column: Column[Any], key_id: bytes) -> ColumnElement[bool]:
    return func.substr(column, 2, KEY_ID_BYTES) == key_id


def _chunks(of: Table) -> bool:
    return "seq" in of.c and "data" in of.c


def _ends(of: Table) -> ColumnElement[Any]:
    """Return what says whether a chunk is the last one of its content."""
    if not _chunks(of):
        return literal(0)
    other = of.alias()
    parents = [c.name for c in of.primary_key.columns if c.name != "seq"]
    same = (other.c[name] == of.c[name] for name in parents)
    return ~select(other.c.seq).where(*same, other.c.seq == of.c.seq + 1).exists()


def _bytes(column: Column[Any], value: Any) -> bytes:  # noqa: ANN401 - of any type
    if isinstance(column.type, BigInteger):
        return int(value).to_bytes(8)
    if isinstance(column.type, Integer):
        return int(value).to_bytes(4)
    return value.encode() if isinstance(value, str) else bytes(value)
