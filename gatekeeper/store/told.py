"""What the team was told of late, in an issue or in none, as the store keeps it."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields
from gatekeeper.store import tx as transaction
from gatekeeper.store.tables import letters
from gatekeeper.store.tx import Tx

_L: Final = letters.c


def lock(tx: Tx) -> None:
    """Let nobody else look what was told, to tell it themselves, until this transaction ends.

    One lock for all: a transaction tells of several recipients, in the order of their mail.
    """
    transaction.lock(tx, "told", b"")


def since(
    tx: Tx, *, kind: str, at: Instant, issue: RowId | None = None
) -> tuple[Mapping[str, object], ...]:
    """Return the summaries of the letters of a kind that were written at or after an instant.

    Those of the issue, or those that belong to none. As many as there are in that time: ask for a
    kind and a time of which there are few.
    """
    query = select(_L.id, _L.summary).where(_L.issue == issue, _L.created_at >= at, _L.kind == kind)
    rows = tx.connection.execute(query)
    found = (fields.unseal_object(tx, _L.summary, row.id, row.summary) for row in rows)
    return tuple(each for each in found if each is not None)
