"""Products and lists: made once, found again, linked."""

import pytest
from sqlalchemy import func, select

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.store import products
from gatekeeper.store.engine import Store
from gatekeeper.store.products import ListRow, ProductRow
from gatekeeper.store.tables import lists, product_lists
from gatekeeper.store.tables import products as table
from gatekeeper.store.tx import Tx
from tests.store.samples import NOW

LIST = ListRow(key="pre-disclosure")


def test_a_product_is_made_once_and_follows_its_prefix(store: Store) -> None:
    def ensure(prefix: str) -> bytes:
        row = ProductRow(key="default", issue_prefix=prefix)
        return store.write(lambda tx: products.ensure(tx, row, now=NOW))

    assert 1 == len({ensure("SEC"), ensure("SEC"), ensure("VUL")})
    assert ["VUL"] == store.read(
        lambda tx: tx.connection.scalars(select(table.c.issue_prefix)).all()
    )


def test_two_products_do_not_share_a_prefix(store: Store) -> None:
    store.write(lambda tx: products.ensure(tx, ProductRow(key="a", issue_prefix="SEC"), now=NOW))
    with pytest.raises(OurFault):
        store.write(
            lambda tx: products.ensure(tx, ProductRow(key="b", issue_prefix="SEC"), now=NOW)
        )
    count = select(func.count()).select_from(table)
    assert 1 == store.read(lambda tx: tx.connection.execute(count).scalar_one())


def test_a_prefix_no_issue_could_have_is_refused() -> None:
    with pytest.raises(ValueError, match="prefix"):
        ProductRow(key="default", issue_prefix="sec 1")


def lists_of(tx: Tx, product: RowId) -> tuple[ListRow, ...]:
    """Return the lists that are linked to a product."""
    joined = product_lists.join(lists, product_lists.c.list == lists.c.id)
    query = select(lists.c.key).select_from(joined).where(product_lists.c.product == product)
    return tuple(ListRow(key=key) for key in tx.connection.scalars(query))


def test_a_list_is_made_and_linked_once(store: Store) -> None:
    product = store.write(
        lambda tx: products.ensure(tx, ProductRow(key="default", issue_prefix="SEC"), now=NOW)
    )
    assert () == store.read(lambda tx: lists_of(tx, product))
    first, again = (
        store.write(lambda tx: products.ensure_list(tx, LIST, product=product, now=NOW))
        for _ in range(2)
    )
    assert first == again
    assert (LIST,) == store.read(lambda tx: lists_of(tx, product))
