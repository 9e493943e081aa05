"""Erase content for good: what was received, what was written, who it was. Rows stay.

Ids, numbers, states, instants and the event log's chain stay; in the place of content stands what
says that it was erased. Nothing that still waits is touched: a message to be handled or passed on,
a letter to be sealed or sent.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    delete,
    exists,
    or_,
    select,
    text,
    update,
)

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import Kind, MessageState
from gatekeeper.domain.retention import ERASED, ERASED_ADDRESS
from gatekeeper.store import fields
from gatekeeper.store.conversation import seen_commands
from gatekeeper.store.tables import (
    OPEN_STATES,
    deliveries,
    delivery_chunks,
    issues,
    letter_chunks,
    letters,
    message_chunks,
    message_ciphertexts,
    messages,
)
from gatekeeper.store.tx import SQLITE, Tx

ROWS_MAX: Final = 100
"""Messages, and letters, that are erased in one transaction."""

BYTES_MAX: Final = 64 * 1024 * 1024
"""Raw mail that is erased in one transaction; one message may be larger."""

AUTOMATIC: Final = (Kind.BOUNCE, Kind.AUTO_REPLY, Kind.LOOP)
"""What machines sent by themselves."""

_M: Final = messages.c
_L: Final = letters.c
_D: Final = deliveries.c
_I: Final = issues.c
_OVER: Final = (DeliveryState.DELIVERED, DeliveryState.FAILED)
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many messages and letters lost their content."""

    messages: int
    letters: int

    @property
    def rows(self) -> int:
        """Both together."""
        return self.messages + self.letters


def for_good(tx: Tx) -> None:
    """Have what this transaction deletes overwritten; PostgreSQL does so in its own time.

    SQLite else leaves deleted rows in free pages of its file until something else needs them.
    """
    if tx.dialect == SQLITE:
        tx.connection.execute(text("PRAGMA secure_delete = ON"))


def with_mail(tx: Tx, *, before: Instant) -> RowId | None:
    """Return a closed issue with mail to erase, last changed before; None if there is none.

    Never one under legal hold, and never one of which something waits.
    """
    mail = or_(
        exists().where(_M.issue == _I.id, _M.erased_at.is_(None)),
        exists().where(_L.issue == _I.id, _L.erased_at.is_(None)),
    )
    query = select(_I.id).where(closed(before), mail)
    found = tx.connection.scalar(query.order_by(_I.updated_at, _I.id).limit(1))
    return row_id(found) if found is not None else None


def closed(before: Instant) -> ColumnElement[bool]:
    """Return the condition for issues that are done with, and were last changed before."""
    waits = exists().where(_D.issue == _I.id, _D.state.not_in(_OVER))
    return and_(
        _I.state.not_in(OPEN_STATES),
        _I.legal_hold.is_(False),
        _I.updated_at < before,
        ~waits,
    )


def mail_of(tx: Tx, issue: RowId, *, now: Instant) -> Erased:
    """Erase the next messages and letters of an issue, oldest first, as many as go at once."""
    # A letter may have been written since the issue was looked at, by hand.
    received = select(_M.id, _M.size, _M.summary).where(
        _M.issue == issue, _M.erased_at.is_(None), ~_passed_on()
    )
    written = select(_L.id, _L.summary).where(_L.issue == issue, _L.erased_at.is_(None), ~_waits())
    return Erased(
        messages=len(_erase_messages(tx, received, now=now)),
        letters=len(_erase_letters(tx, written, now=now)),
    )


def automatic(tx: Tx, *, before: Instant, now: Instant) -> Erased:
    """Erase what machines sent and was received before, but for open issues and those on hold."""
    done = select(_I.id).where(_I.state.not_in(OPEN_STATES), _I.legal_hold.is_(False))
    query = _old(before).where(_M.kind.in_(AUTOMATIC), or_(_M.issue.is_(None), _M.issue.in_(done)))
    return Erased(messages=len(_erase_messages(tx, query, now=now, alone=True)), letters=0)


def postmaster(tx: Tx, *, before: Instant, now: Instant) -> Erased:
    """Erase what belongs to no issue, was received or written before, and waits for nothing."""
    query = _old(before).where(_M.kind.not_in(AUTOMATIC), _M.issue.is_(None))
    written = select(_L.id, _L.summary).where(
        _L.issue.is_(None), _L.created_at < before, _L.erased_at.is_(None), ~_waits()
    )
    received = _erase_messages(tx, query, now=now, alone=True)
    sent = _erase_letters(tx, written, now=now)
    forget_recipients(tx, select(_D.id).where(_D.letter.in_(sent)))
    return Erased(messages=len(received), letters=len(sent))


def commands(tx: Tx, *, before: Instant) -> int:
    """Forget signed commands that were carried out before, and return how many."""
    digest = seen_commands.c.digest
    old = select(digest).where(seen_commands.c.at < before).limit(ROWS_MAX)
    found = tx.connection.scalars(old).all()
    tx.connection.execute(delete(seen_commands).where(digest.in_(found)))
    return len(found)


def forget_recipients(tx: Tx, which: Select[Any]) -> None:
    """Erase from deliveries to whom they went, and what mail servers said of it."""
    for delivery in tx.connection.scalars(which).all():
        values = {
            "recipient": fields.seal_text(tx, _D.recipient, delivery, str(ERASED_ADDRESS)),
            "recipient_key": os.urandom(_KEY_BYTES),
            "name": fields.seal_text(tx, _D.name, delivery, ERASED),
            "reply": None,
            "returned": None,
        }
        tx.connection.execute(update(deliveries).where(_D.id == delivery).values(values))


def forget_senders(tx: Tx, found: Sequence[bytes]) -> None:
    """Erase from messages who sent them to whom, and all by which they would be found."""
    for message in found:
        nobody = {
            "sender": None,
            "recipients": [str(ERASED_ADDRESS)],
            "peer": "erased",
            "protocol": "erased",
            "tls": False,
        }
        values = {
            "envelope": fields.seal_json(tx, _M.envelope, message, nobody),
            "summary": fields.seal_json(tx, _M.summary, message, {}),
            "arrival": os.urandom(_KEY_BYTES),
            "message_id": None,
            "sender": None,
            "thread": None,
        }
        tx.connection.execute(update(messages).where(_M.id == message).values(values))
    held = message_ciphertexts.c.message
    tx.connection.execute(delete(message_ciphertexts).where(held.in_(found)))


def _old(before: Instant) -> Select[Any]:
    """Return the query for handled messages whose content nothing needs any more."""
    return select(_M.id, _M.size, _M.summary).where(
        _M.state == MessageState.HANDLED,
        _M.received_at < before,
        _M.erased_at.is_(None),
        ~_passed_on(),
    )


def _passed_on() -> ColumnElement[bool]:
    """Return the condition that a message is in a letter which is still to be sealed or sent."""
    return exists().where(_L.message == _M.id, _waits()).correlate_except(letters)


def _waits() -> ColumnElement[bool]:
    """Return the condition that a letter has a delivery which is not over."""
    return exists().where(_D.letter == _L.id, _D.state.not_in(_OVER)).correlate_except(deliveries)


def _erase_messages(
    tx: Tx, query: Select[Any], *, now: Instant, alone: bool = False
) -> list[bytes]:
    """Erase the messages of a query, as many as go at once; `alone` their senders with them."""
    found = tx.connection.execute(query.order_by(_M.received_at, _M.id).limit(ROWS_MAX)).all()
    taken = _within(found)
    ids = [row.id for row in taken]
    tx.connection.execute(delete(message_chunks).where(message_chunks.c.message.in_(ids)))
    for row in taken:
        summary = _without_text(tx, row, _M.summary)
        tx.connection.execute(
            update(messages).where(_M.id == row.id).values(erased_at=now, summary=summary)
        )
    if alone:
        forget_senders(tx, ids)
    return ids


def _within(found: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the first messages that are together no larger than BYTES_MAX, one at least."""
    taken: list[Row[Any]] = []
    size = 0
    for row in found:
        size += row.size
        if taken and size > BYTES_MAX:
            break
        taken.append(row)
    return taken


def _erase_letters(tx: Tx, query: Select[Any], *, now: Instant) -> list[bytes]:
    found = tx.connection.execute(query.order_by(_L.created_at, _L.id).limit(ROWS_MAX)).all()
    ids = [row.id for row in found]
    sent = select(_D.id).where(_D.letter.in_(ids))
    for letter in found:
        values: dict[str, object] = {
            "frame_head": fields.seal(tx, _L.frame_head, letter.id, b""),
            "frame_tail": fields.seal(tx, _L.frame_tail, letter.id, b""),
            "summary": _without_text(tx, letter, _L.summary),
            "erased_at": now,
        }
        tx.connection.execute(update(letters).where(_L.id == letter.id).values(values))
    for delivery in tx.connection.scalars(sent).all():
        values = {
            "key_packets": fields.seal(tx, _D.key_packets, delivery, b""),
            "fingerprints": fields.seal_json(tx, _D.fingerprints, delivery, []),
            "own": False,
        }
        tx.connection.execute(update(deliveries).where(_D.id == delivery).values(values))
    tx.connection.execute(delete(delivery_chunks).where(delivery_chunks.c.delivery.in_(sent)))
    tx.connection.execute(delete(letter_chunks).where(letter_chunks.c.letter.in_(ids)))
    return ids


def _without_text(tx: Tx, row: Row[Any], column: fields.Sealable) -> bytes | None:
    """Return a summary sealed anew without what people wrote; None for none."""
    summary = fields.unseal_object(tx, column, row.id, row.summary)
    if summary is None:
        return None
    kept = {name: value for name, value in summary.items() if name not in {"text", "pieces"}}
    return fields.seal_json(tx, column, row.id, kept)
