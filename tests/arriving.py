"""Store one message, as intake stores a group of them."""

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import Envelope
from gatekeeper.store import messages
from gatekeeper.store.engine import Tx
from gatekeeper.store.messages import Added


def add(tx: Tx, *, product: RowId, raw: bytes, envelope: Envelope, now: Instant) -> Added:
    """Store a message and return its row; a duplicate is not stored again."""
    (added,) = messages.add_all(tx, product=product, items=[(raw, envelope)], now=now)
    return added
