"""Products and pre-disclosure lists as rows; for now one of each, linked."""

from dataclasses import dataclass

from sqlalchemy import select, update

from gatekeeper.domain.identity import RowId, prefix, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.store import frozen, numbers
from gatekeeper.store.keys import new_id
from gatekeeper.store.tables import lists, product_lists, products
from gatekeeper.store.tx import Tx, insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """A product: `key` names it in the configuration, `issue_prefix` starts its issue ids."""

    key: str
    issue_prefix: str

    def __post_init__(self) -> None:
        """Refuse a prefix that no issue id could have."""
        prefix(self.issue_prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A pre-disclosure list: `key` names it in the configuration."""

    key: str


def ensure(tx: Tx, product: ProductRow, *, now: Instant) -> RowId:
    """Return the row of the product with that key, made or given the new prefix if need be.

    In a frozen database its numbers continue after those that are taken for given out: a copy that
    was set back may not have known it, or not by this prefix.
    """
    new = insert_or(tx, products).values(
        id=new_id(), key=product.key, issue_prefix=product.issue_prefix, created_at=now
    )
    # Without a target: whoever makes the same product at the same moment may be met at either of
    # its unique columns, and PostgreSQL refuses what it meets at one that is not the target.
    tx.connection.execute(new.on_conflict_do_nothing())
    made = row_id(
        tx.connection.execute(
            update(products)
            .where(products.c.key == product.key)
            .values(issue_prefix=product.issue_prefix)
            .returning(products.c.id)
        ).scalar_one()
    )
    if (freeze := frozen.of(tx)) is not None:
        numbers.raise_to(tx, freeze.numbers)
    return made


def ensure_list(tx: Tx, row: ListRow, *, product: RowId, now: Instant) -> RowId:
    """Return the row of the list with that key, made and linked to the product if need be."""
    statement = insert_or(tx, lists).values(id=new_id(), key=row.key, created_at=now)
    tx.connection.execute(statement.on_conflict_do_nothing())
    found = tx.connection.execute(select(lists.c.id).where(lists.c.key == row.key)).scalar_one()
    link = insert_or(tx, product_lists).values(product=product, list=found)
    tx.connection.execute(link.on_conflict_do_nothing())
    return row_id(found)
