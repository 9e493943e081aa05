"""Who approved a request, asked by the people who could have: their names in it are sealed."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from gatekeeper.domain.identity import RowId
from gatekeeper.store import keys
from gatekeeper.store.conversation import approvals
from gatekeeper.store.tx import Tx

_A: Final = approvals.c


def among(tx: Tx, *, request: RowId, people: Iterable[str]) -> tuple[str, ...]:
    """Return those of `people` who approved the request, in the order in which they are given.

    `people` are what `requests.approve` was given as the person.
    """
    found = set(tx.connection.scalars(select(_A.person_key).where(_A.request == request)))
    return tuple(each for each in people if keys.of_fingerprint(tx, each) in found)
