"""Deliveries that must not go out: of a copy that was set back, to who was removed."""

from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, delete, exists, or_, select, update

from gatekeeper.domain.delivery import TRANSITIONS, DeliveryEvent, DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields
from gatekeeper.store.tables import deliveries, delivery_chunks, letters, messages
from gatekeeper.store.tx import Tx

REASON: Final = "it may have been sent before the database was set back to an older state"
REMOVED: Final = "who it is for takes part in the issue no more"

_D: Final = deliveries.c
_WITHHOLD: Final = DeliveryEvent.WITHHOLD
_OPEN: Final = sorted(state for state, moves in TRANSITIONS.items() if _WITHHOLD in moves)
_BATCH: Final = 500
_BLOCKING: Final = (
    update(deliveries)
    .where(_D.id == bindparam("row"))
    .values(
        state=DeliveryState.BLOCKED,
        reason=bindparam("why"),
        lease=None,
        key_packets=None,
        fingerprints=None,
        own=False,
        due_at=bindparam("at"),
        updated_at=bindparam("at"),
    )
)


def withhold_all(tx: Tx, *, now: Instant) -> int:
    """Block every delivery that has not ended, and return how many.

    What they were sealed with is forgotten, and whoever holds one cannot record it any more; a
    person has each tried again knowingly, sealed anew.
    """
    query = select(_D.id).where(_D.state.in_(_OPEN))
    return _withhold(tx, query, now)


def withhold_to(tx: Tx, correspondent: RowId, *, now: Instant) -> int:
    """Block every delivery to somebody outside that has not ended, and return how many."""
    query = select(_D.id).where(_D.state.in_(_OPEN), _D.correspondent == correspondent)
    return _withhold(tx, query, now, reason=REMOVED)


def withhold_answers(tx: Tx, *, since: Instant, now: Instant) -> int:
    """Block what was written since then about mail that had come before, and return how much.

    A copy that was set back handles such mail once more: its letters may have gone out before.
    """
    of_then = or_(
        letters.c.message == messages.c.id,
        # one transaction handles a message and writes all letters about it, at one instant
        and_(letters.c.issue == messages.c.issue, letters.c.created_at == messages.c.updated_at),
    )
    old = exists().where(messages.c.received_at <= since, of_then)
    query = (
        select(_D.id)
        .join(letters, letters.c.id == _D.letter)
        .where(_D.state.in_(_OPEN), letters.c.created_at >= since, old)
    )
    return _withhold(tx, query, now)


def _withhold(tx: Tx, query: Select[Any], now: Instant, *, reason: str = REASON) -> int:
    found = list(tx.connection.scalars(query.order_by(_D.id).with_for_update(of=deliveries)))
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]
        gone = delete(delivery_chunks).where(delivery_chunks.c.delivery.in_(batch))
        tx.connection.execute(gone)
        reasons = ((row, fields.seal_text(tx, _D.reason, row, reason)) for row in batch)
        tx.connection.execute(_BLOCKING, [{"row": r, "why": w, "at": now} for r, w in reasons])
    return len(found)
