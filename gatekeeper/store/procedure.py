"""The tables of the process: decisions of an issue, its dates, who is away, what is in force.

Instants stay clear, for clocks compare them; words, also those of a fixed vocabulary, are sealed:
that an issue is critical, exploited or told to a coordinator is nobody's business.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from gatekeeper.store.columns import among, exactly, maybe, metadata, own_id, part_of, to

MERGED_INTO: Final = "merged into"
SPLIT_FROM: Final = "split from"

GOVERNED: Final = ("team", "policy", "templates", "addresses")
"""What is in force only once people have approved it (design 05)."""

DATE_STATES: Final = ("proposed", "agreed", "ended")

_STANDS: Final = text("ended_at IS NULL")

issue_links: Final = Table(
    "issue_links",
    metadata,
    part_of("issues"),
    Column("kind", Text, primary_key=True),
    Column("other", LargeBinary, ForeignKey("issues.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    among("kind", (MERGED_INTO, SPLIT_FROM)),
    CheckConstraint("other <> issue", name="other"),
)
"""Into which issue one was merged, from which it was split off (R-8).

Not columns of `issues`, for a row there could else be read back before the one it refers to.
"""

Index(None, issue_links.c.other)

issue_facts: Final = Table(
    "issue_facts",
    metadata,
    part_of("issues"),
    Column("fact_key", LargeBinary, primary_key=True),
    Column("fact", LargeBinary, nullable=False),
    Column("by", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=True),
    Column("at", BigInteger, nullable=False),
    exactly("fact_key", 32),
)
"""What is known of an issue, each once, with its instant; the look-up is of issue and fact."""

dates: Final = Table(
    "dates",
    metadata,
    part_of("issues"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("instant", BigInteger, nullable=False),
    Column("predisclosure", BigInteger, nullable=True),
    Column("state", Text, nullable=False),
    Column("by", LargeBinary, nullable=False),
    Column("via", LargeBinary, nullable=True),
    Column("reason", LargeBinary, nullable=True),
    Column("at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=True),
    CheckConstraint("number >= 1", name="number"),
    among("state", DATE_STATES),
    CheckConstraint("state <> 'ended' OR ended_at IS NOT NULL", name="ended"),
)
"""Every change of an issue's disclosure date, counted from 1; `ended_at` is when the next came.

At most one stands: the last one, unless it says that the embargo has ended.
"""

Index(
    "uq_dates_stands",
    dates.c.issue,
    unique=True,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)

ceilings: Final = Table(
    "ceilings",
    metadata,
    own_id(),
    to("issues"),
    Column("holder_key", LargeBinary, nullable=False),
    Column("holder", LargeBinary, nullable=False),
    Column("kind", LargeBinary, nullable=False),
    Column("instant", BigInteger, nullable=False),
    Column("by", LargeBinary, nullable=False),
    Column("via", LargeBinary, nullable=True),
    Column("at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=True),
    exactly("id", 16),
    exactly("holder_key", 32),
)
"""Until when somebody who holds a date agreed to be silent; the look-up is of issue and holder."""

Index(None, ceilings.c.issue, ceilings.c.at)
Index(
    "uq_ceilings_stands",
    ceilings.c.issue,
    ceilings.c.holder_key,
    unique=True,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)

clocks: Final = Table(
    "clocks",
    metadata,
    part_of("issues"),
    Column("rule_key", LargeBinary, primary_key=True),
    Column("rule", LargeBinary, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    exactly("rule_key", 32),
)
"""When a clock of policy began to run for an issue (R-6); the look-up is of issue and rule."""

reminded: Final = Table(
    "reminded",
    metadata,
    Column("reminder_key", LargeBinary, primary_key=True),
    maybe("issues"),
    Column("at", BigInteger, nullable=False),
    exactly("reminder_key", 32),
)
"""What was reminded of, so that each is once; the look-up is of issue and reminder."""

Index(None, reminded.c.issue)

attendance: Final = Table(
    "attendance",
    metadata,
    Column("person_key", LargeBinary, primary_key=True),
    Column("person", LargeBinary, nullable=False),
    Column("away_until", BigInteger, nullable=True),
    Column("suspended_at", BigInteger, nullable=True),
    Column("updated_at", BigInteger, nullable=False),
    exactly("person_key", 32),
)
"""Who of the team is away until when, or suspended; who is not listed is neither."""

paper_codes: Final = Table(
    "paper_codes",
    metadata,
    Column("person_key", LargeBinary, primary_key=True),
    Column("code_key", LargeBinary, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=True),
    exactly("person_key", 32),
    exactly("code_key", 32),
)
"""Codes that people have on paper, each good once; the look-up is of person and code."""

applied: Final = Table(
    "applied",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    maybe("requests"),
    Column("at", BigInteger, nullable=False),
    among("kind", GOVERNED),
)
"""Which governed files are in force; `request` approved them, NULL for those of the first start."""

SEALED: Final = (
    issue_facts.c.fact,
    issue_facts.c.by,
    issue_facts.c.value,
    dates.c.by,
    dates.c.via,
    dates.c.reason,
    ceilings.c.holder,
    ceilings.c.kind,
    ceilings.c.by,
    ceilings.c.via,
    clocks.c.rule,
    attendance.c.person,
    applied.c.digest,
    applied.c.content,
)

LOOKUPS: Final = (
    issue_facts.c.fact_key,
    ceilings.c.holder_key,
    clocks.c.rule_key,
    reminded.c.reminder_key,
    attendance.c.person_key,
    paper_codes.c.person_key,
    paper_codes.c.code_key,
)
