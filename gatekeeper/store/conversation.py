"""The tables of conversation: those we write to and their keys, requests, what was seen or told."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from gatekeeper.domain.expiry import Stage
from gatekeeper.domain.participants import Part
from gatekeeper.store.columns import among, exactly, maybe, metadata, own_id, part_of, short, to

WAITING: Final = "waiting"
DONE: Final = "done"
WITHDRAWN: Final = "withdrawn"
REFUSED: Final = "refused"
EXPIRED: Final = "expired"

REQUEST_STATES: Final = (WAITING, DONE, WITHDRAWN, REFUSED, EXPIRED)

correspondents: Final = Table(
    "correspondents",
    metadata,
    own_id(),
    to("issues"),
    Column("name", Text, nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("address_key", LargeBinary, nullable=False),
    Column("route", LargeBinary, nullable=False),
    Column("certificate", LargeBinary, nullable=True),
    Column("fingerprint", LargeBinary, nullable=True),
    Column("nonce", LargeBinary, nullable=True),
    Column("wrote_in_clear", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("role", Text, nullable=False, server_default=Part.REPORTER),
    Column("credit", LargeBinary, nullable=True),
    Column("consented_at", BigInteger, nullable=True),
    Column("removed_at", BigInteger, nullable=True),
    UniqueConstraint("issue", "name"),
    UniqueConstraint("route"),
    exactly("id", 16),
    exactly("address_key", 32),
    exactly("route", 16),
    short("name", 32),
    among("role", tuple(Part)),
    CheckConstraint("(certificate IS NULL) = (fingerprint IS NULL)", name="pinned"),
)
"""People outside whom we write to in one issue; `route` names one in the address they answer to.

`name` is a word of ours (`reporter`), never theirs; `consented_at` is when they agreed to share a
conversation, `removed_at` since when they are told nothing more.
"""

Index(None, correspondents.c.issue, correspondents.c.address_key)

correspondent_keys: Final = Table(
    "correspondent_keys",
    metadata,
    part_of("correspondents"),
    Column("key_id", LargeBinary, primary_key=True),
    exactly("key_id", 32),
)
"""The ids of the keys with which a pinned certificate can sign."""

Index(None, correspondent_keys.c.key_id)

offered_keys: Final = Table(
    "offered_keys",
    metadata,
    part_of("correspondents"),
    Column("fingerprint_key", LargeBinary, primary_key=True),
    Column("certificate", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("offered_at", BigInteger, nullable=False),
    exactly("fingerprint_key", 32),
)
"""Certificates that came with mail in a correspondent's name; none is used unless it is pinned."""

requests: Final = Table(
    "requests",
    metadata,
    own_id(),
    maybe("issues"),
    Column("kind", Text, nullable=False),
    Column("effect", LargeBinary, nullable=False),
    Column("effect_key", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("needed", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_by", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=True),
    Column("ended_by", LargeBinary, nullable=True),
    Column("why", LargeBinary, nullable=True),
    UniqueConstraint("effect_key"),
    exactly("id", 16),
    exactly("effect_key", 32),
    short("kind", 32),
    among("state", REQUEST_STATES),
    CheckConstraint("needed >= 1", name="needed"),
)
"""What waits for a second person; `effect` is the digest of exactly what would be done.

`issue` is NULL for what concerns no single one; `ended_by` and `why` say who refused or withdrew.
"""

Index(None, requests.c.issue, requests.c.created_at)

approvals: Final = Table(
    "approvals",
    metadata,
    part_of("requests"),
    Column("person_key", LargeBinary, primary_key=True),
    Column("name", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    exactly("person_key", 32),
)
"""Who approved a request, once for each person."""

seen_commands: Final = Table(
    "seen_commands",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    to("messages"),
    Column("at", BigInteger, nullable=False),
    exactly("digest", 32),
)
"""Signed commands that were carried out, so that none is carried out twice."""

key_warnings: Final = Table(
    "key_warnings",
    metadata,
    Column("fingerprint_key", LargeBinary, primary_key=True),
    Column("ends_at", BigInteger, primary_key=True, autoincrement=False),
    Column("stage", Text, primary_key=True),
    Column("told_at", BigInteger, nullable=False),
    exactly("fingerprint_key", 32),
    among("stage", tuple(Stage)),
)
"""What was told of the end of a key, so that each stage before it is told once.

The look-up is of the key's fingerprint, and of the issue whose people are told if it is one's.
"""
