"""The tables beside the mail: the event log, single values, processes, duties, scores."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from gatekeeper.store.columns import exactly, metadata, own_id, short

events: Final = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("issue", LargeBinary, nullable=True),
    Column("message", LargeBinary, nullable=True),
    Column("delivery", LargeBinary, nullable=True),
    Column("commitment", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=True),
    Column("payload", LargeBinary, nullable=True),
    CheckConstraint("seq >= 1", name="seq"),
    short("kind", 64),
    exactly("commitment", 32),
    exactly("digest", 32),
    CheckConstraint("(salt IS NULL) = (payload IS NULL)", name="erased"),
)
"""The chained log; no foreign keys, because it outlives the rows it speaks of."""

Index(None, events.c.issue, events.c.seq)

meta: Final = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    short("name", 64),
)
"""Sealed single values: the master key's check, the head of the event chain, the alias's key."""

processes: Final = Table(
    "processes",
    metadata,
    own_id(),
    Column("name", LargeBinary, nullable=False),
    Column("roles", Text, nullable=False),
    Column("key_ids", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    exactly("id", 16),
    short("roles", 64),
    short("key_ids", 512),
)
"""The services that run on this database; `key_ids` are the master keys each one knows.

The first of them is the one it seals with.
"""

duties: Final = Table(
    "duties",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", LargeBinary, nullable=True),
    Column("term", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    short("name", 32),
    exactly("holder", 16),
    CheckConstraint("term >= 0", name="term"),
)
"""Work that one process at a time does; `term` grows with each holder and fences the last one."""

scores: Final = Table(
    "scores",
    metadata,
    Column("recipient_key", LargeBinary, primary_key=True),
    Column("recipient", LargeBinary, nullable=False),
    Column("points", Integer, nullable=False),
    Column("counted_at", BigInteger, nullable=False),
    Column("suspended_at", BigInteger, nullable=True),
    Column("updated_at", BigInteger, nullable=False),
    exactly("recipient_key", 32),
    CheckConstraint("points >= 0", name="points"),
)
"""How often mail to a recipient came back lately; nobody is removed by it."""

reaffirmations: Final = Table(
    "reaffirmations",
    metadata,
    Column("frozen_key", LargeBinary, primary_key=True),
    Column("person_key", LargeBinary, primary_key=True),
    Column("name", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    exactly("frozen_key", 32),
    exactly("person_key", 32),
)
"""Who said that a frozen database is right; `frozen_key` is the look-up of what they signed."""
