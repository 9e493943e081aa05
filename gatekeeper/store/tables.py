"""The tables: rows of ids, states and instants; everything that could tell a secret is sealed.

Ids are 16 bytes made by the application, instants BIGINT microseconds. A column in `SEALED` is
written only through the codec, one in `LOOKUPS` is a keyed hash.
"""

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
    false,
    text,
)

from gatekeeper.domain.delivery import CLAIMABLE, DeliveryState
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Kind, MessageState
from gatekeeper.store import procedure
from gatekeeper.store.catalogue import counters, lists, product_lists, products
from gatekeeper.store.columns import among, exactly, maybe, metadata, own_id, part_of, short, to
from gatekeeper.store.conversation import (
    approvals,
    correspondent_keys,
    correspondents,
    key_warnings,
    offered_keys,
    requests,
    seen_commands,
)
from gatekeeper.store.running import (
    duties,
    events,
    meta,
    processes,
    reaffirmations,
    scores,
)

__all__ = [
    "ISSUE_STATES",
    "LOOKUPS",
    "OPEN_STATES",
    "SEALED",
    "counters",
    "duties",
    "events",
    "lists",
    "meta",
    "metadata",
    "processes",
    "product_lists",
    "products",
    "reaffirmations",
    "scores",
]

ISSUE_STATES: Final = tuple(IssueState)

OPEN_STATES: Final = tuple(state for state in IssueState if state.is_open)
"""Those in which there still is something to write to the people of an issue."""

_LEASED: Final = "(state = 'claimed') = (lease IS NOT NULL)"

issues: Final = Table(
    "issues",
    metadata,
    own_id(),
    to("products"),
    Column("prefix", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("subject", LargeBinary, nullable=False),
    Column("reporter", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("owner", LargeBinary, nullable=True),
    Column("legal_hold", Boolean, nullable=False, server_default=false()),
    Column("track", LargeBinary, nullable=True),
    Column("severity", LargeBinary, nullable=True),
    Column("reason", LargeBinary, nullable=True),
    UniqueConstraint("prefix", "year", "number"),
    UniqueConstraint("tag"),
    exactly("id", 16),
    short("prefix", 16),
    short("tag", 32),
    among("state", ISSUE_STATES),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("version >= 1", name="version"),
)

messages: Final = Table(
    "messages",
    metadata,
    own_id(),
    to("products"),
    Column("envelope", LargeBinary, nullable=False),
    Column("arrival", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lease", LargeBinary, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("kind", Text, nullable=True),
    maybe("issues"),
    Column("message_id", LargeBinary, nullable=True),
    Column("summary", LargeBinary, nullable=True),
    Column("problem", LargeBinary, nullable=True),
    Column("sender", LargeBinary, nullable=True),
    Column("thread", LargeBinary, nullable=True),
    Column("erased_at", BigInteger, nullable=True),
    exactly("id", 16),
    exactly("arrival", 32),
    exactly("message_id", 32),
    exactly("sender", 32),
    exactly("thread", 32),
    among("state", tuple(MessageState)),
    among("kind", tuple(Kind)),
    CheckConstraint(_LEASED, name="lease"),
    CheckConstraint("(state = 'handled') = (kind IS NOT NULL)", name="handled"),
    CheckConstraint("issue IS NULL OR state = 'handled'", name="issue"),
    CheckConstraint("state <> 'quarantined' OR problem IS NOT NULL", name="quarantined"),
    CheckConstraint("size >= 0", name="size"),
    CheckConstraint("attempts >= 0", name="attempts"),
)
"""Accepted mail; `due_at` is when it may be claimed next, the end of the lease while claimed.

`message_id`, `sender` and `thread` are known once it is handled, and if it has them.
"""

_OPEN_MESSAGE: Final = text("state IN ('stored', 'claimed')")
Index(None, messages.c.arrival, messages.c.received_at)
Index(None, messages.c.issue, messages.c.received_at)
Index(None, messages.c.sender, messages.c.thread)
Index(None, messages.c.message_id, messages.c.sender)
Index(
    "ix_messages_claim",
    messages.c.due_at,
    sqlite_where=_OPEN_MESSAGE,
    postgresql_where=_OPEN_MESSAGE,
)

message_ciphertexts: Final = Table(
    "message_ciphertexts",
    metadata,
    part_of("messages"),
    Column("ciphertext", LargeBinary, primary_key=True),
    exactly("ciphertext", 32),
)
"""Each ciphertext that a handled message was, or that stood in it."""

Index(None, message_ciphertexts.c.ciphertext)

message_chunks: Final = Table(
    "message_chunks",
    metadata,
    part_of("messages"),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("seq >= 0", name="seq"),
)

letters: Final = Table(
    "letters",
    metadata,
    own_id(),
    maybe("issues"),
    maybe("messages"),
    Column("kind", Text, nullable=False),
    Column("message_id", LargeBinary, nullable=False),
    Column("message_id_key", LargeBinary, nullable=False),
    Column("frame_head", LargeBinary, nullable=False),
    Column("frame_tail", LargeBinary, nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sealed_at", BigInteger, nullable=True),
    Column("due_at", BigInteger, nullable=False),
    Column("lease", LargeBinary, nullable=True),
    Column("form", Text, nullable=False, server_default=Form.SEALED),
    Column("automatic", Boolean, nullable=False, server_default=false()),
    Column("erased_at", BigInteger, nullable=True),
    UniqueConstraint("message_id_key"),
    exactly("id", 16),
    exactly("message_id_key", 32),
    short("kind", 32),
    among("form", tuple(Form)),
)
"""What we write, once for all its recipients; `due_at` as for messages, for sealing."""

Index(None, letters.c.issue, letters.c.created_at)
Index(
    "ix_letters_automatic",
    letters.c.created_at,
    sqlite_where=text("automatic = 1"),
    postgresql_where=text("automatic"),
)

letter_chunks: Final = Table(
    "letter_chunks",
    metadata,
    part_of("letters"),
    Column("part", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    among("part", ("plaintext", "shared")),
    CheckConstraint("seq >= 0", name="seq"),
)

deliveries: Final = Table(
    "deliveries",
    metadata,
    own_id(),
    to("letters"),
    maybe("issues"),
    Column("recipient", LargeBinary, nullable=False),
    Column("recipient_key", LargeBinary, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("first_due_at", BigInteger, nullable=False),
    Column("lease", LargeBinary, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),
    Column("fingerprints", LargeBinary, nullable=True),
    Column("key_packets", LargeBinary, nullable=True),
    Column("own", Boolean, nullable=False),
    Column("reply", LargeBinary, nullable=True),
    Column("reason", LargeBinary, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    maybe("correspondents"),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Column("returned", LargeBinary, nullable=True),
    UniqueConstraint("letter", "recipient_key"),
    exactly("id", 16),
    exactly("recipient_key", 32),
    among("state", tuple(DeliveryState)),
    CheckConstraint(_LEASED, name="lease"),
    CheckConstraint(
        "(state IN ('pending', 'blocked')) = (key_packets IS NULL)", name="key_packets"
    ),
    CheckConstraint("(key_packets IS NULL) = (fingerprints IS NULL)", name="fingerprints"),
    CheckConstraint("NOT own OR key_packets IS NOT NULL", name="own"),
    CheckConstraint("(state = 'blocked') = (reason IS NOT NULL)", name="reason"),
    CheckConstraint("attempts >= doubts AND doubts >= 0", name="attempts"),
)
"""One letter to one recipient; `due_at` is the end of the lease while it is claimed.

`own` says that its data packet lies in `delivery_chunks` instead of the letter's shared part,
`urgent` that it goes before all others, `returned` what a bounce said of it.
"""

_WAITING: Final = ", ".join(f"'{s}'" for s in sorted({*CLAIMABLE, DeliveryState.CLAIMED}))
_CLAIMABLE: Final = text(f"state IN ({_WAITING})")
_PENDING: Final = text("state = 'pending'")
Index(
    "ix_deliveries_claim",
    deliveries.c.due_at,
    sqlite_where=_CLAIMABLE,
    postgresql_where=_CLAIMABLE,
)
Index(
    "ix_deliveries_pending",
    deliveries.c.letter,
    sqlite_where=_PENDING,
    postgresql_where=_PENDING,
)
_URGENT: Final = text(f"state IN ({_WAITING}) AND urgent")
Index(
    "ix_deliveries_urgent",
    deliveries.c.due_at,
    sqlite_where=_URGENT,
    postgresql_where=_URGENT,
)
Index(None, deliveries.c.issue, deliveries.c.created_at)
Index(None, deliveries.c.recipient_key, deliveries.c.created_at)

delivery_chunks: Final = Table(
    "delivery_chunks",
    metadata,
    part_of("deliveries"),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("seq >= 0", name="seq"),
)

SEALED: Final = (
    issues.c.subject,
    issues.c.reporter,
    issues.c.owner,
    issues.c.track,
    issues.c.severity,
    issues.c.reason,
    messages.c.envelope,
    messages.c.summary,
    messages.c.problem,
    message_chunks.c.data,
    letters.c.message_id,
    letters.c.frame_head,
    letters.c.frame_tail,
    letters.c.summary,
    letter_chunks.c.data,
    deliveries.c.recipient,
    deliveries.c.name,
    deliveries.c.fingerprints,
    deliveries.c.key_packets,
    deliveries.c.reply,
    deliveries.c.reason,
    deliveries.c.returned,
    delivery_chunks.c.data,
    correspondents.c.address,
    correspondents.c.certificate,
    correspondents.c.fingerprint,
    correspondents.c.nonce,
    correspondents.c.credit,
    offered_keys.c.certificate,
    offered_keys.c.fingerprint,
    requests.c.effect,
    requests.c.payload,
    requests.c.created_by,
    requests.c.ended_by,
    requests.c.why,
    approvals.c.name,
    events.c.salt,
    events.c.payload,
    meta.c.value,
    processes.c.name,
    scores.c.recipient,
    reaffirmations.c.name,
    *procedure.SEALED,
)

LOOKUPS: Final = (
    messages.c.arrival,
    messages.c.message_id,
    messages.c.sender,
    messages.c.thread,
    message_ciphertexts.c.ciphertext,
    letters.c.message_id_key,
    deliveries.c.recipient_key,
    correspondents.c.address_key,
    correspondent_keys.c.key_id,
    offered_keys.c.fingerprint_key,
    requests.c.effect_key,
    approvals.c.person_key,
    seen_commands.c.digest,
    key_warnings.c.fingerprint_key,
    scores.c.recipient_key,
    reaffirmations.c.frozen_key,
    reaffirmations.c.person_key,
    *procedure.LOOKUPS,
)
