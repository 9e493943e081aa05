"""An empty database filled from a dump, brought up to date and frozen, in one transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.instants import Instant
from gatekeeper.store import audit, connect, meta, schema, sealing, setback
from gatekeeper.store.dump import Loader, damaged
from gatekeeper.store.faults import translate
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx


class Filling:
    """Takes blocks, then ends the work; nothing of it stands before the context ends."""

    def __init__(self, tx: Tx, migrations: Path) -> None:
        self._tx = tx
        self._migrations = migrations
        self._loader = Loader(tx.connection)

    def take(self, block: bytes) -> None:
        """Write one block of a dump; Refusal when it is none of this schema."""
        self._loader.take(block)

    def finish(self, rows: Mapping[str, int], *, reason: str, now: Instant) -> tuple[str, ...]:
        """Bring the tables up to date, freeze them, and return what does not hold in the log.

        `rows` is how many each table must have now: Refusal when it has not, and when what is
        sealed in them does not open. The master key must be theirs: Misconfigured.
        """
        found = {name: count for name, count in self._loader.rows.items() if count}
        if found != {name: count for name, count in rows.items() if count}:
            raise damaged("rows are missing in it, or too many")
        try:
            return self._brought_up(reason, now)
        except OurFault as fault:
            raise damaged(fault.public) from None

    def _brought_up(self, reason: str, now: Instant) -> tuple[str, ...]:
        meta.require_key(self._tx)
        connection = self._tx.connection
        _migrate(connection, self._migrations, "head")
        tx = replace(self._tx, codec=sealing.asked(connection, self._tx.codec))
        problems = audit.verify(tx)
        if problems:
            reason = f"{reason}; its event log does not hold: {problems[0]}"
        setback.stop(tx, reason=reason, now=now, skip=setback.SKIPPED)
        return problems


@contextmanager
def filling(
    url: str, codec: Codec, *, revision: str, migrations: Path = schema.MIGRATIONS
) -> Iterator[Filling]:
    """Lend what fills an empty database with rows of that schema's revision.

    It is committed when the context ends well; whatever is raised in it leaves the database as it
    was. Misconfigured when the database is not empty, or the revision is one of a newer program.
    """
    if schema.status(url, migrations=migrations).state is not SchemaState.EMPTY:
        raise Misconfigured(
            "the database is not empty",
            remedy="name an empty one with --database, or remove this one if you know what it is",
        )
    known = {each.revision for each in ScriptDirectory(str(migrations)).walk_revisions()}
    if revision not in known:
        raise Misconfigured(
            f"the backup has schema {revision}, which this program does not know",
            remedy="restore it with the program that made it, or a newer one",
        )
    if path := connect.sqlite_path(url):
        connect.create_file(path)
    with _transaction(url, codec) as tx:
        _migrate(tx.connection, migrations, revision)
        yield Filling(tx, migrations)


@contextmanager
def _transaction(url: str, codec: Codec) -> Iterator[Tx]:
    engine = connect.write_engine(url)
    try:
        with engine.begin() as connection:
            yield Tx(connection=connection, codec=codec, dialect=engine.dialect.name)
    except SQLAlchemyError as error:
        fault = translate(error)
    else:
        return
    finally:
        engine.dispose()
    raise fault


def _migrate(connection: Connection, migrations: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
