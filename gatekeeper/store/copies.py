"""Copies: what each recipient of a letter is to get, kept for all of them with few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from gatekeeper.domain.delivery import DeliveryEvent, DeliveryState, move
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import claims, fields
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import deliveries, delivery_chunks
from gatekeeper.store.tx import Tx, Work

_D: Final = deliveries.c

_LOCKED: Final = (
    select(_D.id, _D.state)
    .where(_D.id.in_(bindparam("ids", expanding=True)))
    .order_by(_D.id)
    .with_for_update()
)
_CHANGED: Final = ("state", "key_packets", "fingerprints", "own", "updated_at")
_UPDATE: Final = (
    update(deliveries)
    .where(_D.id == bindparam("delivery"))
    .values({name: bindparam(name) for name in _CHANGED})
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What one recipient's copy is made of, beside what the letter shares.

    One that goes in clear has no key packets and no fingerprints · `own_packet` is the data packet
    of a delivery unblocked after its letter was sealed.
    """

    delivery: RowId
    key_packets: bytes
    fingerprints: Sequence[str]
    own_packet: bytes | None = None


def seal_all(tx: Tx, copies: Sequence[Copy], *, now: Instant) -> None:
    """Keep copies of pending deliveries; Conflict when one is not pending, or not there."""
    rows = claims.locked(tx, _LOCKED, [copy.delivery for copy in copies])
    changes: list[dict[str, object]] = []
    for copy in copies:
        row = rows.pop(copy.delivery, None)
        if row is None:
            raise Conflict("there is no such delivery")
        try:
            state = move(DeliveryState(row.state), DeliveryEvent.SEAL)
        except ValueError as error:
            raise Conflict(str(error)) from None
        changes.append(_change(tx, copy, state, now))
    if not changes:
        return
    tx.connection.execute(_UPDATE, changes)
    for copy in copies:
        _keep_own_packet(tx, copy)
    tx.wake(Work.SENDING)


def own_packet(tx: Tx, delivery: RowId) -> bytes:
    """Return the data packet of a delivery whose `own` is true; others have none: OurFault."""
    query = (
        select(delivery_chunks.c.data)
        .where(delivery_chunks.c.delivery == delivery)
        .order_by(delivery_chunks.c.seq)
    )
    chunks = tx.connection.scalars(query)
    return fields.unseal_chunks(tx, delivery_chunks.c.data, delivery, chunks)


def _change(tx: Tx, copy: Copy, state: DeliveryState, now: Instant) -> dict[str, object]:
    delivery = copy.delivery
    return {
        "delivery": delivery,
        "state": state,
        "key_packets": fields.seal(tx, _D.key_packets, delivery, copy.key_packets),
        "fingerprints": fields.seal_json(tx, _D.fingerprints, delivery, list(copy.fingerprints)),
        "own": copy.own_packet is not None,
        "updated_at": now,
    }


def _keep_own_packet(tx: Tx, copy: Copy) -> None:
    if copy.own_packet is None:
        return
    data = delivery_chunks.c.data
    for seq, sealed in fields.seal_chunks(tx, data, copy.delivery, copy.own_packet):
        values = {"delivery": copy.delivery, "seq": seq, "data": sealed}
        tx.connection.execute(insert(delivery_chunks).values(values))
