"""Key warnings: which stage before the end of which key was told."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
)

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table; no row of before says anything of it."""
    op.create_table(
        "key_warnings",
        Column("fingerprint_key", LargeBinary, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
        Column("stage", Text, nullable=False),
        Column("told_at", BigInteger, nullable=False),
        CheckConstraint(
            "length(fingerprint_key) = 32", name="ck_key_warnings_fingerprint_key_length"
        ),
        CheckConstraint(
            "stage IN ('60 days', '30 days', '7 days', 'ended')", name="ck_key_warnings_stage"
        ),
        PrimaryKeyConstraint("fingerprint_key", "ends_at", "stage", name="pk_key_warnings"),
    )
