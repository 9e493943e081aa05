"""What was reminded of, so that each is reminded of once, whatever restarts in between."""

from typing import Final

from sqlalchemy import delete, select

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import keys
from gatekeeper.store.procedure import reminded
from gatekeeper.store.tx import Tx, insert_or

_R: Final = reminded.c


def first_time(tx: Tx, *, key: str, now: Instant, issue: RowId | None = None) -> bool:
    """Write down that this is reminded of now; False when it was before.

    `key` is any text of ours that names the reminder and what it is about: of another date, it
    is another.
    """
    values = {"reminder_key": _key(tx, key, issue), "issue": issue, "at": now}
    statement = insert_or(tx, reminded).values(values).on_conflict_do_nothing()
    return tx.connection.scalar(statement.returning(_R.at)) is not None


def last(tx: Tx, *, key: str, issue: RowId | None = None) -> Instant | None:
    """Return when this was reminded of, None for never."""
    found = tx.connection.scalar(select(_R.at).where(_R.reminder_key == _key(tx, key, issue)))
    return Instant(found) if found is not None else None


def forget(tx: Tx, *, key: str, issue: RowId | None = None) -> bool:
    """Let this be reminded of again, and say whether it was before."""
    this = _R.reminder_key == _key(tx, key, issue)
    return tx.connection.execute(delete(reminded).where(this)).rowcount > 0


def forget_old(tx: Tx, *, before: Instant) -> int:
    """Forget what concerns no issue and was reminded of before that; return how much it was."""
    old = (_R.issue.is_(None), _R.at < before)
    return tx.connection.execute(delete(reminded).where(*old)).rowcount


def _key(tx: Tx, key: str, issue: RowId | None) -> bytes:
    return keys.of_word(tx, "reminder", key, issue=issue or b"")
