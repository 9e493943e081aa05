"""Sealed single values: the proof that the master key is this database's, and the chain's head."""

from typing import Final

from sqlalchemy import insert, select, update

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.store import fields
from gatekeeper.store.tables import meta
from gatekeeper.store.tx import Tx

CHAIN_HEAD: Final = "chain head"

_CHECK: Final = "master key check"
_CHECK_TEXT: Final = b"this database belongs to this master key"


def initialise(tx: Tx, *, chain_head: bytes) -> None:
    """Bind an empty database to the codec's master key and give it the head of an empty log.

    Does nothing but `require_key` when that was done before.
    """
    if _value(tx, _CHECK) is not None:
        require_key(tx)
        return
    for name, plaintext in ((_CHECK, _CHECK_TEXT), (CHAIN_HEAD, chain_head)):
        value = fields.seal(tx, meta.c.value, name.encode(), plaintext)
        tx.connection.execute(insert(meta).values(name=name, value=value))


def require_key(tx: Tx) -> None:
    """Refuse, as Misconfigured, a master key other than the one this database began with."""
    value = _value(tx, _CHECK)
    if value is None:
        raise Misconfigured("the database is not set up", remedy="run `gatekeeper db upgrade`")
    try:
        fields.unseal(tx, meta.c.value, _CHECK.encode(), value)
    except OurFault as fault:
        reason = fault.reason
    else:
        return
    raise Misconfigured(
        "the master key is not the one of this database",
        reason=reason,
        remedy="give the key file that was in use when the database was made, or its backup",
    )


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
    tx.connection.execute(update(meta).where(meta.c.name == CHAIN_HEAD).values(value=value))


def _value(tx: Tx, name: str, *, lock: bool = False) -> bytes | None:
    query = select(meta.c.value).where(meta.c.name == name)
    return tx.connection.scalar(query.with_for_update() if lock else query)
