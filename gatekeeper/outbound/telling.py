"""What the team is told when a mail does not get there: to somebody outside, to one of them."""

from collections.abc import Callable
from typing import Final, TypeAlias

from gatekeeper.domain.bounces import News
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.issues import colleagues
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.tx import Tx

Tell: TypeAlias = Callable[[Tx, RowId, str], None]
"""Writes a notice to the team about an issue, in the transaction that it is given."""

TellOthers: TypeAlias = Callable[[Tx, DeliveryRow, str], None]
"""Tells the others of the team that a colleague's copy failed, in the transaction given."""

_WORDS_MAX: Final = 200

NO_KEY: Final = "no key of theirs is known"
REMOVED: Final = "they take part in the issue no more"
NOT_STORED: Final = "it is not the address that answers go to"
KEY_CHANGED: Final = "it was encrypted to a key that is not theirs any more"
KEY_KNOWN: Final = "a key of theirs is known by now, so nothing goes to them in clear"
NO_CLEAR_PORT: Final = "free text in clear needs relay.clear_port, which is not set"


def tell_of(tx: Tx, tell: Tell, row: DeliveryRow, what: str) -> None:
    """Have the team told that a mail to a correspondent was held back or refused for good.

    Of mail to the team itself see `of_colleague`.
    """
    if row.correspondent is not None and row.issue is not None:
        tell(tx, row.issue, f"to the {row.name}, {row.recipient}: {one_line(what, _WORDS_MAX)}")


def of_colleague(tx: Tx, desk: Desk, row: DeliveryRow, what: str, *, now: Instant) -> None:
    """Tell the others of the team that the relay refused the copy of one of them for good.

    Unless they know: see `issues.colleagues`, which a bounce goes through as well.
    """
    said = (f'The mail server said: "{one_line(what, _WORDS_MAX)}"',)
    colleagues.tell(tx, desk, row, News.FAILED, said=said, about=None, now=now)
