"""Several processes, returned mail, urgent mail, erasure: tables and columns for a long run.

And the event log takes entries only: of those that are there nothing but salt and payload changes,
which erasure empties and a new master key seals anew. Whoever owns the tables can take that away.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    false,
    text,
)

revision = "0004"
down_revision = "0003"

_WAITING = "state IN ('claimed', 'deferred', 'in_doubt', 'sealed') AND urgent"

_CHAINED = "seq, at, kind, issue, message, delivery, commitment, digest"
_REFUSED = "the event log is append-only"


def upgrade() -> None:
    """Add tables and columns; rows of before keep their meaning."""
    _processes()
    _duties()
    _scores()
    _reaffirmations()
    op.add_column("issues", Column("legal_hold", Boolean, nullable=False, server_default=false()))
    op.add_column("messages", Column("erased_at", BigInteger, nullable=True))
    op.add_column("letters", Column("erased_at", BigInteger, nullable=True))
    op.add_column("deliveries", Column("urgent", Boolean, nullable=False, server_default=false()))
    op.add_column("deliveries", Column("returned", LargeBinary, nullable=True))
    op.create_index(
        "ix_deliveries_urgent",
        "deliveries",
        ["due_at"],
        sqlite_where=text(_WAITING),
        postgresql_where=text(_WAITING),
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_events_on_postgresql()
    else:
        _keep_events_on_sqlite()


def _keep_events_on_sqlite() -> None:
    refused = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    for name, done in (("delete", "DELETE"), ("update", f"UPDATE OF {_CHAINED}")):
        op.execute(f"CREATE TRIGGER events_no_{name} BEFORE {done} ON events {refused}")


def _keep_events_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    )
    for name, done, each in (
        ("delete", "DELETE", "ROW"),
        ("update", f"UPDATE OF {_CHAINED}", "ROW"),
        ("truncate", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER events_no_{name} BEFORE {done} ON events"
            f" FOR EACH {each} EXECUTE FUNCTION events_refuse()"
        )


def _processes() -> None:
    op.create_table(
        "processes",
        Column("id", LargeBinary, nullable=False),
        Column("name", LargeBinary, nullable=False),
        Column("roles", Text, nullable=False),
        Column("key_ids", Text, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        CheckConstraint("length(id) = 16", name="ck_processes_id_length"),
        CheckConstraint("length(roles) BETWEEN 1 AND 64", name="ck_processes_roles_length"),
        CheckConstraint("length(key_ids) BETWEEN 1 AND 512", name="ck_processes_key_ids_length"),
        PrimaryKeyConstraint("id", name="pk_processes"),
    )


def _duties() -> None:
    op.create_table(
        "duties",
        Column("name", Text, nullable=False),
        Column("holder", LargeBinary, nullable=True),
        Column("term", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=False),
        CheckConstraint("length(name) BETWEEN 1 AND 32", name="ck_duties_name_length"),
        CheckConstraint("length(holder) = 16", name="ck_duties_holder_length"),
        CheckConstraint("term >= 0", name="ck_duties_term"),
        PrimaryKeyConstraint("name", name="pk_duties"),
    )


def _scores() -> None:
    op.create_table(
        "scores",
        Column("recipient_key", LargeBinary, nullable=False),
        Column("recipient", LargeBinary, nullable=False),
        Column("points", Integer, nullable=False),
        Column("counted_at", BigInteger, nullable=False),
        Column("suspended_at", BigInteger, nullable=True),
        Column("updated_at", BigInteger, nullable=False),
        CheckConstraint("length(recipient_key) = 32", name="ck_scores_recipient_key_length"),
        CheckConstraint("points >= 0", name="ck_scores_points"),
        PrimaryKeyConstraint("recipient_key", name="pk_scores"),
    )


def _reaffirmations() -> None:
    op.create_table(
        "reaffirmations",
        Column("frozen_key", LargeBinary, nullable=False),
        Column("person_key", LargeBinary, nullable=False),
        Column("name", LargeBinary, nullable=False),
        Column("at", BigInteger, nullable=False),
        CheckConstraint("length(frozen_key) = 32", name="ck_reaffirmations_frozen_key_length"),
        CheckConstraint("length(person_key) = 32", name="ck_reaffirmations_person_key_length"),
        PrimaryKeyConstraint("frozen_key", "person_key", name="pk_reaffirmations"),
    )
