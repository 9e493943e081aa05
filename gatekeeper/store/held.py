"""Mail that was kept in its issue and not passed on: how much of it there is."""

from collections.abc import Generator, Mapping, Sequence
from typing import Final

from sqlalchemy import func, select

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import Kind
from gatekeeper.store import fields, keys
from gatekeeper.store.tables import messages
from gatekeeper.store.tx import Tx

_M: Final = messages.c


_AT_ONCE: Final = 20


def count(tx: Tx, *, issue: RowId | None, kinds: Sequence[Kind]) -> int:
    """Return how many handled messages of these kinds the issue has, or that are in none."""
    query = select(func.count()).select_from(messages)
    return tx.connection.scalar(query.where(_M.issue == issue, _M.kind.in_(kinds))) or 0


def newest_first(
    tx: Tx, *, issue: RowId | None, sender: Address, kinds: Sequence[Kind], since: Instant
) -> Generator[Mapping[str, object], None, None]:
    """Yield the summaries of what one From wrote in an issue, or in none, from `since` on.

    Of these kinds alone. A few are read at a time, so that who stops early, and closes it, does not
    pay for a flood.
    """
    query = (
        select(_M.id, _M.summary)
        .where(
            _M.issue == issue,
            _M.sender == keys.of_address(tx, sender),
            _M.kind.in_(kinds),
            _M.received_at >= since,
            _M.summary.is_not(None),
        )
        .order_by(_M.received_at.desc(), _M.id)
    )
    with tx.connection.execute(query.execution_options(yield_per=_AT_ONCE)) as rows:
        for row in rows:
            found = fields.unseal_object(tx, _M.summary, row.id, row.summary)
            if found is not None:
                yield found
