"""Conversation: correspondents and their keys, requests for a second person, forms of letters.

Columns are added in place: on SQLite, too, no table is copied, and foreign keys stay on.
"""

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
    false,
    text,
)

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add tables and columns; rows of before keep their meaning."""
    _correspondents()
    _correspondent_keys()
    _offered_keys()
    _requests()
    _approvals()
    _seen_commands()
    _issues()
    _messages()
    _message_ciphertexts()
    _letters()
    _deliveries()


def _correspondents() -> None:
    op.create_table(
        "correspondents",
        Column("id", LargeBinary, nullable=False),
        Column("issue", LargeBinary, nullable=False),
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
        CheckConstraint(
            "(certificate IS NULL) = (fingerprint IS NULL)", name="ck_correspondents_pinned"
        ),
        CheckConstraint("length(address_key) = 32", name="ck_correspondents_address_key_length"),
        CheckConstraint("length(id) = 16", name="ck_correspondents_id_length"),
        CheckConstraint("length(name) BETWEEN 1 AND 32", name="ck_correspondents_name_length"),
        CheckConstraint("length(route) = 16", name="ck_correspondents_route_length"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_correspondents_issue"),
        PrimaryKeyConstraint("id", name="pk_correspondents"),
        UniqueConstraint("issue", "name", name="uq_correspondents_issue_name"),
        UniqueConstraint("route", name="uq_correspondents_route"),
    )
    op.create_index(
        "ix_correspondents_issue_address_key", "correspondents", ["issue", "address_key"]
    )


def _correspondent_keys() -> None:
    op.create_table(
        "correspondent_keys",
        Column("correspondent", LargeBinary, nullable=False),
        Column("key_id", LargeBinary, nullable=False),
        CheckConstraint("length(key_id) = 32", name="ck_correspondent_keys_key_id_length"),
        ForeignKeyConstraint(
            ["correspondent"], ["correspondents.id"], name="fk_correspondent_keys_correspondent"
        ),
        PrimaryKeyConstraint("correspondent", "key_id", name="pk_correspondent_keys"),
    )
    op.create_index("ix_correspondent_keys_key_id", "correspondent_keys", ["key_id"])


def _offered_keys() -> None:
    op.create_table(
        "offered_keys",
        Column("correspondent", LargeBinary, nullable=False),
        Column("fingerprint_key", LargeBinary, nullable=False),
        Column("certificate", LargeBinary, nullable=False),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("offered_at", BigInteger, nullable=False),
        CheckConstraint(
            "length(fingerprint_key) = 32", name="ck_offered_keys_fingerprint_key_length"
        ),
        ForeignKeyConstraint(
            ["correspondent"], ["correspondents.id"], name="fk_offered_keys_correspondent"
        ),
        PrimaryKeyConstraint("correspondent", "fingerprint_key", name="pk_offered_keys"),
    )


def _requests() -> None:
    op.create_table(
        "requests",
        Column("id", LargeBinary, nullable=False),
        Column("issue", LargeBinary, nullable=False),
        Column("kind", Text, nullable=False),
        Column("effect", LargeBinary, nullable=False),
        Column("effect_key", LargeBinary, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("needed", Integer, nullable=False),
        Column("state", Text, nullable=False),
        Column("created_by", LargeBinary, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        CheckConstraint("state IN ('waiting', 'done', 'withdrawn')", name="ck_requests_state"),
        CheckConstraint("length(effect_key) = 32", name="ck_requests_effect_key_length"),
        CheckConstraint("length(id) = 16", name="ck_requests_id_length"),
        CheckConstraint("length(kind) BETWEEN 1 AND 32", name="ck_requests_kind_length"),
        CheckConstraint("needed >= 1", name="ck_requests_needed"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_requests_issue"),
        PrimaryKeyConstraint("id", name="pk_requests"),
        UniqueConstraint("effect_key", name="uq_requests_effect_key"),
    )
    op.create_index("ix_requests_issue_created_at", "requests", ["issue", "created_at"])


def _approvals() -> None:
    op.create_table(
        "approvals",
        Column("request", LargeBinary, nullable=False),
        Column("person_key", LargeBinary, nullable=False),
        Column("name", LargeBinary, nullable=False),
        Column("at", BigInteger, nullable=False),
        CheckConstraint("length(person_key) = 32", name="ck_approvals_person_key_length"),
        ForeignKeyConstraint(["request"], ["requests.id"], name="fk_approvals_request"),
        PrimaryKeyConstraint("request", "person_key", name="pk_approvals"),
    )


def _seen_commands() -> None:
    op.create_table(
        "seen_commands",
        Column("digest", LargeBinary, nullable=False),
        Column("message", LargeBinary, nullable=False),
        Column("at", BigInteger, nullable=False),
        CheckConstraint("length(digest) = 32", name="ck_seen_commands_digest_length"),
        ForeignKeyConstraint(["message"], ["messages.id"], name="fk_seen_commands_message"),
        PrimaryKeyConstraint("digest", name="pk_seen_commands"),
    )


def _issues() -> None:
    _add("issues", "owner", _bytes())


def _messages() -> None:
    for name in ("sender", "thread"):
        check = f"CONSTRAINT ck_messages_{name}_length CHECK (length({name}) = 32)"
        _add("messages", name, f"{_bytes()} {check}")
    op.create_index("ix_messages_sender_thread", "messages", ["sender", "thread"])
    op.create_index("ix_messages_message_id_sender", "messages", ["message_id", "sender"])


def _message_ciphertexts() -> None:
    op.create_table(
        "message_ciphertexts",
        Column("message", LargeBinary, nullable=False),
        Column("ciphertext", LargeBinary, nullable=False),
        CheckConstraint("length(ciphertext) = 32", name="ck_message_ciphertexts_ciphertext_length"),
        ForeignKeyConstraint(["message"], ["messages.id"], name="fk_message_ciphertexts_message"),
        PrimaryKeyConstraint("message", "ciphertext", name="pk_message_ciphertexts"),
    )
    op.create_index("ix_message_ciphertexts_ciphertext", "message_ciphertexts", ["ciphertext"])


def _letters() -> None:
    check = "CHECK (form IN ('sealed', 'clear form', 'clear reply'))"
    _add("letters", "form", f"TEXT DEFAULT 'sealed' NOT NULL CONSTRAINT ck_letters_form {check}")
    _add("letters", "automatic", f"BOOLEAN DEFAULT {_false()} NOT NULL")
    op.create_index(
        "ix_letters_automatic",
        "letters",
        ["created_at"],
        sqlite_where=text("automatic = 1"),
        postgresql_where=text("automatic"),
    )


def _deliveries() -> None:
    reference = "CONSTRAINT fk_deliveries_correspondent REFERENCES correspondents (id)"
    _add("deliveries", "correspondent", f"{_bytes()} {reference}")
    op.create_index(
        "ix_deliveries_recipient_key_created_at", "deliveries", ["recipient_key", "created_at"]
    )


def _bytes() -> str:
    return LargeBinary().compile(dialect=op.get_bind().dialect)


def _false() -> str:
    return str(false().compile(dialect=op.get_bind().dialect))


def _add(table: str, column: str, definition: str) -> None:
    # in words of both databases: Alembic would copy the whole table on SQLite for a constraint,
    # and a table that others refer to cannot be dropped there while foreign keys are on
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")
