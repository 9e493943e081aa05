"""Accepted mail: stored once as it came, claimed by one worker, handled or quarantined."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, func, insert, select, union, update

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.report import Envelope, Kind, MessageState
from gatekeeper.store import claims, fields, keys
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import message_chunks, message_ciphertexts, messages
from gatekeeper.store.tx import Tx, Work, lock_all

DUPLICATE_WITHIN: Final = 7 * DAY
"""The same bytes from the same sender to the same recipients are one message (design 08)."""

_AT_ONCE: Final = 1024 * 1024
"""Bytes of content that are handed to the database at once."""

_M: Final = messages.c
_WHAT: Final = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The row of an accepted message; `duplicate` says that it had been accepted before."""

    id: RowId
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMessage:
    """A message a worker holds; `attempts` counts this one."""

    id: RowId
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message with all that is known of it; `raw` is None where only the head was asked for.

    `size` in bytes · `attempts` claims so far · `summary` the worker's finding, when handled ·
    `problem` what went wrong last, "" if nothing did · `erased_at` when its content was erased:
    then `raw` is always None.
    """

    id: RowId
    product: RowId
    raw: bytes | None
    envelope: Envelope
    received_at: Instant
    state: MessageState
    kind: Kind | None
    issue: RowId | None
    size: int
    attempts: int
    summary: Mapping[str, object] | None
    problem: str
    erased_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A handled message that was a given ciphertext, or held it.

    `sender_key` is `keys.of_address` of its From, b"" when it had no one From.
    """

    message: RowId
    issue: RowId | None
    sender_key: bytes


def add_all(
    tx: Tx, *, product: RowId, items: Sequence[tuple[bytes, Envelope]], now: Instant
) -> tuple[Added, ...]:
    """Store messages as they came, each unless the same one came within seven days.

    One of `items` may be the same as another, too. How many statements it takes depends on how
    many bytes there are, not on how many messages.
    """
    arrivals = [keys.of_arrival(tx, raw, envelope) for raw, envelope in items]
    known = _known(tx, set(arrivals), now)
    results, rows, fresh = [], [], []
    for arrival, (raw, envelope) in zip(arrivals, items, strict=True):
        duplicate = arrival in known
        if not duplicate:
            known[arrival] = made = keys.new_id()
            sealed = fields.seal_json(tx, _M.envelope, made, _envelope_out(envelope))
            rows.append(
                {
                    "id": made,
                    "product": product,
                    "envelope": sealed,
                    "arrival": arrival,
                    "size": len(raw),
                    "received_at": now,
                    "state": MessageState.STORED,
                    "due_at": now,
                    "attempts": 0,
                    "updated_at": now,
                }
            )
            fresh.append((made, raw))
        results.append(Added(id=known[arrival], duplicate=duplicate))
    if rows:
        tx.connection.execute(insert(messages), rows)
        _add_chunks(tx, fresh)
        tx.wake(Work.HANDLING)
    return tuple(results)


def claim(
    tx: Tx, *, now: Instant, lease: int, token: bytes, limit: int
) -> tuple[ClaimedMessage, ...]:
    """Claim up to `limit` messages for the holder of `token`, oldest first.

    Those stored and due, and those whose holder let the lease (microseconds) end.
    """
    rows = claims.claim(
        tx,
        messages,
        ready=_M.state.in_([MessageState.STORED, MessageState.CLAIMED]),
        values={"state": MessageState.CLAIMED, "attempts": _M.attempts + 1, "updated_at": now},
        now=now,
        lease=lease,
        token=token,
        limit=limit,
    )
    oldest = sorted(rows, key=lambda row: (row["received_at"], row["id"]))
    return tuple(ClaimedMessage(id=row_id(row["id"]), attempts=row["attempts"]) for row in oldest)


def load(tx: Tx, message: RowId) -> StoredMessage:
    """Return the message with its raw bytes if they are kept; Conflict without such a row."""
    query = (
        select(message_chunks.c.data)
        .where(message_chunks.c.message == message)
        .order_by(message_chunks.c.seq)
    )
    row = _row(tx, message)
    if row.erased_at is not None:
        return _message(tx, row, None)
    chunks = tx.connection.scalars(query)
    return _message(tx, row, fields.unseal_chunks(tx, message_chunks.c.data, message, chunks))


def head(tx: Tx, message: RowId) -> StoredMessage:
    """Return the message without its raw bytes; Conflict when there is no such row."""
    return _message(tx, _row(tx, message), None)


def finish(
    tx: Tx,
    *,
    message: RowId,
    token: bytes,
    kind: Kind,
    issue: RowId | None,
    summary: Mapping[str, object],
    message_id: str | None,
    now: Instant,
    sender: Address | None = None,
    thread: str | None = None,
    ciphertexts: Sequence[bytes] = (),
) -> None:
    """Record that the message is handled, with its issue and a JSON summary of what it was.

    `sender` the one From · `thread` the Message-ID its thread begins with · `ciphertexts` the
    SHA-256 of each encrypted data packet in it; by these and `message_id` it is found again.
    StaleLease when `token` is not the row's, so that nothing is handled twice.
    """
    claims.held(tx, messages, message, token=token, what=_WHAT)
    values = {
        "state": MessageState.HANDLED,
        "lease": None,
        "kind": kind,
        "issue": issue,
        "summary": fields.seal_json(tx, _M.summary, message, summary),
        "message_id": keys.of_message_id(tx, message_id) if message_id is not None else None,
        "sender": keys.of_address(tx, sender) if sender is not None else None,
        "thread": keys.of_thread(tx, thread) if thread is not None else None,
        "problem": None,
        "updated_at": now,
    }
    tx.connection.execute(update(messages).where(_M.id == message).values(values))
    for ciphertext in {keys.of_ciphertext(tx, digest) for digest in ciphertexts}:
        row = {"message": message, "ciphertext": ciphertext}
        tx.connection.execute(insert(message_ciphertexts).values(row))


def fail(
    tx: Tx,
    *,
    message: RowId,
    token: bytes,
    problem: str,
    quarantine: bool,
    now: Instant,
    retry_at: Instant | None = None,
) -> None:
    """Record that handling failed: the message is due again at `retry_at` (now), or quarantined.

    StaleLease when `token` is not the row's.
    """
    claims.held(tx, messages, message, token=token, what=_WHAT)
    values = {
        "state": MessageState.QUARANTINED if quarantine else MessageState.STORED,
        "lease": None,
        "due_at": now if retry_at is None else retry_at,
        "problem": fields.seal_text(tx, _M.problem, message, problem),
        "updated_at": now,
    }
    tx.connection.execute(update(messages).where(_M.id == message).values(values))


def release(tx: Tx, *, message: RowId, now: Instant) -> None:
    """Make a message in quarantine due at once, its attempts counted anew; else Conflict."""
    statement = (
        update(messages)
        .where(_M.id == message, _M.state == MessageState.QUARANTINED)
        .values(state=MessageState.STORED, due_at=now, attempts=0, problem=None, updated_at=now)
    )
    if tx.connection.execute(statement).rowcount != 1:
        raise Conflict("the message is not in quarantine")
    tx.wake(Work.HANDLING)


def of_issue(tx: Tx, issue: RowId) -> tuple[StoredMessage, ...]:
    """Return the issue's messages without raw bytes, oldest first."""
    return _listed(tx, select(messages).where(_M.issue == issue))


def in_thread(tx: Tx, *, sender: Address, thread: str, message_ids: Sequence[str]) -> RowId | None:
    """Return the issue of a handled message of that From in the same thread.

    In the same thread is what has the same `thread` or one of `message_ids`. The latest such
    message counts; None when there is none.
    """
    wanted = [keys.of_message_id(tx, message_id) for message_id in message_ids]
    found = (
        select(_M.issue, _M.received_at, _M.id).where(
            _M.sender == keys.of_address(tx, sender), _M.issue.is_not(None), same
        )
        for same in (_M.thread == keys.of_thread(tx, thread), _M.message_id.in_(wanted))
    )
    both = union(*found).subquery()
    query = select(both.c.issue).order_by(both.c.received_at.desc(), both.c.id).limit(1)
    issue = tx.connection.scalar(query)
    return row_id(issue) if issue is not None else None


def same_ciphertext(tx: Tx, digest: bytes) -> tuple[Twin, ...]:
    """Return the handled messages with an encrypted data packet of that SHA-256, oldest first."""
    query = (
        select(_M.id, _M.issue, _M.sender)
        .join(message_ciphertexts, message_ciphertexts.c.message == _M.id)
        .where(message_ciphertexts.c.ciphertext == keys.of_ciphertext(tx, digest))
        .order_by(_M.received_at, _M.id)
    )
    return tuple(
        Twin(
            message=row_id(row.id),
            issue=row_id(row.issue) if row.issue is not None else None,
            sender_key=row.sender or b"",
        )
        for row in tx.connection.execute(query)
    )


def same_message_id(tx: Tx, message_id: str) -> int:
    """Return how many handled messages have this Message-ID."""
    key = keys.of_message_id(tx, message_id)
    query = select(func.count()).select_from(messages).where(_M.message_id == key)
    return tx.connection.scalar(query) or 0


def oldest_waiting(tx: Tx) -> Instant | None:
    """Return when the oldest message was received that is not handled yet, None if none waits."""
    waiting = _M.state.in_([MessageState.STORED, MessageState.CLAIMED])
    found = tx.connection.scalar(select(func.min(_M.received_at)).where(waiting))
    return Instant(found) if found is not None else None


def quarantined(tx: Tx) -> tuple[StoredMessage, ...]:
    """Return the messages that could not be handled, without raw bytes, oldest first."""
    return _listed(tx, select(messages).where(_M.state == MessageState.QUARANTINED))


def counts(tx: Tx) -> Mapping[MessageState, int]:
    """Return how many messages are in each state, zeros included."""
    query = select(_M.state, func.count().label("number")).group_by(_M.state)
    found = {row.state: row.number for row in tx.connection.execute(query)}
    return {state: found.get(state, 0) for state in MessageState}


def release_leases(tx: Tx) -> int:
    """Make claimed messages due at once, for a start-up that is the only process; returns how many.

    On PostgreSQL, where other processes may hold them, leases just end.
    """
    return claims.end_leases(tx, messages)


def _add_chunks(tx: Tx, fresh: Sequence[tuple[RowId, bytes]]) -> None:
    """Store the bytes of messages, a few at a time: what is stored is forgotten at once."""
    rows: list[dict[str, object]] = []
    size = 0
    for message, raw in fresh:
        for seq, data in fields.seal_chunks(tx, message_chunks.c.data, message, raw):
            rows.append({"message": message, "seq": seq, "data": data})
            size += len(data)
            if size >= _AT_ONCE:
                tx.connection.execute(insert(message_chunks), rows)
                rows, size = [], 0
    if rows:
        tx.connection.execute(insert(message_chunks), rows)


def _known(tx: Tx, arrivals: Collection[bytes], now: Instant) -> dict[bytes, RowId]:
    """Return those of `arrivals` that came within seven days, each with its oldest message."""
    # two hosts may take the same message at once; whoever comes second sees the first's row
    lock_all(tx, "arrival", arrivals)
    query = (
        select(_M.arrival, _M.id)
        .where(_M.arrival.in_(arrivals), _M.received_at > later(now, -DUPLICATE_WITHIN))
        .order_by(_M.received_at.desc(), _M.id.desc())
    )
    return {row.arrival: row_id(row.id) for row in tx.connection.execute(query)}


def _row(tx: Tx, message: RowId) -> Row[Any]:
    found = tx.connection.execute(select(messages).where(_M.id == message)).one_or_none()
    if found is None:
        raise Conflict("there is no such message")
    return found


def _listed(tx: Tx, query: Select[Any]) -> tuple[StoredMessage, ...]:
    rows = tx.connection.execute(query.order_by(_M.received_at, _M.id))
    return tuple(_message(tx, row, None) for row in rows)


def _message(tx: Tx, row: Row[Any], raw: bytes | None) -> StoredMessage:
    envelope = fields.unseal_json(tx, _M.envelope, row.id, row.envelope)
    return StoredMessage(
        id=row_id(row.id),
        product=row_id(row.product),
        raw=raw,
        envelope=_envelope_in(envelope),
        received_at=Instant(row.received_at),
        state=MessageState(row.state),
        kind=Kind(row.kind) if row.kind is not None else None,
        issue=row_id(row.issue) if row.issue is not None else None,
        size=row.size,
        attempts=row.attempts,
        summary=fields.unseal_object(tx, _M.summary, row.id, row.summary),
        problem=fields.unseal_text(tx, _M.problem, row.id, row.problem),
        erased_at=Instant(row.erased_at) if row.erased_at is not None else None,
    )


def _envelope_out(envelope: Envelope) -> Mapping[str, object]:
    return {
        "sender": str(envelope.sender) if envelope.sender else None,
        "recipients": [str(recipient) for recipient in envelope.recipients],
        "peer": envelope.peer,
        "protocol": envelope.protocol,
        "tls": envelope.tls,
    }


def _envelope_in(value: Mapping[str, Any]) -> Envelope:
    return Envelope(
        sender=Address.parse(value["sender"]) if value["sender"] is not None else None,
        recipients=tuple(Address.parse(text) for text in value["recipients"]),
        peer=value["peer"],
        protocol=value["protocol"],
        # until version 0004 it was kept only whether there was any
        tls={True: "TLS", False: ""}.get(value["tls"], value["tls"]),
    )
