"""Opens every sealed value of a database by its place alone, whatever function wrote it."""

from collections.abc import Mapping

from sqlalchemy import select

from gatekeeper.store import fields
from gatekeeper.store.resealing import TABLES
from gatekeeper.store.seal import Place
from gatekeeper.store.tables import metadata
from gatekeeper.store.tx import Tx


def every_value(tx: Tx) -> Mapping[Place, bytes]:
    """Return every sealed value opened, by its place; OurFault when one does not open."""
    found: dict[Place, bytes] = {}
    for name, columns in TABLES.items():
        keys = list(metadata.tables[name].primary_key.columns)
        rows = [
            (tuple(row[: len(keys)]), row[len(keys) :])
            for row in tx.connection.execute(select(*keys, *columns).order_by(*keys))
        ]
        for at, (key, values) in enumerate(rows):
            following = rows[at + 1][0] if at + 1 < len(rows) else ()
            place = _row(name, key, ends=key[:-1] != following[:-1])
            for column, value in zip(columns, values, strict=True):
                if value is not None:
                    where = fields.place(column, place)
                    found[where] = tx.codec.open(where, value)
    return found


def _row(table: str, key: tuple[object, ...], *, ends: bool) -> bytes:
    """Return what binds a value to its row, as each table's own functions have it."""
    parts: list[bytes] = []
    for part in key:
        if isinstance(part, str):
            parts.append(part.encode())
        elif isinstance(part, int):
            parts.append(part.to_bytes(8 if table == "events" else 4))
        else:
            assert isinstance(part, bytes)
            parts.append(part)
    return b"".join(parts) + (bytes([ends]) if table.endswith("_chunks") else b"")
