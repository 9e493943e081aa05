"""The event log: append-only, each entry chained to the one before, content erasable.

digest = SHA-256(previous digest | seq | at | kind | issue | message | delivery | commitment),
commitment = SHA-256(salt | payload). Payload and salt are sealed apart, so both can be erased
and the chain still holds. The head is sealed with the master key, which is outside the database:
whoever can only write the database cannot make a chain that fits it.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, meta
from gatekeeper.store.tables import events
from gatekeeper.store.tx import Tx

_E: Final = events.c
_SALT_BYTES: Final = 32
_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest entry: its number (0: none yet) and its digest, 32 bytes."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An entry as people read it; `actor` and `payload` are None once erased."""

    seq: int
    at: Instant
    kind: str
    actor: str | None
    payload: Mapping[str, object] | None


EMPTY: Final = Head(seq=0, digest=hashlib.sha256(b"gatekeeper event log 1").digest())
"""The head of a log without entries."""


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
    last = decode(meta.chain_head(tx, lock=True))
    seq = last.seq + 1
    row = seq.to_bytes(8)
    salt = os.urandom(_SALT_BYTES)
    text = fields.to_json({"actor": actor, "payload": payload})
    entry = {
        "seq": seq,
        "at": now,
        "kind": kind,
        "issue": issue,
        "message": message,
        "delivery": delivery,
        "commitment": hashlib.sha256(salt + text).digest(),
    }
    new = Head(seq=seq, digest=_digest(last.digest, entry))
    sealed = {
        "salt": fields.seal(tx, _E.salt, row, salt),
        "payload": fields.seal(tx, _E.payload, row, text),
    }
    tx.connection.execute(insert(events).values(**entry, **sealed, digest=new.digest))
    meta.move_chain_head(tx, encode(new))
    return new


def head(tx: Tx) -> Head:
    """Return the newest entry's number and digest."""
    return decode(meta.chain_head(tx, lock=False))


def verify(tx: Tx) -> tuple[str, ...]:
    """Read the whole log and return what does not hold, one line each; empty means sound.

    Finds entries that were changed, removed, added, reordered, and a log cut off at its end.
    """
    problems: list[str] = []
    expected = EMPTY
    query = select(events).order_by(_E.seq).execution_options(yield_per=_BATCH)
    for row in tx.connection.execute(query).mappings():
        seq = row["seq"]
        if seq != expected.seq + 1:
            problems.append(f"entries {expected.seq + 1} to {seq - 1} are missing")
        elif _digest(expected.digest, row) != row["digest"]:
            problems.append(f"entry {seq} does not follow from the one before it")
        problems.extend(_content_problems(tx, row))
        # each entry is judged by its own stored digest, so that one change is one problem
        expected = Head(seq=seq, digest=row["digest"])
    problems.extend(_head_problems(tx, expected))
    return tuple(problems)


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


def _digest(previous: bytes, entry: Mapping[Any, Any] | RowMapping) -> bytes:
    kind = entry["kind"].encode("utf-8", "surrogatepass")
    hashed = hashlib.sha256(previous)
    hashed.update(entry["seq"].to_bytes(8) + entry["at"].to_bytes(8, signed=True))
    hashed.update(len(kind).to_bytes(2) + kind)
    for name in ("issue", "message", "delivery"):
        reference = entry[name] or b""
        hashed.update(len(reference).to_bytes(2) + reference)
    hashed.update(entry["commitment"])
    return hashed.digest()


def _content_problems(tx: Tx, row: RowMapping) -> list[str]:
    try:
        content = _content(tx, row)
    except OurFault as fault:
        return [f"entry {row['seq']} has other content than was sealed: {fault.reason}"]
    if content is None:
        return []
    salt, text = content
    if hashlib.sha256(salt + text).digest() != row["commitment"]:
        return [f"entry {row['seq']} has other content than was recorded"]
    return []


def _head_problems(tx: Tx, found: Head) -> list[str]:
    try:
        recorded = head(tx)
    except OurFault as fault:
        return [f"the head of the log cannot be trusted: {fault.reason or fault.public}"]
    if recorded.seq > found.seq:
        return [f"entries {found.seq + 1} to {recorded.seq} are missing at the end"]
    if recorded != found:
        return [f"the log does not end in its recorded head, entry {recorded.seq}"]
    return []


def _content(tx: Tx, row: RowMapping) -> tuple[bytes, bytes] | None:
    if row["payload"] is None:
        return None
    place = row["seq"].to_bytes(8)
    salt = fields.unseal(tx, _E.salt, place, row["salt"])
    return salt, fields.unseal(tx, _E.payload, place, row["payload"])


def _event(tx: Tx, row: RowMapping) -> EventRow:
    sealed = row["payload"]
    place = row["seq"].to_bytes(8)
    content = fields.unseal_object(tx, _E.payload, place, sealed) if sealed is not None else None
    actor = None if content is None else str(content["actor"])
    payload: Any = None if content is None else content["payload"]
    return EventRow(
        seq=row["seq"], at=Instant(row["at"]), kind=row["kind"], actor=actor, payload=payload
    )
