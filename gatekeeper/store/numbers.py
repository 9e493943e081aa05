"""The highest issue numbers given out: read for a witness, and raised after a copy was set back."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from gatekeeper.domain.identity import IssueId
from gatekeeper.store.tables import counters, products
from gatekeeper.store.tx import Tx, insert_or

_C: Final = counters.c


def highest(tx: Tx) -> tuple[IssueId, ...]:
    """Return the highest number of each product and year, by the product's present prefix."""
    query = (
        select(products.c.issue_prefix, _C.year, _C.value)
        .join(products, products.c.id == _C.product)
        .order_by(products.c.issue_prefix, _C.year)
    )
    found = tx.connection.execute(query)
    return tuple(IssueId(prefix=row[0], year=row[1], number=row[2]) for row in found)


def together(*known: Iterable[IssueId]) -> tuple[IssueId, ...]:
    """Return the highest number of each prefix and year of all that are known."""
    found: dict[tuple[str, int], IssueId] = {}
    for each in (number for numbers in known for number in numbers):
        place = (each.prefix, each.year)
        found[place] = max(found.get(place, each), each, key=lambda one: one.number)
    return tuple(found[place] for place in sorted(found))


def skipped(tx: Tx, known: Iterable[IssueId], *, year: int, by: int) -> Iterator[IssueId]:
    """Yield the numbers with those of that year higher, also where none of that year is known."""
    known = tuple(known)
    prefixes = {*tx.connection.scalars(select(products.c.issue_prefix))}
    prefixes.update(each.prefix for each in known)
    yield from (each for each in known if each.year != year)
    last = {each.prefix: each for each in known if each.year == year}
    for prefix in sorted(prefixes):
        if prefix in last:
            yield replace(last[prefix], number=last[prefix].number + by)
        else:
            yield IssueId(prefix=prefix, year=year, number=by)


def raise_to(tx: Tx, numbers: Iterable[IssueId]) -> None:
    """Let numbers continue after these; none becomes lower.

    A prefix that no product has is passed over: who may need it later must keep its numbers.
    """
    for number in numbers:
        query = select(products.c.id).where(products.c.issue_prefix == number.prefix)
        product = tx.connection.scalar(query)
        if product is None:
            continue
        statement = insert_or(tx, counters).values(
            product=product, year=number.year, value=number.number
        )
        raised = statement.on_conflict_do_update(
            index_elements=[_C.product, _C.year],
            set_={"value": number.number},
            where=_C.value < number.number,
        )
        tx.connection.execute(raised)
