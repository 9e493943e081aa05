"""Sealed single values: the proof of the master key, the chain's head, the alias's key in use."""

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.identity import fingerprint as checked
from gatekeeper.store import fields, sealing
from gatekeeper.store import tx as transaction
from gatekeeper.store.tables import meta
from gatekeeper.store.tx import Tx, insert_or

CHAIN_HEAD: Final = "chain head"
ALIAS_KEY: Final = "alias key"

# Made once: every entry of the event log asks for its head and moves it.
_VALUE: Final = select(meta.c.value).where(meta.c.name == bindparam("named"))
_VALUE_LOCKED: Final = _VALUE.with_for_update()
_MOVE: Final = update(meta).where(meta.c.name == CHAIN_HEAD).values(value=bindparam("head"))

_GIVE_BACK: Final = (
    "give the key file that was in use when the database was made or its key replaced last, "
    "or its backup"
)


def initialise(tx: Tx, *, chain_head: bytes) -> None:
    """Bind an empty database to the codec's master key and give it the head of an empty log.

    Does nothing but `require_key` when that was done before.
    """
    if _value(tx, sealing.CHECK) is not None:
        require_key(tx)
        return
    for name, plaintext in ((sealing.CHECK, sealing.CHECK_TEXT), (CHAIN_HEAD, chain_head)):
        value = fields.seal(tx, meta.c.value, name.encode(), plaintext)
        tx.connection.execute(insert(meta).values(name=name, value=value))


def require_key(tx: Tx) -> None:
    """Refuse, as Misconfigured, master keys that do not open all that this database holds.

    That is the key that seals and, until nothing of it is left, the one that did so before.
    """
    if _value(tx, sealing.CHECK) is None:
        raise Misconfigured("the database is not set up", remedy="run `gatekeeper db upgrade`")
    for name, lacks in (
        (sealing.CHECK, "the master key is not the one of this database"),
        (sealing.FORMER, "the master key of before is missing, which still opens some values"),
    ):
        value = _value(tx, name)
        try:
            if value is not None:
                fields.unseal(tx, meta.c.value, name.encode(), value)
        except OurFault as fault:
            reason = fault.reason
        else:
            continue
        raise Misconfigured(lacks, reason=reason, remedy=_GIVE_BACK)


def chain_head(tx: Tx, *, lock: bool) -> bytes:
    """Return the head of the event chain; with `lock`, nobody else moves it until the commit."""
    value = _value(tx, CHAIN_HEAD, lock=lock)
    if value is None:
        raise OurFault(
            "the head of the event log is missing",
            remedy="stop the service and restore the database from a backup",
        )
    return fields.unseal(tx, meta.c.value, CHAIN_HEAD.encode(), value)


def move_chain_head(tx: Tx, head: bytes) -> None:
    """Write the new head of the event chain, which `chain_head(lock=True)` holds."""
    value = fields.seal(tx, meta.c.value, CHAIN_HEAD.encode(), head)
    tx.connection.execute(_MOVE, {"head": value})


def alias_keys(tx: Tx, *, lock: bool) -> tuple[str, ...]:
    """Return the fingerprints that people were told to be the alias's key, the present one first.

    Empty when none was noted yet. With `lock`, no other transaction notes one before the commit.
    """
    if lock:
        transaction.lock(tx, ALIAS_KEY, b"")
    value = _value(tx, ALIAS_KEY, lock=lock)
    if value is None:
        return ()
    return tuple(json.loads(fields.unseal(tx, meta.c.value, ALIAS_KEY.encode(), value)))


def note_alias_keys(tx: Tx, fingerprints: Sequence[str]) -> None:
    """Write down what `alias_keys` returns from now on."""
    plain = json.dumps([checked(each) for each in fingerprints]).encode()
    value = fields.seal(tx, meta.c.value, ALIAS_KEY.encode(), plain)
    statement = insert_or(tx, meta).values(name=ALIAS_KEY, value=value)
    kept = statement.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": value})
    tx.connection.execute(kept)


def _value(tx: Tx, name: str, *, lock: bool = False) -> bytes | None:
    return tx.connection.scalar(_VALUE_LOCKED if lock else _VALUE, {"named": name})
