"""The event log: append-only, each entry chained to the one before, content erasable.

Payload and salt are sealed apart, so both can be erased and the chain (`store.chain`) still holds.
The head is sealed with the master key, which is outside the database: whoever can only write the
database cannot make a chain that fits it. Whoever can put back an older head and the entries of
then is found by the heads that were quoted elsewhere (`store.heads`).
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping, Select, func, insert, select

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, meta
from gatekeeper.store.chain import (
    EMPTY,
    Erasures,
    Follower,
    Head,
    commitment,
    digest_after,
    lacking,
)
from gatekeeper.store.tables import events
from gatekeeper.store.tx import Tx

__all__ = ["EMPTY", "Entry", "EventRow", "Head", "append", "append_all", "head", "verify"]

_E: Final = events.c
_SALT_BYTES: Final = 32
_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An entry as people read it; `actor` and `payload` are None once erased, or when damaged.

    `issue` is the row it is about, which need not be there any more · `damage` says why its content
    is not what was recorded, "" when it is.
    """

    seq: int
    at: Instant
    kind: str
    actor: str | None
    payload: Mapping[str, object] | None
    issue: bytes | None = None
    damage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry to append; `payload` is JSON."""

    kind: str
    actor: str
    payload: Mapping[str, object]
    issue: RowId | None = None
    message: RowId | None = None
    delivery: RowId | None = None


def append(
    tx: Tx,
    *,
    kind: str,
    actor: str,
    now: Instant,
    payload: Mapping[str, object],
    issue: RowId | None = None,
    message: RowId | None = None,
    delivery: RowId | None = None,
) -> Head:
    """Append an entry and return the new head; `payload` is JSON.

    From here to the commit no other transaction can append, so append last.
    """
    entry = Entry(
        kind=kind, actor=actor, payload=payload, issue=issue, message=message, delivery=delivery
    )
    return append_all(tx, (entry,), now=now)


def append_all(tx: Tx, entries: Sequence[Entry], *, now: Instant) -> Head:
    """Append entries in their order with few statements, and return the new head.

    From here to the commit no other transaction can append, so append last.
    """
    before = last = decode(meta.chain_head(tx, lock=True))
    rows: list[dict[str, object]] = []
    for entry in entries:
        row, last = _row(tx, entry, last, now)
        rows.append(row)
    if rows:
        tx.connection.execute(insert(events), rows)
        meta.move_chain_head(tx, encode(last))
        tx.heads.extend((before, last))
    return last


def head(tx: Tx) -> Head:
    """Return the newest entry's number and digest."""
    return decode(meta.chain_head(tx, lock=False))


def newest(tx: Tx) -> Head:
    """Return the last entry that is there, whatever the recorded head says."""
    query = select(_E.seq, _E.digest).order_by(_E.seq.desc()).limit(1)
    found = tx.connection.execute(query).one_or_none()
    return Head(seq=found.seq, digest=found.digest) if found is not None else EMPTY


def verify(tx: Tx) -> tuple[str, ...]:
    """Read the whole log and return what does not hold, one line each; empty means sound.

    Finds entries that were changed, removed, added, reordered, a log cut off at its end, and
    content that is gone without a later entry that says so.
    """
    problems: list[str] = []
    follower, erasures = Follower(), Erasures()
    for row in _streamed(tx, select(events).order_by(_E.seq)):
        problems.extend(follower.take(row))
        if damage := opened(tx, row).damage:
            problems.append(f"entry {row['seq']} {damage}")
        erasures.take(row)
    problems.extend(erasures.problems())
    problems.extend(_head_problems(tx, follower.last))
    return tuple(problems)


def erased(tx: Tx) -> int:
    """Return of how many entries the content was erased; the chain still covers them."""
    query = select(func.count()).select_from(events).where(_E.payload.is_(None))
    return int(tx.connection.scalar(query) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Salt and payload of an entry; both None once erased, or when `damage` says what is wrong."""

    salt: bytes | None = None
    payload: bytes | None = None
    damage: str = ""


def opened(tx: Tx, row: RowMapping | Mapping[str, Any]) -> Content:
    """Return the content of an entry as it lies, if it is what was recorded."""
    salt, payload = row["salt"], row["payload"]
    if payload is None and salt is None:
        return Content()
    if payload is None or salt is None:
        return Content(damage="has other content than was sealed: a part of it was removed")
    place = row["seq"].to_bytes(8)
    try:
        salt = fields.unseal(tx, _E.salt, place, salt)
        payload = fields.unseal(tx, _E.payload, place, payload)
    except OurFault as fault:
        return Content(damage=f"has other content than was sealed: {fault.reason}")
    if commitment(salt, payload) != row["commitment"]:
        return Content(damage="has other content than was recorded")
    return Content(salt=salt, payload=payload)


def all_opened(tx: Tx) -> Iterator[tuple[RowMapping, Content]]:
    """Yield every entry as it lies, oldest first, with its content opened."""
    for row in _streamed(tx, select(events).order_by(_E.seq)):
        yield row, opened(tx, row)


def listed(
    tx: Tx,
    *,
    issue: RowId | None = None,
    kind: str = "",
    since: Instant | None = None,
    last: int | None = None,
) -> tuple[EventRow, ...]:
    """Return entries, oldest first: those about an issue, of a kind, from a moment on.

    A `kind` that ends with a point stands for all that begin so; `last` keeps the newest alone.
    """
    query = select(events)
    if issue is not None:
        query = query.where(_E.issue == issue)
    if kind:
        alike = _E.kind.startswith(kind, autoescape=True)
        query = query.where(alike if kind.endswith(".") else _E.kind == kind)
    if since is not None:
        query = query.where(_E.at >= since)
    query = query.order_by(_E.seq.desc())
    if last is not None:
        query = query.limit(last)
    rows = tx.connection.execute(query).mappings()
    return tuple(reversed([_event(tx, row) for row in rows]))


def of_issue(tx: Tx, issue: RowId) -> tuple[EventRow, ...]:
    """Return the entries about the issue, oldest first."""
    query = select(events).where(_E.issue == issue).order_by(_E.seq)
    return tuple(_event(tx, row) for row in tx.connection.execute(query).mappings())


def encode(value: Head) -> bytes:
    """Return a head as the bytes that are sealed in its place."""
    return value.seq.to_bytes(8) + value.digest


def decode(raw: bytes) -> Head:
    """Return the head that `encode` wrote."""
    return Head(seq=int.from_bytes(raw[:8]), digest=raw[8:])


def _row(tx: Tx, entry: Entry, last: Head, now: Instant) -> tuple[dict[str, object], Head]:
    """Return the row that follows `last`, and the head that it makes."""
    seq = last.seq + 1
    place = seq.to_bytes(8)
    salt = os.urandom(_SALT_BYTES)
    text = fields.to_json({"actor": entry.actor, "payload": entry.payload})
    row: dict[str, object] = {
        "seq": seq,
        "at": now,
        "kind": entry.kind,
        "issue": entry.issue,
        "message": entry.message,
        "delivery": entry.delivery,
        "commitment": commitment(salt, text),
    }
    new = Head(seq=seq, digest=digest_after(last.digest, row))
    sealed = {
        "salt": fields.seal(tx, _E.salt, place, salt),
        "payload": fields.seal(tx, _E.payload, place, text),
    }
    return {**row, **sealed, "digest": new.digest}, new


def _streamed(tx: Tx, query: Select[Any]) -> Iterator[RowMapping]:
    """Yield rows without holding all of them."""
    yield from tx.connection.execute(query.execution_options(yield_per=_BATCH)).mappings()


def _head_problems(tx: Tx, found: Head) -> list[str]:
    try:
        recorded = head(tx)
    except OurFault as fault:
        return [f"the head of the log cannot be trusted: {fault.reason or fault.public}"]
    if recorded.seq > found.seq:
        return [f"{lacking(found.seq + 1, recorded.seq)} at the end"]
    if recorded != found:
        return [f"the log does not end in its recorded head, entry {recorded.seq}"]
    return []


def _event(tx: Tx, row: RowMapping) -> EventRow:
    found = opened(tx, row)
    content = None if found.payload is None else json.loads(found.payload)
    actor = None if content is None else str(content["actor"])
    payload: Any = None if content is None else content["payload"]
    return EventRow(
        seq=row["seq"],
        at=Instant(row["at"]),
        kind=row["kind"],
        actor=actor,
        payload=payload,
        issue=row["issue"],
        damage=found.damage,
    )
