"""What a person approved and nothing was done by yet, taken back (S-0)."""

from typing import Final

from sqlalchemy import delete, select

from gatekeeper.store import keys
from gatekeeper.store.conversation import WAITING, approvals, requests
from gatekeeper.store.tx import Tx

_WAITS: Final = select(requests.c.id).where(requests.c.state == WAITING)


def approvals_of(tx: Tx, person: str) -> int:
    """Take back the approvals of a person of whatever still waits, and return how many they were.

    `person` is what `requests.approve` was given for them.
    """
    theirs = approvals.c.person_key == keys.of_fingerprint(tx, person)
    statement = delete(approvals).where(theirs, approvals.c.request.in_(_WAITS))
    return tx.connection.execute(statement).rowcount
