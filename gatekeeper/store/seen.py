"""Commands seen: what was signed once is carried out once, however often it is sent."""

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import keys
from gatekeeper.store.conversation import seen_commands
from gatekeeper.store.tx import Tx, insert_or


def first_time(tx: Tx, *, digest: bytes, message: RowId, now: Instant) -> bool:
    """Remember what was signed by its digest, and say whether it comes for the first time.

    Of two transactions that ask at once, one waits for the other and is told what came of it:
    after a rollback it is the first itself.
    """
    values = {"digest": keys.of_signed(tx, digest), "message": message, "at": now}
    statement = insert_or(tx, seen_commands).values(values).on_conflict_do_nothing()
    return tx.connection.scalar(statement.returning(seen_commands.c.digest)) is not None
