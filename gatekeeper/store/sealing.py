"""Which master key is in use: the database says it, and every write asks it first.

`master key check` is sealed with the key that seals. While the key of before still opens some
values, `former key check` is sealed with that one: a process that lacks either is refused at its
start. A write asks under a lock that whoever changes the key holds alone, so every value that is
committed after the change is sealed with the new key, whoever wrote it and whenever it began.

`begun master key` names the key that a change was begun with, until it is taken up: that a key
stands in the file of keys says nothing, since people put lines there too.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select, text, update

from gatekeeper.domain.errors import Misconfigured
from gatekeeper.store import fields
from gatekeeper.store.faults import Conflict
from gatekeeper.store.seal import Codec, key_id_of
from gatekeeper.store.tables import meta
from gatekeeper.store.tx import POSTGRESQL, Tx, insert_or

CHECK: Final = "master key check"
FORMER: Final = "former key check"
RETIRED: Final = "retired master keys"
BEGUN: Final = "begun master key"
CHECK_TEXT: Final = b"this database belongs to this master key"

_LOCK: Final = 0x6761746B7365616C
"""PostgreSQL's advisory lock: shared by all writes, held alone by who changes the key."""

_ASK: Final = f"SELECT value FROM meta WHERE name = '{CHECK}'"  # noqa: S608 - a word of ours
_LOCK_SHARED: Final = f"SELECT pg_advisory_xact_lock_shared({_LOCK})"
_LOCK_ALONE: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK})")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """Ids of master keys: the one that seals, the one before it while it still opens something.

    `retired` are those that opened nothing any more when they were replaced. `begun` is the one
    that was made to follow and is not taken up yet.
    """

    sealing: bytes
    former: bytes | None
    retired: tuple[bytes, ...]
    begun: bytes | None = None


def asked(connection: Connection, codec: Codec) -> Codec:
    """Return `codec` sealing with the database's key, which stays that until the commit.

    To be asked first in a transaction that writes. On PostgreSQL lock and question are one
    exchange, yet two statements: the second sees what the first waited for.
    """
    if connection.dialect.name == POSTGRESQL:
        both = connection.exec_driver_sql(f"{_LOCK_SHARED}; {_ASK}")
        both.cursor.nextset()
        found = both.cursor.fetchone()
        both.close()
    else:
        found = connection.exec_driver_sql(_ASK).one_or_none()
    return codec.sealing_with(_sealed_with(bytes(found[0]) if found is not None else None))


def state(tx: Tx) -> KeyState:
    """Return which keys this database is sealed with."""
    former = _value(tx, FORMER)
    retired, begun = _value(tx, RETIRED), _value(tx, BEGUN)
    ids = fields.unseal_json(tx, meta.c.value, RETIRED.encode(), retired) if retired else ()
    return KeyState(
        sealing=_sealed_with(_value(tx, CHECK)),
        former=key_id_of(former) if former is not None else None,
        retired=tuple(bytes.fromhex(each) for each in ids),
        begun=fields.unseal(tx, meta.c.value, BEGUN.encode(), begun) if begun else None,
    )


def begin(tx: Tx, *, new: bytes) -> None:
    """Note that a change to the key of that id begins; one that was begun before is forgotten."""
    _put(tx, BEGUN, fields.seal(tx, meta.c.value, BEGUN.encode(), new))


def change(tx: Tx, *, new: bytes) -> None:
    """Have everything sealed with the key of that id from the commit on, by every process.

    Waits until no other write is open. Conflict while values of an earlier change are left, and
    when the key was retired; OurFault when the codec does not know it.
    """
    if tx.dialect == POSTGRESQL:
        tx.connection.execute(_LOCK_ALONE)
    now = state(tx)
    if now.former is not None:
        raise Conflict("an earlier change of the master key has not ended")
    if new in now.retired:
        raise Conflict("this master key was replaced before")
    kept = fields.seal(tx, meta.c.value, FORMER.encode(), CHECK_TEXT)
    tx.connection.execute(meta.insert().values(name=FORMER, value=kept))
    value = tx.codec.sealing_with(new).seal(fields.place(meta.c.value, CHECK.encode()), CHECK_TEXT)
    tx.connection.execute(update(meta).where(meta.c.name == CHECK).values(value=value))
    tx.connection.execute(delete(meta).where(meta.c.name == BEGUN))


def retire(tx: Tx) -> None:
    """Note that nothing is left that the former key opens; nothing happens when there is none.

    It is for the caller to know that: values of the former key are never made after the change.
    """
    now = state(tx)
    if now.former is None:
        return
    ids = [each.hex() for each in (*now.retired, now.former)]
    _put(tx, RETIRED, fields.seal_json(tx, meta.c.value, RETIRED.encode(), ids))
    tx.connection.execute(delete(meta).where(meta.c.name == FORMER))


def _sealed_with(check: bytes | None) -> bytes:
    key_id = key_id_of(check) if check is not None else None
    if key_id is None:
        raise Misconfigured("the database is not set up", remedy="run `gatekeeper db upgrade`")
    return key_id


def _put(tx: Tx, name: str, value: bytes) -> None:
    noted = insert_or(tx, meta).values(name=name, value=value)
    tx.connection.execute(
        noted.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": value})
    )


def _value(tx: Tx, name: str) -> bytes | None:
    return tx.connection.scalar(select(meta.c.value).where(meta.c.name == name))
