"""The first schema: products, issues, messages, letters, deliveries, the event log."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables in an empty database."""
    _products()
    _lists()
    _product_lists()
    _counters()
    _issues()
    _messages()
    _message_chunks()
    _letters()
    _letter_chunks()
    _deliveries()
    _delivery_chunks()
    _events()
    _meta()


def _products() -> None:
    op.create_table(
        "products",
        Column("id", LargeBinary, nullable=False),
        Column("key", Text, nullable=False),
        Column("issue_prefix", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        CheckConstraint("length(id) = 16", name="ck_products_id_length"),
        CheckConstraint(
            "length(issue_prefix) BETWEEN 1 AND 16", name="ck_products_issue_prefix_length"
        ),
        CheckConstraint("length(key) BETWEEN 1 AND 64", name="ck_products_key_length"),
        PrimaryKeyConstraint("id", name="pk_products"),
        UniqueConstraint("issue_prefix", name="uq_products_issue_prefix"),
        UniqueConstraint("key", name="uq_products_key"),
    )


def _lists() -> None:
    op.create_table(
        "lists",
        Column("id", LargeBinary, nullable=False),
        Column("key", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        CheckConstraint("length(id) = 16", name="ck_lists_id_length"),
        CheckConstraint("length(key) BETWEEN 1 AND 64", name="ck_lists_key_length"),
        PrimaryKeyConstraint("id", name="pk_lists"),
        UniqueConstraint("key", name="uq_lists_key"),
    )


def _product_lists() -> None:
    op.create_table(
        "product_lists",
        Column("product", LargeBinary, nullable=False),
        Column("list", LargeBinary, nullable=False),
        ForeignKeyConstraint(["list"], ["lists.id"], name="fk_product_lists_list"),
        ForeignKeyConstraint(["product"], ["products.id"], name="fk_product_lists_product"),
        PrimaryKeyConstraint("product", "list", name="pk_product_lists"),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        Column("product", LargeBinary, nullable=False),
        Column("year", Integer, autoincrement=False, nullable=False),
        Column("value", BigInteger, nullable=False),
        CheckConstraint("value >= 1", name="ck_counters_value"),
        ForeignKeyConstraint(["product"], ["products.id"], name="fk_counters_product"),
        PrimaryKeyConstraint("product", "year", name="pk_counters"),
    )


def _issues() -> None:
    op.create_table(
        "issues",
        Column("id", LargeBinary, nullable=False),
        Column("product", LargeBinary, nullable=False),
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
        CheckConstraint(
            "state IN ('reported', 'accepted', 'prepared', 'pre-disclosed', 'disclosed',"
            " 'rejected', 'handed over')",
            name="ck_issues_state",
        ),
        CheckConstraint("length(id) = 16", name="ck_issues_id_length"),
        CheckConstraint("length(prefix) BETWEEN 1 AND 16", name="ck_issues_prefix_length"),
        CheckConstraint("length(tag) BETWEEN 1 AND 32", name="ck_issues_tag_length"),
        CheckConstraint("number >= 1", name="ck_issues_number"),
        CheckConstraint("version >= 1", name="ck_issues_version"),
        ForeignKeyConstraint(["product"], ["products.id"], name="fk_issues_product"),
        PrimaryKeyConstraint("id", name="pk_issues"),
        UniqueConstraint("prefix", "year", "number", name="uq_issues_prefix_year_number"),
        UniqueConstraint("tag", name="uq_issues_tag"),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        Column("id", LargeBinary, nullable=False),
        Column("product", LargeBinary, nullable=False),
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
        Column("issue", LargeBinary, nullable=True),
        Column("message_id", LargeBinary, nullable=True),
        Column("summary", LargeBinary, nullable=True),
        Column("problem", LargeBinary, nullable=True),
        CheckConstraint("(state = 'claimed') = (lease IS NOT NULL)", name="ck_messages_lease"),
        CheckConstraint("(state = 'handled') = (kind IS NOT NULL)", name="ck_messages_handled"),
        CheckConstraint("issue IS NULL OR state = 'handled'", name="ck_messages_issue"),
        CheckConstraint(
            "kind IN ('report', 'reply', 'postmaster', 'bounce', 'auto-reply', 'loop')",
            name="ck_messages_kind",
        ),
        CheckConstraint(
            "state <> 'quarantined' OR problem IS NOT NULL", name="ck_messages_quarantined"
        ),
        CheckConstraint(
            "state IN ('stored', 'claimed', 'handled', 'quarantined')", name="ck_messages_state"
        ),
        CheckConstraint("attempts >= 0", name="ck_messages_attempts"),
        CheckConstraint("length(arrival) = 32", name="ck_messages_arrival_length"),
        CheckConstraint("length(id) = 16", name="ck_messages_id_length"),
        CheckConstraint("length(message_id) = 32", name="ck_messages_message_id_length"),
        CheckConstraint("size >= 0", name="ck_messages_size"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_messages_issue"),
        ForeignKeyConstraint(["product"], ["products.id"], name="fk_messages_product"),
        PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_arrival_received_at", "messages", ["arrival", "received_at"])
    op.create_index(
        "ix_messages_claim",
        "messages",
        ["due_at"],
        sqlite_where=text("state IN ('stored', 'claimed')"),
        postgresql_where=text("state IN ('stored', 'claimed')"),
    )
    op.create_index("ix_messages_issue_received_at", "messages", ["issue", "received_at"])


def _message_chunks() -> None:
    op.create_table(
        "message_chunks",
        Column("message", LargeBinary, nullable=False),
        Column("seq", Integer, autoincrement=False, nullable=False),
        Column("data", LargeBinary, nullable=False),
        CheckConstraint("seq >= 0", name="ck_message_chunks_seq"),
        ForeignKeyConstraint(["message"], ["messages.id"], name="fk_message_chunks_message"),
        PrimaryKeyConstraint("message", "seq", name="pk_message_chunks"),
    )


def _letters() -> None:
    op.create_table(
        "letters",
        Column("id", LargeBinary, nullable=False),
        Column("issue", LargeBinary, nullable=True),
        Column("message", LargeBinary, nullable=True),
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
        CheckConstraint("length(id) = 16", name="ck_letters_id_length"),
        CheckConstraint("length(kind) BETWEEN 1 AND 32", name="ck_letters_kind_length"),
        CheckConstraint("length(message_id_key) = 32", name="ck_letters_message_id_key_length"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_letters_issue"),
        ForeignKeyConstraint(["message"], ["messages.id"], name="fk_letters_message"),
        PrimaryKeyConstraint("id", name="pk_letters"),
        UniqueConstraint("message_id_key", name="uq_letters_message_id_key"),
    )
    op.create_index("ix_letters_issue_created_at", "letters", ["issue", "created_at"])


def _letter_chunks() -> None:
    op.create_table(
        "letter_chunks",
        Column("letter", LargeBinary, nullable=False),
        Column("part", Text, nullable=False),
        Column("seq", Integer, autoincrement=False, nullable=False),
        Column("data", LargeBinary, nullable=False),
        CheckConstraint("part IN ('plaintext', 'shared')", name="ck_letter_chunks_part"),
        CheckConstraint("seq >= 0", name="ck_letter_chunks_seq"),
        ForeignKeyConstraint(["letter"], ["letters.id"], name="fk_letter_chunks_letter"),
        PrimaryKeyConstraint("letter", "part", "seq", name="pk_letter_chunks"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        Column("id", LargeBinary, nullable=False),
        Column("letter", LargeBinary, nullable=False),
        Column("issue", LargeBinary, nullable=True),
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
        CheckConstraint("(state = 'blocked') = (reason IS NOT NULL)", name="ck_deliveries_reason"),
        CheckConstraint("(state = 'claimed') = (lease IS NOT NULL)", name="ck_deliveries_lease"),
        CheckConstraint(
            "(state IN ('pending', 'blocked')) = (key_packets IS NULL)",
            name="ck_deliveries_key_packets",
        ),
        CheckConstraint(
            "state IN ('pending', 'blocked', 'sealed', 'claimed', 'deferred', 'in_doubt',"
            " 'delivered', 'failed')",
            name="ck_deliveries_state",
        ),
        CheckConstraint(
            "(key_packets IS NULL) = (fingerprints IS NULL)", name="ck_deliveries_fingerprints"
        ),
        CheckConstraint("NOT own OR key_packets IS NOT NULL", name="ck_deliveries_own"),
        CheckConstraint("attempts >= doubts AND doubts >= 0", name="ck_deliveries_attempts"),
        CheckConstraint("length(id) = 16", name="ck_deliveries_id_length"),
        CheckConstraint("length(recipient_key) = 32", name="ck_deliveries_recipient_key_length"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_deliveries_issue"),
        ForeignKeyConstraint(["letter"], ["letters.id"], name="fk_deliveries_letter"),
        PrimaryKeyConstraint("id", name="pk_deliveries"),
        UniqueConstraint("letter", "recipient_key", name="uq_deliveries_letter_recipient_key"),
    )
    op.create_index(
        "ix_deliveries_claim",
        "deliveries",
        ["due_at"],
        sqlite_where=text("state IN ('claimed', 'deferred', 'in_doubt', 'sealed')"),
        postgresql_where=text("state IN ('claimed', 'deferred', 'in_doubt', 'sealed')"),
    )
    op.create_index("ix_deliveries_issue_created_at", "deliveries", ["issue", "created_at"])
    op.create_index(
        "ix_deliveries_pending",
        "deliveries",
        ["letter"],
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    )


def _delivery_chunks() -> None:
    op.create_table(
        "delivery_chunks",
        Column("delivery", LargeBinary, nullable=False),
        Column("seq", Integer, autoincrement=False, nullable=False),
        Column("data", LargeBinary, nullable=False),
        CheckConstraint("seq >= 0", name="ck_delivery_chunks_seq"),
        ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_delivery_chunks_delivery"),
        PrimaryKeyConstraint("delivery", "seq", name="pk_delivery_chunks"),
    )


def _events() -> None:
    op.create_table(
        "events",
        Column("seq", BigInteger, autoincrement=False, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("kind", Text, nullable=False),
        Column("issue", LargeBinary, nullable=True),
        Column("message", LargeBinary, nullable=True),
        Column("delivery", LargeBinary, nullable=True),
        Column("commitment", LargeBinary, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("salt", LargeBinary, nullable=True),
        Column("payload", LargeBinary, nullable=True),
        CheckConstraint("(salt IS NULL) = (payload IS NULL)", name="ck_events_erased"),
        CheckConstraint("length(commitment) = 32", name="ck_events_commitment_length"),
        CheckConstraint("length(digest) = 32", name="ck_events_digest_length"),
        CheckConstraint("length(kind) BETWEEN 1 AND 64", name="ck_events_kind_length"),
        CheckConstraint("seq >= 1", name="ck_events_seq"),
        PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_issue_seq", "events", ["issue", "seq"])


def _meta() -> None:
    op.create_table(
        "meta",
        Column("name", Text, nullable=False),
        Column("value", LargeBinary, nullable=False),
        CheckConstraint("length(name) BETWEEN 1 AND 64", name="ck_meta_name_length"),
        PrimaryKeyConstraint("name", name="pk_meta"),
    )
