"""What tables are built of: ids, references, and the checks that say what a column may hold."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, LargeBinary, MetaData

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def own_id(name: str = "id") -> Column[bytes]:
    """Return the primary key of a table whose rows have ids of our own."""
    return Column(name, LargeBinary, primary_key=True)


def to(target: str) -> Column[bytes]:
    """Return the column that refers to a row of `target`, named for one of them."""
    return Column(_one_of(target), LargeBinary, ForeignKey(f"{target}.id"), nullable=False)


def part_of(target: str) -> Column[bytes]:
    """Return such a column that belongs to the primary key."""
    return Column(_one_of(target), LargeBinary, ForeignKey(f"{target}.id"), primary_key=True)


def maybe(target: str) -> Column[bytes | None]:
    """Return such a column that may be empty."""
    return Column(_one_of(target), LargeBinary, ForeignKey(f"{target}.id"), nullable=True)


def _one_of(target: str) -> str:
    return f"{target[:-3]}y" if target.endswith("ies") else target.removesuffix("s")


def among(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """Return the check that a column holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def exactly(column: str, length: int) -> CheckConstraint:
    """Return the check that a column holds `length` bytes."""
    return CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")


def short(column: str, longest: int) -> CheckConstraint:
    """Return the check that a column holds 1 to `longest` characters."""
    return CheckConstraint(f"length({column}) BETWEEN 1 AND {longest}", name=f"{column}_length")
