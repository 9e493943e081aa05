"""The process: decisions, facts, dates, ceilings, clocks, reminders, people, what is in force.

Columns are added in place. On SQLite the requests alone are copied, since a check and a NOT NULL
cannot be taken off there; those who approved them stand aside meanwhile, for foreign keys stay on.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
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

revision = "0005"
down_revision = "0004"

_STANDS = "ended_at IS NULL"
_STATES = "state IN ('waiting', 'done', 'withdrawn', 'refused', 'expired')"
_REQUEST = (
    "id, issue, kind, effect, effect_key, payload, needed, state, created_by, created_at,"
    " updated_at"
)
_APPROVAL = "request, person_key, name, at"


def upgrade() -> None:
    """Add tables and columns; rows of before keep their meaning."""
    for name in ("track", "severity", "reason"):
        op.add_column("issues", Column(name, LargeBinary, nullable=True))
    _correspondents()
    if op.get_bind().dialect.name == "postgresql":
        _requests_on_postgresql()
    else:
        _requests_on_sqlite()
    _issue_links()
    _issue_facts()
    _dates()
    _ceilings()
    _clocks()
    _reminded()
    _attendance()
    _paper_codes()
    _applied()


def _correspondents() -> None:
    parts = "'reporter', 'second-reporter', 'upstream', 'vendor', 'cert'"
    # in words of both databases: Alembic would copy the whole table on SQLite for a constraint
    op.execute(
        "ALTER TABLE correspondents ADD COLUMN role TEXT DEFAULT 'reporter' NOT NULL"
        f" CONSTRAINT ck_correspondents_role CHECK (role IN ({parts}))"
    )
    op.add_column("correspondents", Column("credit", LargeBinary, nullable=True))
    op.add_column("correspondents", Column("consented_at", BigInteger, nullable=True))
    op.add_column("correspondents", Column("removed_at", BigInteger, nullable=True))


def _requests_on_postgresql() -> None:
    op.alter_column("requests", "issue", nullable=True)
    op.drop_constraint("ck_requests_state", "requests")
    op.create_check_constraint("ck_requests_state", "requests", _STATES)
    for column in _added():
        op.add_column("requests", column)


def _requests_on_sqlite() -> None:
    op.execute(f"CREATE TABLE kept_approvals AS SELECT {_APPROVAL} FROM approvals")  # noqa: S608 - words of ours
    op.execute("DELETE FROM approvals")
    op.create_table(
        "requests_anew",
        Column("id", LargeBinary, nullable=False),
        Column("issue", LargeBinary, nullable=True),
        Column("kind", Text, nullable=False),
        Column("effect", LargeBinary, nullable=False),
        Column("effect_key", LargeBinary, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("needed", Integer, nullable=False),
        Column("state", Text, nullable=False),
        Column("created_by", LargeBinary, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        *_added(),
        CheckConstraint(_STATES, name="ck_requests_state"),
        CheckConstraint("length(effect_key) = 32", name="ck_requests_effect_key_length"),
        CheckConstraint("length(id) = 16", name="ck_requests_id_length"),
        CheckConstraint("length(kind) BETWEEN 1 AND 32", name="ck_requests_kind_length"),
        CheckConstraint("needed >= 1", name="ck_requests_needed"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_requests_issue"),
        PrimaryKeyConstraint("id", name="pk_requests"),
        UniqueConstraint("effect_key", name="uq_requests_effect_key"),
    )
    op.execute(f"INSERT INTO requests_anew ({_REQUEST}) SELECT {_REQUEST} FROM requests")  # noqa: S608 - words of ours
    op.drop_table("requests")
    op.rename_table("requests_anew", "requests")
    op.create_index("ix_requests_issue_created_at", "requests", ["issue", "created_at"])
    op.execute(f"INSERT INTO approvals ({_APPROVAL}) SELECT {_APPROVAL} FROM kept_approvals")  # noqa: S608 - words of ours
    op.drop_table("kept_approvals")


def _added() -> tuple[Column[int], Column[bytes], Column[bytes]]:
    return (
        Column("expires_at", BigInteger, nullable=True),
        Column("ended_by", LargeBinary, nullable=True),
        Column("why", LargeBinary, nullable=True),
    )


def _issue_links() -> None:
    op.create_table(
        "issue_links",
        Column("issue", LargeBinary, nullable=False),
        Column("kind", Text, nullable=False),
        Column("other", LargeBinary, nullable=False),
        Column("at", BigInteger, nullable=False),
        CheckConstraint("kind IN ('merged into', 'split from')", name="ck_issue_links_kind"),
        CheckConstraint("other <> issue", name="ck_issue_links_other"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_issue_links_issue"),
        ForeignKeyConstraint(["other"], ["issues.id"], name="fk_issue_links_other"),
        PrimaryKeyConstraint("issue", "kind", name="pk_issue_links"),
    )
    op.create_index("ix_issue_links_other", "issue_links", ["other"])


def _issue_facts() -> None:
    op.create_table(
        "issue_facts",
        Column("issue", LargeBinary, nullable=False),
        Column("fact_key", LargeBinary, nullable=False),
        Column("fact", LargeBinary, nullable=False),
        Column("by", LargeBinary, nullable=False),
        Column("value", LargeBinary, nullable=True),
        Column("at", BigInteger, nullable=False),
        CheckConstraint("length(fact_key) = 32", name="ck_issue_facts_fact_key_length"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_issue_facts_issue"),
        PrimaryKeyConstraint("issue", "fact_key", name="pk_issue_facts"),
    )


def _dates() -> None:
    op.create_table(
        "dates",
        Column("issue", LargeBinary, nullable=False),
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("instant", BigInteger, nullable=False),
        Column("predisclosure", BigInteger, nullable=True),
        Column("state", Text, nullable=False),
        Column("by", LargeBinary, nullable=False),
        Column("via", LargeBinary, nullable=True),
        Column("reason", LargeBinary, nullable=True),
        Column("at", BigInteger, nullable=False),
        Column("ended_at", BigInteger, nullable=True),
        CheckConstraint("number >= 1", name="ck_dates_number"),
        CheckConstraint("state <> 'ended' OR ended_at IS NOT NULL", name="ck_dates_ended"),
        CheckConstraint("state IN ('proposed', 'agreed', 'ended')", name="ck_dates_state"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_dates_issue"),
        PrimaryKeyConstraint("issue", "number", name="pk_dates"),
    )
    _one_that_stands("dates", ["issue"])


def _ceilings() -> None:
    op.create_table(
        "ceilings",
        Column("id", LargeBinary, nullable=False),
        Column("issue", LargeBinary, nullable=False),
        Column("holder_key", LargeBinary, nullable=False),
        Column("holder", LargeBinary, nullable=False),
        Column("kind", LargeBinary, nullable=False),
        Column("instant", BigInteger, nullable=False),
        Column("by", LargeBinary, nullable=False),
        Column("via", LargeBinary, nullable=True),
        Column("at", BigInteger, nullable=False),
        Column("ended_at", BigInteger, nullable=True),
        CheckConstraint("length(holder_key) = 32", name="ck_ceilings_holder_key_length"),
        CheckConstraint("length(id) = 16", name="ck_ceilings_id_length"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_ceilings_issue"),
        PrimaryKeyConstraint("id", name="pk_ceilings"),
    )
    op.create_index("ix_ceilings_issue_at", "ceilings", ["issue", "at"])
    _one_that_stands("ceilings", ["issue", "holder_key"])


def _one_that_stands(table: str, columns: list[str]) -> None:
    op.create_index(
        f"uq_{table}_stands",
        table,
        columns,
        unique=True,
        sqlite_where=text(_STANDS),
        postgresql_where=text(_STANDS),
    )


def _clocks() -> None:
    op.create_table(
        "clocks",
        Column("issue", LargeBinary, nullable=False),
        Column("rule_key", LargeBinary, nullable=False),
        Column("rule", LargeBinary, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        CheckConstraint("length(rule_key) = 32", name="ck_clocks_rule_key_length"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_clocks_issue"),
        PrimaryKeyConstraint("issue", "rule_key", name="pk_clocks"),
    )


def _reminded() -> None:
    op.create_table(
        "reminded",
        Column("reminder_key", LargeBinary, nullable=False),
        Column("issue", LargeBinary, nullable=True),
        Column("at", BigInteger, nullable=False),
        CheckConstraint("length(reminder_key) = 32", name="ck_reminded_reminder_key_length"),
        ForeignKeyConstraint(["issue"], ["issues.id"], name="fk_reminded_issue"),
        PrimaryKeyConstraint("reminder_key", name="pk_reminded"),
    )
    op.create_index("ix_reminded_issue", "reminded", ["issue"])


def _attendance() -> None:
    op.create_table(
        "attendance",
        Column("person_key", LargeBinary, nullable=False),
        Column("person", LargeBinary, nullable=False),
        Column("away_until", BigInteger, nullable=True),
        Column("suspended_at", BigInteger, nullable=True),
        Column("updated_at", BigInteger, nullable=False),
        CheckConstraint("length(person_key) = 32", name="ck_attendance_person_key_length"),
        PrimaryKeyConstraint("person_key", name="pk_attendance"),
    )


def _paper_codes() -> None:
    op.create_table(
        "paper_codes",
        Column("person_key", LargeBinary, nullable=False),
        Column("code_key", LargeBinary, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("used_at", BigInteger, nullable=True),
        CheckConstraint("length(code_key) = 32", name="ck_paper_codes_code_key_length"),
        CheckConstraint("length(person_key) = 32", name="ck_paper_codes_person_key_length"),
        PrimaryKeyConstraint("person_key", "code_key", name="pk_paper_codes"),
    )


def _applied() -> None:
    op.create_table(
        "applied",
        Column("kind", Text, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("content", LargeBinary, nullable=False),
        Column("request", LargeBinary, nullable=True),
        Column("at", BigInteger, nullable=False),
        CheckConstraint(
            "kind IN ('team', 'policy', 'templates', 'addresses')", name="ck_applied_kind"
        ),
        ForeignKeyConstraint(["request"], ["requests.id"], name="fk_applied_request"),
        PrimaryKeyConstraint("kind", name="pk_applied"),
    )
