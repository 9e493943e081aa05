"""Automatic answers of late: to whom they were written, for what a domain may have of them."""

from typing import Final

from sqlalchemy import select

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields
from gatekeeper.store.tables import deliveries, letters
from gatekeeper.store.tx import Tx

_D: Final = deliveries.c
_L: Final = letters.c


def recipients_since(tx: Tx, since: Instant) -> tuple[Address, ...]:
    """Return to whom automatic letters were written at or after `since`, one for each letter.

    As many as there are in that time: ask for a time in which policy lets few be written.
    """
    query = (
        select(_D.id, _D.recipient)
        .join(letters, _L.id == _D.letter)
        .where(_L.automatic, _L.created_at >= since)
    )
    return tuple(
        Address.parse(fields.unseal_text(tx, _D.recipient, row.id, row.recipient))
        for row in tx.connection.execute(query)
    )
