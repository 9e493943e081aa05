"""The schema's version: upgrade by Alembic, and refusal to run on any other version."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.domain.errors import Misconfigured
from gatekeeper.store import audit, connect, meta
from gatekeeper.store.faults import translate
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import POSTGRESQL, Tx

T = TypeVar("T")

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_SHIPPED: Final = _PACKAGE / "shipped" / "migrations"

MIGRATIONS: Final = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent / "migrations"
"""Where this program's migrations are: inside the wheel, or beside the package in its tree."""

_UPGRADE_LOCK: Final = 0x6761746B65657072
"""PostgreSQL's advisory lock under which one process at a time upgrades."""


class SchemaState(StrEnum):
    """How the database's schema compares with this program's."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """The database's revision (None: no tables yet), the program's, and how they compare."""

    current: str | None
    head: str
    state: SchemaState


def upgrade(url: str, codec: Codec, *, migrations: Path = MIGRATIONS) -> SchemaStatus:
    """Bring the database from empty or any older version to this program's, in one transaction.

    A new SQLite file gets mode 0600. Misconfigured, with nothing changed, when the database is
    newer, belongs to another master key or its folder cannot be written.
    """
    if path := connect.sqlite_path(url):
        connect.create_file(path)
    return _with(connect.write_engine(url), lambda tx: _upgrade(tx, migrations), codec)


def status(url: str, *, migrations: Path = MIGRATIONS) -> SchemaStatus:
    """Return how the database stands, without changing or creating anything."""
    head = _head(migrations)
    if (path := connect.sqlite_path(url)) and not path.exists():
        return SchemaStatus(current=None, head=head, state=SchemaState.EMPTY)
    engine = connect.read_engine(url)
    return _connected(engine, lambda connection: _status(connection, migrations))


def require_current(url: str, codec: Codec, *, migrations: Path = MIGRATIONS) -> None:
    """Refuse, as Misconfigured, a database this program must not work on.

    One that is empty, older, newer, or bound to another master key.
    """
    found = status(url, migrations=migrations)
    if found.state is SchemaState.NEWER:
        raise _newer(found)
    if found.state is not SchemaState.CURRENT:
        raise Misconfigured(
            "the database has no tables yet"
            if found.state is SchemaState.EMPTY
            else "the database is older than this program",
            remedy="run `gatekeeper db upgrade`",
        )
    _with(connect.read_engine(url), meta.require_key, codec)


def _upgrade(tx: Tx, migrations: Path) -> SchemaStatus:
    if tx.dialect == POSTGRESQL:
        tx.connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
    before = _status(tx.connection, migrations)
    if before.state is SchemaState.NEWER:
        raise _newer(before)
    if before.state is not SchemaState.EMPTY:
        meta.require_key(tx)
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = tx.connection
    command.upgrade(config, "head")
    meta.initialise(tx, chain_head=audit.encode(audit.EMPTY))
    return _status(tx.connection, migrations)


def _status(connection: Connection, migrations: Path) -> SchemaStatus:
    script = ScriptDirectory(str(migrations))
    head = _head(migrations)
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        state = SchemaState.EMPTY
    elif current == head:
        state = SchemaState.CURRENT
    else:
        known = {revision.revision for revision in script.walk_revisions()}
        state = SchemaState.OLDER if current in known else SchemaState.NEWER
    return SchemaStatus(current=current, head=head, state=state)


def _head(migrations: Path) -> str:
    head = ScriptDirectory(str(migrations)).get_current_head()
    if head is None:
        raise Misconfigured(
            f"there are no migrations in {migrations}", remedy="install the program again"
        )
    return head


def _newer(found: SchemaStatus) -> Misconfigured:
    return Misconfigured(
        "the database is newer than this program",
        reason=f"it has revision {found.current}, this program {found.head}",
        remedy="run the newer program, or restore a backup made by this one",
    )


def _with(engine: Engine, fn: Callable[[Tx], T], codec: Codec) -> T:
    def run(connection: Connection) -> T:
        return fn(Tx(connection=connection, codec=codec, dialect=engine.dialect.name))

    return _connected(engine, run)


def _connected(engine: Engine, fn: Callable[[Connection], T]) -> T:
    try:
        with engine.begin() as connection:
            return fn(connection)
    except SQLAlchemyError as error:
        fault = translate(error)
    finally:
        engine.dispose()
    raise fault
