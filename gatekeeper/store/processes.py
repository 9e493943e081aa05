"""The services that work on this database: who they are, what they do, when they were last seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import HOUR, MINUTE, SECOND, Instant, later
from gatekeeper.domain.roles import Role
from gatekeeper.store import fields, keys
from gatekeeper.store.running import processes
from gatekeeper.store.tx import POSTGRESQL, Tx

_P: Final = processes.c

BEAT: Final = 10 * SECOND
"""How often a process says that it runs."""

GONE_AFTER: Final = MINUTE
"""Who was not seen for so long is taken for dead; a graceful stop says it at once."""

FORGOTTEN_AFTER: Final = HOUR
"""How long somebody who died without a word is still told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Which process it is, and of which program; `alias` is its alias key's fingerprint."""

    host: str
    pid: int
    version: str
    alias: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.host} (pid {self.pid})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """A process as it said it is.

    `key_ids` are the master keys it opens with, the one it seals with first · `ahead` by how many
    microseconds its clock was ahead of the database's, 0 where that has none of its own.
    """

    id: RowId
    name: Name
    roles: frozenset[Role]
    key_ids: tuple[str, ...]
    started_at: Instant
    seen_at: Instant
    ahead: int

    def lives(self, now: Instant) -> bool:
        """Say whether it was seen lately."""
        return self.seen_at > later(now, -GONE_AFTER)


def register(
    tx: Tx, *, name: Name, roles: Iterable[Role], now: Instant, process: RowId | None = None
) -> RowId:
    """Write a process down that starts, and forget those that died long ago; return its id.

    `process` is the id of one that runs and was forgotten. On SQLite, where there is one service,
    whoever stands there is dead.
    """
    gone = delete(processes)
    if tx.dialect == POSTGRESQL:
        gone = gone.where(_P.seen_at <= later(now, -FORGOTTEN_AFTER))
    tx.connection.execute(gone)
    made = process or keys.new_id()
    values = {
        "id": made,
        "name": _sealed(tx, made, name, ahead=0),
        "roles": ",".join(sorted(roles)),
        "key_ids": _key_ids(tx),
        "started_at": now,
        "seen_at": now,
    }
    tx.connection.execute(insert(processes).values(values))
    return made


def beat(tx: Tx, *, process: RowId, name: Name, ahead: int, now: Instant) -> bool:
    """Say that a process still runs, and how its clock stands; False when it was forgotten.

    Its master keys are written anew, for they change while it runs.
    """
    statement = (
        update(processes)
        .where(_P.id == process)
        .values(seen_at=now, key_ids=_key_ids(tx), name=_sealed(tx, process, name, ahead=ahead))
    )
    return tx.connection.execute(statement).rowcount == 1


def leave(tx: Tx, *, process: RowId) -> None:
    """Take a process out that ends."""
    tx.connection.execute(delete(processes).where(_P.id == process))


def known(tx: Tx) -> tuple[ProcessRow, ...]:
    """Return all that have not left, those that died lately included; the oldest first."""
    rows = tx.connection.execute(select(processes).order_by(_P.started_at, _P.id))
    return tuple(_process(tx, row) for row in rows)


def living(tx: Tx, now: Instant) -> tuple[ProcessRow, ...]:
    """Return those that run, as far as their last word tells."""
    return tuple(row for row in known(tx) if row.lives(now))


def database_now(tx: Tx) -> Instant | None:
    """Return the present instant by the database's clock; None on SQLite, which has ours."""
    if tx.dialect != POSTGRESQL:
        return None
    seconds = func.extract("epoch", func.clock_timestamp())
    return Instant(int(tx.connection.execute(select(seconds)).scalar_one() * SECOND))


def _key_ids(tx: Tx) -> str:
    return ",".join(tx.codec.key_ids)


def _sealed(tx: Tx, process: RowId, name: Name, *, ahead: int) -> bytes:
    value = {
        "host": name.host,
        "pid": name.pid,
        "version": name.version,
        "alias": name.alias,
        "ahead": ahead,
    }
    return fields.seal_json(tx, _P.name, process, value)


def _process(tx: Tx, row: Row[Any]) -> ProcessRow:
    said = fields.unseal_json(tx, _P.name, row.id, row.name)
    ahead = said.pop("ahead")
    return ProcessRow(
        id=row_id(row.id),
        name=Name(**said),
        roles=frozenset(Role(role) for role in row.roles.split(",")),
        key_ids=tuple(row.key_ids.split(",")),
        started_at=Instant(row.started_at),
        seen_at=Instant(row.seen_at),
        ahead=ahead,
    )
