"""What the team is told when a mail to somebody outside does not get there."""

from collections.abc import Callable
from typing import Final, TypeAlias

from gatekeeper.domain.identity import RowId
from gatekeeper.issues.column import one_line
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.tx import Tx

Tell: TypeAlias = Callable[[Tx, RowId, str], None]
"""Writes a notice to the team about an issue, in the transaction that it is given."""

_WORDS_MAX: Final = 200

NO_KEY: Final = "no key of theirs is known"
NOT_STORED: Final = "it is not the address that answers go to"
KEY_CHANGED: Final = "it was encrypted to a key that is not theirs any more"
KEY_KNOWN: Final = "a key of theirs is known by now, so nothing goes to them in clear"
NO_CLEAR_PORT: Final = "free text in clear needs relay.clear_port, which is not set"


def tell_of(tx: Tx, tell: Tell, row: DeliveryRow, what: str) -> None:
    """Have the team told that a mail to a correspondent was held back or refused for good.

    Nothing is told of mail to the team itself: the notice would meet the same obstacle.
    """
    if row.correspondent is not None and row.issue is not None:
        tell(tx, row.issue, f"to the {row.name}, {row.recipient}: {one_line(what, _WORDS_MAX)}")
