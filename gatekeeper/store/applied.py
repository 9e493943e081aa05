"""What is in force of the governed files: their content, and which request approved it (05)."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select, update

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields
from gatekeeper.store.faults import Conflict
from gatekeeper.store.procedure import GOVERNED, applied
from gatekeeper.store.tx import Tx, insert_or

_A: Final = applied.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One kind of governed files as it is in force.

    `kind` team, policy, templates or addresses · `digest` of the content, as people approve it ·
    `request` the one that was approved, None for the files of the first start.
    """

    kind: str
    digest: bytes
    content: bytes
    at: Instant
    request: RowId | None = None

    def __post_init__(self) -> None:
        """Refuse a kind that there is not."""
        if self.kind not in GOVERNED:
            message = f"nothing governed is called {self.kind}"
            raise ValueError(message)


def get(tx: Tx, kind: str) -> Applied | None:
    """Return what is in force of a kind, None before the first start."""
    found = tx.connection.execute(select(applied).where(_A.kind == str(kind))).one_or_none()
    return _applied(tx, found) if found is not None else None


def list_all(tx: Tx) -> tuple[Applied, ...]:
    """Return all that is in force, by kind."""
    rows = tx.connection.execute(select(applied).order_by(_A.kind))
    return tuple(_applied(tx, row) for row in rows)


def adopt(tx: Tx, new: Applied) -> bool:
    """Put in force what nothing of its kind is before; False, and nothing done, if something is."""
    statement = insert_or(tx, applied).values(_values(tx, new)).on_conflict_do_nothing()
    return tx.connection.scalar(statement.returning(_A.kind)) is not None


def replace(tx: Tx, new: Applied, *, before: bytes) -> None:
    """Put it in force in place of what has the digest `before`; Conflict when that is another."""
    query = select(applied).where(_A.kind == str(new.kind)).with_for_update()
    found = tx.connection.execute(query).one_or_none()
    if found is None or fields.unseal(tx, _A.digest, _place(new.kind), found.digest) != before:
        raise Conflict(
            f"what is in force of {new.kind} was changed meanwhile", remedy="plan it anew"
        )
    tx.connection.execute(update(applied).where(_A.kind == str(new.kind)).values(_values(tx, new)))


def _place(kind: str) -> bytes:
    return kind.encode()


def _values(tx: Tx, new: Applied) -> dict[str, object]:
    place = _place(new.kind)
    return {
        "kind": str(new.kind),
        "digest": fields.seal(tx, _A.digest, place, new.digest),
        "content": fields.seal(tx, _A.content, place, new.content),
        "request": new.request,
        "at": new.at,
    }


def _applied(tx: Tx, row: Row[Any]) -> Applied:
    place = _place(row.kind)
    return Applied(
        kind=row.kind,
        digest=fields.unseal(tx, _A.digest, place, row.digest),
        content=fields.unseal(tx, _A.content, place, row.content),
        at=Instant(row.at),
        request=row_id(row.request) if row.request is not None else None,
    )
