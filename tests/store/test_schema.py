"""From empty to head on both databases, exactly the tables of the code, and no other version."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.engine import Inspector

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.store import connect, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState, SchemaStatus
from gatekeeper.store.seal import Codec, MasterKey
from gatekeeper.store.tables import metadata

ROOT = Path(__file__).parents[2]
HEAD = "0005"
NEXT = "0006"


def test_from_empty_to_head(database_url: str, codec: Codec) -> None:
    expected = SchemaStatus(current=HEAD, head=HEAD, state=SchemaState.CURRENT)
    empty = SchemaStatus(current=None, head=HEAD, state=SchemaState.EMPTY)
    assert empty == schema.status(database_url)
    assert expected == schema.upgrade(database_url, codec)
    assert expected == schema.status(database_url)
    schema.require_current(database_url, codec)
    Store.open(database_url, codec).close()


def test_status_creates_no_file(tmp_path: Path) -> None:
    schema.status(f"sqlite:///{tmp_path / 'x.db'}")
    assert [] == list(tmp_path.iterdir())


def test_upgrading_again_changes_nothing(migrated_url: str, codec: Codec) -> None:
    before = contents(migrated_url)
    schema.upgrade(migrated_url, codec)
    assert before == contents(migrated_url)


def contents(url: str) -> dict[str, list[Any]]:
    """Return all rows of all tables, the version's included."""
    engine = connect.read_engine(url)
    with engine.begin() as connection:
        found = {
            name: sorted(map(tuple, connection.execute(select(text("*")).select_from(text(name)))))
            for name in sorted(inspect(connection).get_table_names())
        }
    engine.dispose()
    return found


def test_autogenerate_finds_nothing_to_do(migrated_url: str) -> None:
    engine = connect.read_engine(migrated_url)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)
    engine.dispose()


def described(inspector: Inspector, table: str) -> dict[str, Any]:
    """Return what the database says of a table: columns, keys, checks, indexes with conditions."""
    columns = [
        (column["name"], str(column["type"]), column["nullable"], column.get("default"))
        for column in inspector.get_columns(table)
    ]
    return {
        "columns": columns,
        "primary key": inspector.get_pk_constraint(table),
        "checks": sorted(
            (str(check["name"]), check["sqltext"])
            for check in inspector.get_check_constraints(table)
        ),
        "uniques": sorted(
            (str(unique["name"]), unique["column_names"])
            for unique in inspector.get_unique_constraints(table)
        ),
        "foreign keys": sorted(
            (key["constrained_columns"], key["referred_table"], key["referred_columns"])
            for key in inspector.get_foreign_keys(table)
        ),
        "foreign key names": foreign_key_names(inspector, table),
        "indexes": sorted(
            (str(index["name"]), index["column_names"], conditions(index))
            for index in inspector.get_indexes(table)
        ),
    }


def foreign_key_names(inspector: Inspector, table: str) -> list[str]:
    """Return their names; the inspector overlooks those that SQLite keeps beside a column."""
    if inspector.dialect.name != "sqlite":
        return sorted(str(key["name"]) for key in inspector.get_foreign_keys(table))
    with inspector.engine.connect() as connection:
        made = text("SELECT sql FROM sqlite_master WHERE name = :name")
        return sorted(re.findall(r"CONSTRAINT (fk_\w+)", connection.scalar(made, {"name": table})))


def conditions(index: Any) -> list[str]:  # noqa: ANN401 - the inspector's own type
    """Return the conditions of a partial index."""
    return sorted(str(value) for value in index.get("dialect_options", {}).values())


def test_the_migrated_tables_are_those_of_the_code(migrated_url: str, database_url: str) -> None:
    """Compared by inspection, because autogenerate does not look at CHECK constraints."""
    if path := connect.sqlite_path(database_url):
        connect.create_file(path)
    migrated, made = connect.read_engine(migrated_url), connect.write_engine(database_url)
    metadata.create_all(made)
    names = sorted(metadata.tables)
    left, right = inspect(made), inspect(migrated)
    assert sorted([*names, "alembic_version"]) == sorted(right.get_table_names())
    assert {name: described(left, name) for name in names} == {
        name: described(right, name) for name in names
    }
    for name in ("messages", "deliveries"):
        assert described(left, name)["checks"]
        assert any(found for _, _, found in described(left, name)["indexes"])
    migrated.dispose()
    made.dispose()


def test_a_newer_database_is_refused_and_left_alone(migrated_url: str, codec: Codec) -> None:
    execute(migrated_url, "UPDATE alembic_version SET version_num = '9999'")
    before = contents(migrated_url)
    newer = SchemaStatus(current="9999", head=HEAD, state=SchemaState.NEWER)
    assert newer == schema.status(migrated_url)
    for attempt in (schema.upgrade, schema.require_current):
        with pytest.raises(Misconfigured, match="the database is newer than this program"):
            attempt(migrated_url, codec)
    assert before == contents(migrated_url)


def execute(url: str, statement: str) -> None:
    """Change the database behind the store's back."""
    engine = connect.write_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_another_master_key_is_refused_and_changes_nothing(migrated_url: str) -> None:
    before = contents(migrated_url)
    stranger = Codec(MasterKey.generate())
    for attempt in (schema.upgrade, schema.require_current, Store.open):
        with pytest.raises(Misconfigured, match="the master key is not the one of this database"):
            attempt(migrated_url, stranger)
    assert before == contents(migrated_url)


def test_an_empty_database_is_refused(database_url: str, codec: Codec) -> None:
    with pytest.raises(Misconfigured, match="no tables yet") as caught:
        schema.require_current(database_url, codec)
    assert "gatekeeper db upgrade" in caught.value.remedy


def next_migrations(folder: Path, body: str) -> Path:
    """Return a copy of the migrations with one more."""
    copied = Path(shutil.copytree(schema.MIGRATIONS, folder / "migrations"))
    (copied / "versions" / f"{NEXT}_next.py").write_text(
        "from alembic import op\n"
        f"revision = '{NEXT}'\n"
        f"down_revision = '{HEAD}'\n"
        f"def upgrade():\n    op.execute('CREATE TABLE extra (x INTEGER)')\n    {body}\n"
    )
    return copied


def test_an_older_database_is_brought_up(migrated_url: str, codec: Codec, tmp_path: Path) -> None:
    later = next_migrations(tmp_path, "pass")
    older = SchemaStatus(current=HEAD, head=NEXT, state=SchemaState.OLDER)
    assert older == schema.status(migrated_url, migrations=later)
    with pytest.raises(Misconfigured, match="older than this program"):
        schema.require_current(migrated_url, codec, migrations=later)
    after = schema.upgrade(migrated_url, codec, migrations=later)
    assert SchemaState.CURRENT is after.state
    assert "extra" in contents(migrated_url)


def test_a_migration_that_fails_leaves_nothing(
    migrated_url: str, codec: Codec, tmp_path: Path
) -> None:
    before = contents(migrated_url)
    broken = next_migrations(tmp_path, "op.execute('SELECT * FROM nowhere')")
    with pytest.raises(OurFault):
        schema.upgrade(migrated_url, codec, migrations=broken)
    assert before == contents(migrated_url)


def test_a_folder_without_migrations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    with pytest.raises(Misconfigured, match="there are no migrations"):
        schema.status(f"sqlite:///{tmp_path / 'x.db'}", migrations=tmp_path)


UPGRADING = """
import sys
from gatekeeper.store import schema
from gatekeeper.store.seal import Codec, MasterKey
print(schema.upgrade(sys.argv[1], Codec(MasterKey.of(bytes(range(32))))).state)
"""


def test_two_processes_that_upgrade_at_once_both_succeed(database_url: str, codec: Codec) -> None:
    command = [sys.executable, "-c", UPGRADING, database_url]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert ["current\n", "current\n"] == [process.communicate()[0] for process in processes]
    schema.require_current(database_url, codec)
