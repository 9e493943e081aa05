"""Deliveries: one letter to one recipient, through the domain's transition table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Row,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import (
    CLAIMABLE,
    TRANSITIONS,
    DeliveryEvent,
    DeliveryState,
    move,
)
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.store import claims, fields, frozen, keys
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import deliveries, delivery_chunks, letters
from gatekeeper.store.tx import Tx, Work

_D: Final = deliveries.c
_WHAT: Final = "delivery"
_ADD: Final = insert(deliveries)
_OTHER: Final = deliveries.alias().c

# As the partial indexes spell it, so that both databases see that these cover it.
_STATES: Final = ", ".join(f"'{state}'" for state in sorted({*CLAIMABLE, DeliveryState.CLAIMED}))
_WAITING: Final = and_(text(f"state IN ({_STATES})"))
_URGENT: Final = and_(text(f"state IN ({_STATES})"), text("urgent"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery without its packets.

    `due_at` when it may be claimed next, while claimed the end of the lease · `reply` the relay's
    last words · `reason` why it is blocked · `fingerprints` the keys it was sealed to ·
    `correspondent` who outside it goes to, None for the team · `urgent` that it goes before all
    others · `returned` what the last bounce said of it, None without one.
    """

    id: RowId
    letter: RowId
    issue: RowId | None
    recipient: Address
    correspondent: RowId | None
    name: str
    state: DeliveryState
    fingerprints: tuple[str, ...]
    due_at: Instant
    first_due_at: Instant
    attempts: int
    doubts: int
    reply: str
    reason: str
    created_at: Instant
    updated_at: Instant
    urgent: bool = False
    returned: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that a worker holds; `attempts` counts this one.

    `own` says that its data packet is not the letter's but its own (`store.copies.own_packet`).
    """

    id: RowId
    letter: RowId
    recipient: Address
    correspondent: RowId | None
    attempts: int
    doubts: int
    first_due_at: Instant
    key_packets: bytes
    fingerprints: tuple[str, ...]
    own: bool
    urgent: bool = False


def add(
    tx: Tx,
    *,
    letter: RowId,
    issue: RowId | None,
    recipient: Address,
    name: str,
    due_at: Instant,
    now: Instant,
    correspondent: RowId | None = None,
    urgent: bool = False,
) -> RowId:
    """Add a pending delivery; a letter has at most one for each recipient.

    `correspondent` is who outside it goes to, if not to the team; `urgent` has it sent before all
    that is not.
    """
    row = _new(letter, issue, due_at=due_at, now=now)
    row |= {"correspondent": correspondent, "urgent": urgent}
    (made,) = _add(tx, [(recipient, name)], row)
    return made


def add_all(
    tx: Tx,
    *,
    letter: RowId,
    issue: RowId | None,
    to: Iterable[tuple[Address, str]],
    due_at: Instant,
    now: Instant,
) -> None:
    """Add a pending delivery to each of the team, by address and name, in one statement."""
    _add(tx, to, _new(letter, issue, due_at=due_at, now=now))


def pending_of(tx: Tx, letter: RowId) -> tuple[DeliveryRow, ...]:
    """Return the letter's deliveries that wait to be sealed."""
    query = select(deliveries).where(_D.letter == letter, _D.state == DeliveryState.PENDING)
    return _listed(tx, query)


def blocked(tx: Tx, *, delivery: RowId, reason: str, now: Instant) -> None:
    """Block a pending delivery, visibly, with the reason for people; Conflict when not pending."""
    values = {"reason": fields.seal_text(tx, _D.reason, delivery, reason)}
    _change(tx, _locked(tx, delivery), DeliveryEvent.BLOCK, values, now)


def claim(
    tx: Tx,
    *,
    now: Instant,
    lease: int,
    token: bytes,
    limit: int,
    letter: RowId | None = None,
    like: RowId | None = None,
    urgent: bool = False,
) -> tuple[ClaimedDelivery, ...]:
    """Claim up to `limit` deliveries for the holder of `token`, those due longest first.

    Sealed, deferred or doubtful ones that are due, and those whose holder let the lease
    (microseconds) end; of one letter only, if it is given, of those only such whose copies share
    all but the key packets with that of the delivery `like`, and only `urgent` ones if asked for.
    """
    ready = [_URGENT if urgent else _WAITING]
    if letter is not None:
        ready.append(_D.letter == letter)
    if like is not None:
        # What follows the key packets is the same lines when these are of one length.
        length = select(func.length(_OTHER.key_packets)).where(_OTHER.id == like)
        ready += [_D.own.is_(False), func.length(_D.key_packets) == length.scalar_subquery()]
    rows = claims.claim(
        tx,
        deliveries,
        ready=and_(*ready),
        values={"state": DeliveryState.CLAIMED, "attempts": _D.attempts + 1, "updated_at": now},
        now=now,
        lease=lease,
        token=token,
        limit=limit,
    )
    oldest = sorted(rows, key=lambda row: (row["first_due_at"], row["id"]))
    return tuple(_claimed(tx, row) for row in oldest)


def recall(tx: Tx, *, delivery: RowId, token: bytes, reason: str, now: Instant) -> None:
    """Block a claimed delivery before it is sent, and forget the packets it was sealed with.

    `retry` has it sealed anew, to the keys of then. StaleLease when `token` is not the row's.
    """
    row = claims.held(tx, deliveries, delivery, token=token, what=_WHAT)
    values = {
        "lease": None,
        "due_at": now,
        "reason": fields.seal_text(tx, _D.reason, delivery, reason),
        "key_packets": None,
        "fingerprints": None,
        "own": False,
    }
    tx.connection.execute(delete(delivery_chunks).where(delivery_chunks.c.delivery == delivery))
    _change(tx, row, DeliveryEvent.BLOCK, values, now)


def returned(
    tx: Tx, *, delivery: RowId, report: Mapping[str, object], permanent: bool, now: Instant
) -> DeliveryState:
    """Keep what a bounce said (JSON), and return the delivery's state after it.

    By a `permanent` bounce one fails that was delivered, or may have been: whoever holds it then
    records no more. In any other state, and by another bounce, it goes on as before. Conflict when
    there is no such delivery.
    """
    row = _locked(tx, delivery)
    values: dict[str, object] = {"returned": fields.seal_json(tx, _D.returned, delivery, report)}
    if permanent and DeliveryEvent.RETURN in TRANSITIONS[DeliveryState(row.state)]:
        values |= {"due_at": now, "lease": None}
        return _change(tx, row, DeliveryEvent.RETURN, values, now)
    tx.connection.execute(update(deliveries).where(_D.id == delivery).values(values))
    return DeliveryState(row.state)


def retry(tx: Tx, *, delivery: RowId, now: Instant) -> DeliveryState:
    """Make a blocked, failed or waiting delivery due at once, at a person's wish.

    One that was blocked or had failed gets its full time again. Conflict when it is in a state
    that has nothing to retry, and when its letter was erased meanwhile; Refusal while the database
    is frozen.
    """
    # held, so that a freeze that is being made withholds this one, too
    if frozen.held(tx) is not None:
        # what people sign says how much is withheld: nobody else may let some of it go
        raise Refusal(
            "the database is frozen: what it withholds is not sent again before people thaw it",
            remedy="see what thaws it, then retry: gatekeeper audit frozen",
        )
    row = _locked(tx, delivery)
    erased = select(letters.c.erased_at).where(letters.c.id == row.letter)
    if tx.connection.scalar(erased) is not None:
        raise Conflict("its letter was erased", remedy="nothing of it is left to send")
    values: dict[str, object] = {"due_at": now, "reason": None}
    if row.state in {DeliveryState.BLOCKED, DeliveryState.FAILED}:
        values["first_due_at"] = now
    state = _change(tx, row, DeliveryEvent.RETRY, values, now)
    tx.wake(Work.SEALING if state is DeliveryState.PENDING else Work.SENDING)
    return state


def get(tx: Tx, delivery: RowId) -> DeliveryRow | None:
    """Return the delivery, or None."""
    found = tx.connection.execute(select(deliveries).where(_D.id == delivery)).one_or_none()
    return _delivery(tx, found) if found is not None else None


def list_all(
    tx: Tx, *, issue: RowId | None = None, state: DeliveryState | None = None
) -> tuple[DeliveryRow, ...]:
    """Return the deliveries, oldest first; those of one issue or in one state if given."""
    query = select(deliveries)
    if issue is not None:
        query = query.where(_D.issue == issue)
    if state is not None:
        query = query.where(_D.state == state)
    return _listed(tx, query)


def oldest_pending(tx: Tx) -> Instant | None:
    """Return since when the oldest delivery waits to be sealed, None if none waits.

    One that was blocked waits since somebody had it tried again.
    """
    waiting = select(func.min(_D.updated_at)).where(_D.state == DeliveryState.PENDING)
    found = tx.connection.scalar(waiting)
    return Instant(found) if found is not None else None


def counts(tx: Tx) -> Mapping[DeliveryState, int]:
    """Return how many deliveries are in each state, zeros included."""
    query = select(_D.state, func.count().label("number")).group_by(_D.state)
    found = {row.state: row.number for row in tx.connection.execute(query)}
    return {state: found.get(state, 0) for state in DeliveryState}


def release_leases(tx: Tx) -> int:
    """Make claimed deliveries due at once, for a start-up that is the only process; how many."""
    return claims.end_leases(tx, deliveries)


def _new(letter: RowId, issue: RowId | None, *, due_at: Instant, now: Instant) -> dict[str, object]:
    return {
        "letter": letter,
        "issue": issue,
        "state": DeliveryState.PENDING,
        "due_at": due_at,
        "first_due_at": due_at,
        "attempts": 0,
        "doubts": 0,
        "own": False,
        "created_at": now,
        "updated_at": now,
        "correspondent": None,
        "urgent": False,
    }


def _add(tx: Tx, to: Iterable[tuple[Address, str]], same: Mapping[str, object]) -> Sequence[RowId]:
    made = [(keys.new_id(), recipient, name) for recipient, name in to]
    rows = [
        {
            "id": new,
            "recipient": fields.seal_text(tx, _D.recipient, new, str(recipient)),
            "recipient_key": keys.of_address(tx, recipient),
            "name": fields.seal_text(tx, _D.name, new, name),
            **same,
        }
        for new, recipient, name in made
    ]
    if rows:
        tx.connection.execute(_ADD, rows)
        tx.wake(Work.SEALING)
    return [new for new, _, _ in made]


def _locked(tx: Tx, delivery: RowId) -> Row[Any]:
    query = select(deliveries).where(_D.id == delivery).with_for_update()
    found = tx.connection.execute(query).one_or_none()
    if found is None:
        raise Conflict("there is no such delivery")
    return found


def _change(
    tx: Tx, row: Row[Any], happening: DeliveryEvent, values: Mapping[str, object], now: Instant
) -> DeliveryState:
    try:
        state = move(DeliveryState(row.state), happening)
    except ValueError as error:
        raise Conflict(str(error)) from None
    statement = update(deliveries).where(_D.id == row.id)
    tx.connection.execute(statement.values(state=state, updated_at=now, **values))
    return state


def _listed(tx: Tx, query: Select[Any]) -> tuple[DeliveryRow, ...]:
    rows = tx.connection.execute(query.order_by(_D.created_at, _D.id))
    return tuple(_delivery(tx, row) for row in rows)


def _claimed(tx: Tx, row: RowMapping) -> ClaimedDelivery:
    delivery = row_id(row["id"])
    recipient = fields.unseal_text(tx, _D.recipient, delivery, row["recipient"])
    return ClaimedDelivery(
        id=delivery,
        letter=row_id(row["letter"]),
        recipient=Address.parse(recipient),
        correspondent=_maybe(row["correspondent"]),
        attempts=row["attempts"],
        doubts=row["doubts"],
        first_due_at=Instant(row["first_due_at"]),
        key_packets=fields.unseal(tx, _D.key_packets, delivery, row["key_packets"]),
        fingerprints=tuple(fields.unseal_json(tx, _D.fingerprints, delivery, row["fingerprints"])),
        own=row["own"],
        urgent=row["urgent"],
    )


def _delivery(tx: Tx, row: Row[Any]) -> DeliveryRow:
    sealed_to = row.fingerprints
    listed = fields.unseal_json(tx, _D.fingerprints, row.id, sealed_to) if sealed_to else ()
    return DeliveryRow(
        id=row_id(row.id),
        letter=row_id(row.letter),
        issue=_maybe(row.issue),
        recipient=Address.parse(fields.unseal_text(tx, _D.recipient, row.id, row.recipient)),
        correspondent=_maybe(row.correspondent),
        name=fields.unseal_text(tx, _D.name, row.id, row.name),
        state=DeliveryState(row.state),
        fingerprints=tuple(listed),
        due_at=Instant(row.due_at),
        first_due_at=Instant(row.first_due_at),
        attempts=row.attempts,
        doubts=row.doubts,
        reply=fields.unseal_text(tx, _D.reply, row.id, row.reply),
        reason=fields.unseal_text(tx, _D.reason, row.id, row.reason),
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
        urgent=row.urgent,
        returned=fields.unseal_object(tx, _D.returned, row.id, row.returned),
    )


def _maybe(raw: bytes | None) -> RowId | None:
    return row_id(raw) if raw is not None else None
