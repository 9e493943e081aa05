"""Leases: work is claimed by one holder at a time, and only the holder may say what came of it.

`due_at` says from when a row may be claimed; while it is claimed that is the end of its lease,
so a row whose holder died becomes due like any other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, RowMapping, Select, Table, select, update

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store.faults import stale_lease
from gatekeeper.store.tx import Tx

_AT_ONCE: Final = 500
"""Rows that one statement asks for; databases bound the parameters of a statement."""


def claim(
    tx: Tx,
    table: Table,
    *,
    ready: ColumnElement[bool],
    values: Mapping[str, object],
    now: Instant,
    lease: int,
    token: bytes,
    limit: int,
) -> Sequence[RowMapping]:
    """Give up to `limit` rows that are `ready` and due to the holder of `token`, oldest due first.

    `lease` in microseconds from `now`. On PostgreSQL rows that another process is claiming are
    passed over (SKIP LOCKED); on SQLite there is one writer. Returns the rows as they are now.
    """
    picked = (
        select(table.c.id)
        .where(ready, table.c.due_at <= now)
        .order_by(table.c.due_at, table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    statement = (
        update(table)
        .where(table.c.id.in_(select(picked.c.id)))
        .values(lease=token, due_at=later(now, lease), **values)
        .returning(*table.c)
    )
    return tx.connection.execute(statement).mappings().all()


def held(tx: Tx, table: Table, row: RowId, *, token: bytes, what: str) -> Row[Any]:
    """Return the row, locked, that `token` holds; StaleLease when it does not (any more)."""
    query = select(table).where(table.c.id == row, table.c.lease == token).with_for_update()
    found = tx.connection.execute(query).one_or_none()
    if found is None:
        raise stale_lease(what)
    return found


def locked(tx: Tx, query: Select[Any], rows: Iterable[RowId]) -> dict[bytes, Row[Any]]:
    """Return by id what `query`, which takes `ids` and locks in their order, finds of `rows`.

    In one order everywhere, so that nobody waits twice: two holders never hold one row, but a
    person may lock one, as a bounce may.
    """
    ids = sorted(set(rows))
    found: dict[bytes, Row[Any]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = {"ids": ids[start : start + _AT_ONCE]}
        found |= {row.id: row for row in tx.connection.execute(query, some)}
    return found


def end_leases(tx: Tx, table: Table) -> int:
    """End all leases at once; only for a start-up that knows itself to be the only process."""
    statement = update(table).where(table.c.lease.is_not(None)).values(due_at=0)
    return tx.connection.execute(statement).rowcount
