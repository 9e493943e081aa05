"""A frozen database: nothing is sent until people have said that it is right (03, "Rollback").

Mail is received and kept all the same.
"""

import os
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import audit, eras, noted
from gatekeeper.store.chain import Head
from gatekeeper.store.tables import events
from gatekeeper.store.tx import Tx, lock

NAME: Final = "frozen"
FROZEN: Final = "database.frozen"
THAWED: Final = "database.thawed"
_NONCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Why and since when nothing is sent; `reason` is a sentence of ours for people.

    `head` where the event log ended then · `witnesses` what hosts had seen of it that is not in it
    · `held` how many deliveries were withheld because they may have been sent · `numbers` the
    highest issue number of each prefix and year that is taken for given out · `nonce` is of this
    freeze alone, so that what people signed of another one never fits it.
    """

    reason: str
    since: Instant
    head: Head
    witnesses: tuple[Head, ...] = ()
    held: int = 0
    numbers: tuple[IssueId, ...] = ()
    nonce: bytes = b""


def of(tx: Tx) -> Freeze | None:
    """Return the freeze that is in force, None when there is none.

    Whoever claims something to send asks this in the same transaction.
    """
    found = noted.get(tx, NAME)
    return _read(found) if found is not None else None


def held(tx: Tx) -> Freeze | None:
    """Return the freeze that is in force, as `of`; nobody else makes or ends one meanwhile."""
    lock(tx, NAME, b"")
    return of(tx)


def removed(tx: Tx, *, after: int = 0) -> Instant | None:
    """Return when it was frozen, where no freeze is there and nobody thawed it.

    The log says so after that entry; or the era does, where the log was too broken for an entry.
    None when all is right: people thawed it, or it is frozen, or never was.
    """
    if of(tx) is not None:
        return None
    query = (
        select(events.c.kind, events.c.at)
        .where(events.c.seq > after, events.c.kind.in_((FROZEN, THAWED)))
        .order_by(events.c.seq.desc())
        .limit(1)
    )
    found = tx.connection.execute(query).one_or_none()
    if found is not None and found.kind == FROZEN:
        return Instant(found.at)
    return eras.of(tx).since


def freeze(
    tx: Tx,
    *,
    reason: str,
    now: Instant,
    witnesses: tuple[Head, ...] = (),
    held: int = 0,
    numbers: tuple[IssueId, ...] = (),
) -> None:
    """Freeze the database; one that is frozen is frozen anew, and its last freeze forgotten."""
    made = Freeze(
        reason=reason,
        since=now,
        head=audit.newest(tx),
        witnesses=witnesses,
        held=held,
        numbers=numbers,
        nonce=os.urandom(_NONCE_BYTES),
    )
    noted.put(tx, NAME, _value(made))


def thaw(tx: Tx) -> None:
    """End the freeze; nothing happens when there is none."""
    noted.remove(tx, NAME)
    eras.settle(tx)


def _value(freeze: Freeze) -> dict[str, object]:
    return {
        "reason": freeze.reason,
        "since": freeze.since,
        "head": _head_value(freeze.head),
        "witnesses": [_head_value(head) for head in freeze.witnesses],
        "held": freeze.held,
        "numbers": [str(number) for number in freeze.numbers],
        "nonce": freeze.nonce.hex(),
    }


def _read(value: dict[str, Any]) -> Freeze:
    return Freeze(
        reason=value["reason"],
        since=Instant(value["since"]),
        head=_head(value["head"]),
        witnesses=tuple(_head(each) for each in value["witnesses"]),
        held=value["held"],
        numbers=tuple(IssueId.parse(each) for each in value["numbers"]),
        # a database that was frozen by an older version has none
        nonce=bytes.fromhex(value.get("nonce", "")),
    )


def _head_value(head: Head) -> list[object]:
    return [head.seq, head.digest.hex()]


def _head(value: list[Any]) -> Head:
    return Head(seq=value[0], digest=bytes.fromhex(value[1]))
