"""What somebody outside was told in an issue: each letter, how far it came, to which key."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields
from gatekeeper.store.tables import deliveries, letters
from gatekeeper.store.tx import Tx

_D: Final = deliveries.c
_L: Final = letters.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One letter to one correspondent.

    `kind` of the letter · `subject` as it is inside · `written_at` when it was written, `at` when
    it came to `state`: with DELIVERED, when the relay took it · `fingerprints` the keys it is
    encrypted to, none before that, in clear, and once it is erased · `came_back` that a mail
    server returned it.
    """

    letter: RowId
    delivery: RowId
    kind: str
    subject: str
    written_at: Instant
    at: Instant
    state: DeliveryState
    fingerprints: tuple[str, ...]
    came_back: bool


def of_correspondent(tx: Tx, correspondent: RowId) -> tuple[Telling, ...]:
    """Return every letter to a correspondent, oldest first, also those that did not get there."""
    query = (
        select(
            *(_L.kind, _L.summary, _L.created_at, _D.letter),
            *(_D.id, _D.updated_at, _D.state, _D.fingerprints, _D.returned),
        )
        .join(letters, _L.id == _D.letter)
        .where(_D.correspondent == correspondent)
        .order_by(_L.created_at, _L.id)
    )
    found: list[Telling] = []
    for row in tx.connection.execute(query).all():
        summary = fields.unseal_object(tx, _L.summary, row.letter, row.summary) or {}
        sealed_to = row.fingerprints
        keys = fields.unseal_json(tx, _D.fingerprints, row.id, sealed_to) if sealed_to else ()
        found.append(
            Telling(
                letter=row_id(row.letter),
                delivery=row_id(row.id),
                kind=row.kind,
                subject=str(summary.get("subject", "")),
                written_at=Instant(row.created_at),
                at=Instant(row.updated_at),
                state=DeliveryState(row.state),
                fingerprints=tuple(keys),
                came_back=row.returned is not None,
            )
        )
    return tuple(found)
