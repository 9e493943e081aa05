"""Sealed single values as JSON, each under a name of its own in the table `meta`."""

from typing import Any

from sqlalchemy import delete, select

from gatekeeper.store import fields
from gatekeeper.store.tables import meta
from gatekeeper.store.tx import Tx, insert_or


def get(tx: Tx, name: str, *, lock: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Return the value of that name, None when there is none; with `lock`, held to the commit."""
    query = select(meta.c.value).where(meta.c.name == name)
    value = tx.connection.scalar(query.with_for_update() if lock else query)
    return fields.unseal_json(tx, meta.c.value, name.encode(), value) if value is not None else None


def put(tx: Tx, name: str, value: object) -> None:
    """Write a value in place of the one there."""
    sealed = fields.seal_json(tx, meta.c.value, name.encode(), value)
    statement = insert_or(tx, meta).values(name=name, value=sealed)
    kept = statement.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": sealed})
    tx.connection.execute(kept)


def remove(tx: Tx, name: str) -> None:
    """Forget a value; nothing happens when there is none."""
    tx.connection.execute(delete(meta).where(meta.c.name == name))
