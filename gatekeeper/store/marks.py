"""Marks: what became of deliveries that were held, many in one transaction with few statements.

A mark counts only while its holder's lease is the row's: what came of an attempt after the lease
had ended is for whoever claimed the delivery since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from gatekeeper.domain.delivery import (
    Attempt,
    DeliveryEvent,
    DeliveryState,
    Outcome,
    after,
    move,
)
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store import claims, fields
from gatekeeper.store.tables import deliveries
from gatekeeper.store.tx import Tx, Work

_D: Final = deliveries.c

_LOCKED: Final = (
    select(
        *(_D.id, _D.state, _D.lease, _D.issue, _D.attempts, _D.doubts),
        *(_D.first_due_at, _D.urgent, _D.reply),
    )
    .where(_D.id.in_(bindparam("ids", expanding=True)))
    .order_by(_D.id)
    .with_for_update()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A delivery and the token under which its holder claimed it."""

    delivery: RowId
    token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one attempt to send a held delivery came to."""

    held: Held
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A delivery whose mark counted: its issue, and the state that it came to."""

    issue: RowId | None
    state: DeliveryState


def record_all(tx: Tx, marks: Sequence[Mark], *, now: Instant) -> tuple[Marked | None, ...]:
    """Record what the relay said to each (domain.delivery.after), and return what followed.

    None in the place of one whose lease is no longer the row's: nothing of it is changed.
    """
    rows = claims.locked(tx, _LOCKED, [mark.held.delivery for mark in marks])
    changes: list[Mapping[str, object]] = []
    found: list[Marked | None] = []
    for mark in marks:
        row = rows.pop(mark.held.delivery, None)
        if row is None or row.lease != mark.held.token:
            found.append(None)
            continue
        change, state = _recorded(tx, row, mark.attempt, now)
        changes.append(change)
        issue = row_id(row.issue) if row.issue is not None else None
        found.append(Marked(issue=issue, state=state))
    _update(tx, changes)
    return tuple(found)


def release_all(tx: Tx, held: Sequence[Held], *, wait: int, now: Instant) -> int:
    """Let go of deliveries that were not begun, due again after `wait` microseconds; how many.

    No attempt is counted. Those whose lease is no longer the row's are left alone.
    """
    rows = claims.locked(tx, _LOCKED, [one.delivery for one in held])
    changes = [
        {
            "delivery": row.id,
            "state": move(DeliveryState(row.state), DeliveryEvent.RELEASE),
            "lease": None,
            "due_at": later(now, wait),
            "attempts": row.attempts - 1,
            "doubts": row.doubts,
            "reply": row.reply,
            "updated_at": now,
        }
        for one in held
        if (row := rows.get(one.delivery)) is not None and row.lease == one.token
    ]
    _update(tx, changes)
    if changes and not wait:
        # Another process may take them up at once.
        tx.wake(Work.SENDING)
    return len(changes)


def _recorded(
    tx: Tx, row: Row[Any], attempt: Attempt, now: Instant
) -> tuple[dict[str, object], DeliveryState]:
    doubts = row.doubts + (attempt.outcome is Outcome.IN_DOUBT)
    then = after(
        attempt,
        attempts=row.attempts,
        doubts=doubts,
        first_at=Instant(row.first_due_at),
        now=now,
        urgent=row.urgent,
    )
    state = move(DeliveryState(row.state), then.event)
    change: dict[str, object] = {
        "delivery": row.id,
        "state": state,
        "lease": None,
        "due_at": then.due_at,
        "attempts": row.attempts,
        "doubts": doubts,
        "reply": fields.seal_text(tx, _D.reply, row.id, attempt.reply),
        "updated_at": now,
    }
    return change, state


_CHANGED: Final = ("state", "lease", "due_at", "attempts", "doubts", "reply", "updated_at")
_UPDATE: Final = (
    update(deliveries)
    .where(_D.id == bindparam("delivery"))
    .values({name: bindparam(name) for name in _CHANGED})
)


def _update(tx: Tx, changes: Sequence[Mapping[str, object]]) -> None:
    if changes:
        tx.connection.execute(_UPDATE, changes)
