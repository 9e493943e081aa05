"""What was told of keys that end: each stage before each end of each key, once."""

from typing import Final

from sqlalchemy import select

from gatekeeper.domain.expiry import Stage
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.identity import fingerprint as checked
from gatekeeper.domain.instants import Instant
from gatekeeper.store import tx as transaction
from gatekeeper.store.conversation import key_warnings
from gatekeeper.store.tx import Tx, insert_or

_W: Final = key_warnings.c


def lock(tx: Tx) -> None:
    """Let nobody else look at what was told until this transaction ends."""
    transaction.lock(tx, "key warnings", b"")


def told(
    tx: Tx, *, fingerprint: str, ends_at: Instant, issue: RowId | None = None
) -> frozenset[Stage]:
    """Return the stages that were told of this end of the key with that fingerprint.

    `issue` is the one whose people were told, None for what the whole team was told in general.
    """
    query = select(_W.stage).where(
        _W.fingerprint_key == _look_up(tx, fingerprint, issue), _W.ends_at == ends_at
    )
    return frozenset(Stage(stage) for stage in tx.connection.scalars(query))


def note(
    tx: Tx,
    *,
    fingerprint: str,
    ends_at: Instant,
    stage: Stage,
    issue: RowId | None = None,
    now: Instant,
) -> bool:
    """Note that a stage is told in this transaction; False when another one told it already."""
    statement = insert_or(tx, key_warnings).values(
        fingerprint_key=_look_up(tx, fingerprint, issue),
        ends_at=ends_at,
        stage=stage,
        told_at=now,
    )
    made = statement.on_conflict_do_nothing().returning(_W.stage)
    return tx.connection.execute(made).first() is not None


def _look_up(tx: Tx, fingerprint: str, issue: RowId | None) -> bytes:
    return tx.codec.lookup("key warning", checked(fingerprint).encode() + (issue or b""))
