"""What a copy of a database holds that tells how old it is: its log and its sealed values."""

from typing import Any

from sqlalchemy import delete, insert, select

from gatekeeper.store.tables import events, meta
from gatekeeper.store.tx import Tx
from tests.store.tampering import unguarded

Copy = dict[str, list[dict[str, Any]]]


def copied(tx: Tx) -> Copy:
    """Return the rows of the log and of the sealed values, as a copy of the database has them."""
    return {
        table.name: [dict(row) for row in tx.connection.execute(select(table)).mappings()]
        for table in (events, meta)
    }


def restored(tx: Tx, copy: Copy) -> None:
    """Put the rows of a copy in place of those that are there."""
    unguarded(tx)
    for table in (events, meta):
        tx.connection.execute(delete(table))
        if copy[table.name]:
            tx.connection.execute(insert(table), copy[table.name])
