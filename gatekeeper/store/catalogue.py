"""The tables of what there is to protect: products, their lists, the counters of their issues."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Table, Text, UniqueConstraint

from gatekeeper.store.columns import exactly, metadata, own_id, part_of, short

products: Final = Table(
    "products",
    metadata,
    own_id(),
    Column("key", Text, nullable=False),
    Column("issue_prefix", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("key"),
    UniqueConstraint("issue_prefix"),
    exactly("id", 16),
    short("key", 64),
    short("issue_prefix", 16),
)

lists: Final = Table(
    "lists",
    metadata,
    own_id(),
    Column("key", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("key"),
    exactly("id", 16),
    short("key", 64),
)

product_lists: Final = Table(
    "product_lists",
    metadata,
    part_of("products"),
    part_of("lists"),
)

counters: Final = Table(
    "counters",
    metadata,
    part_of("products"),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
    CheckConstraint("value >= 1", name="value"),
)
"""The highest issue number of each product and UTC year."""
