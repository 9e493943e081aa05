"""Scores: how often mail to one recipient came back lately, whatever issue it was about."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, select

from gatekeeper.domain.address import Address
from gatekeeper.domain.bounces import Score
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, keys
from gatekeeper.store import tx as transaction
from gatekeeper.store.running import scores
from gatekeeper.store.tables import deliveries
from gatekeeper.store.tx import Tx, insert_or

_S: Final = scores.c
_D: Final = deliveries.c


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """A recipient with a score."""

    recipient: Address
    score: Score


def lock(tx: Tx, recipient: Address) -> None:
    """Let nobody else count bounces of this recipient until this transaction ends."""
    transaction.lock(tx, "score", keys.of_address(tx, recipient))


def get(tx: Tx, recipient: Address) -> Score | None:
    """Return the recipient's score, None when nothing came back or all is forgotten."""
    query = select(scores).where(_S.recipient_key == keys.of_address(tx, recipient))
    found = tx.connection.execute(query).one_or_none()
    return _score(found) if found is not None else None


def put(tx: Tx, *, recipient: Address, score: Score, now: Instant) -> None:
    """Keep the recipient's score in place of the one of before."""
    key = keys.of_address(tx, recipient)
    values = {
        "recipient": fields.seal_text(tx, _S.recipient, key, str(recipient)),
        "points": score.points,
        "counted_at": score.counted_at,
        "suspended_at": score.suspended_at,
        "updated_at": now,
    }
    statement = insert_or(tx, scores).values(recipient_key=key, **values)
    tx.connection.execute(
        statement.on_conflict_do_update(index_elements=[_S.recipient_key], set_=values)
    )


def drop(tx: Tx, recipient: Address) -> bool:
    """Forget the recipient's score, and say whether there was one."""
    statement = delete(scores).where(_S.recipient_key == keys.of_address(tx, recipient))
    return tx.connection.execute(statement).rowcount > 0


def forget(tx: Tx, *, before: Instant) -> int:
    """Forget the scores whose last bounce was counted before that; return how many."""
    return tx.connection.execute(delete(scores).where(_S.counted_at < before)).rowcount


def list_all(tx: Tx) -> tuple[ScoreRow, ...]:
    """Return every recipient with a score, those with most points first."""
    query = select(scores).order_by(_S.points.desc(), _S.counted_at.desc(), _S.recipient_key)
    return tuple(
        ScoreRow(
            recipient=Address.parse(
                fields.unseal_text(tx, _S.recipient, row.recipient_key, row.recipient)
            ),
            score=_score(row),
        )
        for row in tx.connection.execute(query)
    )


def arrived(tx: Tx, *, recipient: Address, since: Instant, settled: Instant) -> bool:
    """Say whether a mail written after `since` got there: taken by `settled`, and not come back."""
    query = select(_D.id).where(
        _D.recipient_key == keys.of_address(tx, recipient),
        _D.created_at > since,
        _D.state == DeliveryState.DELIVERED,
        _D.updated_at <= settled,
        _D.returned.is_(None),
    )
    return tx.connection.execute(query.limit(1)).first() is not None


def _score(row: Row[Any]) -> Score:
    return Score(
        points=row.points,
        counted_at=Instant(row.counted_at),
        suspended_at=Instant(row.suspended_at) if row.suspended_at is not None else None,
    )
