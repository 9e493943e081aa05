"""From a database URL to SQLAlchemy engines: pragmas, session settings and file modes."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.failing import unusable
from gatekeeper.store.tx import POSTGRESQL, SQLITE

_BUSY_SECONDS: Final = 10
_WAL_TRIES: Final = 5
_POOL: Final = 10
_USED: Final = "used"
_WRITABLE: Final = "make its folder, owned by and writable for the user that runs gatekeeper"

RESTED: Final = 1.0
"""Seconds after which a connection is asked whether it lives before it is used again.

One that was lost sooner is noticed by the transaction that needs it: that fails, as it would if
the connection was lost a moment later.
"""


def parse_url(url: str) -> URL:
    """Return the URL of a SQLite file or a PostgreSQL database; Misconfigured for all others."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _not_a_url() from None
    if parsed.drivername == SQLITE and parsed.database not in {None, "", ":memory:"}:
        return parsed
    if parsed.drivername == POSTGRESQL and parsed.database:
        return parsed.set(drivername="postgresql+psycopg")
    raise _not_a_url()


def sqlite_path(url: str) -> Path | None:
    """Return the database file that a SQLite URL names; None for PostgreSQL."""
    parsed = parse_url(url)
    return Path(parsed.database or "") if parsed.drivername == SQLITE else None


def read_engine(url: str) -> Engine:
    """Return an engine whose transactions are consistent snapshots and cannot write."""
    parsed = parse_url(url)
    if parsed.drivername == SQLITE:
        return _sqlite(parsed, begin="BEGIN", pragmas=("query_only=ON",))
    return _postgresql(parsed).execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


def write_engine(url: str) -> Engine:
    """Return an engine whose transactions write: BEGIN IMMEDIATE, or READ COMMITTED."""
    parsed = parse_url(url)
    if parsed.drivername == SQLITE:
        return _sqlite(parsed, begin="BEGIN IMMEDIATE", pragmas=())
    return _postgresql(parsed).execution_options(isolation_level="READ COMMITTED")


def create_file(path: Path) -> None:
    """Make an empty database file with mode 0600 unless it exists; SQLite's -wal inherits it.

    A folder or file that cannot be written is Misconfigured, a full disk OurFault.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        require_writable(path)
        return
    except OSError as error:
        raise unusable(
            f"the database file {path} cannot be written", error, remedy=_WRITABLE
        ) from None
    try:
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def require_writable(path: Path) -> None:
    """Refuse, as Misconfigured, a database file or folder in which this user cannot write."""
    if not path.is_file():
        raise _not_writable(path, "there is no such file")
    for place, rights in ((path.parent, os.W_OK | os.X_OK), (path, os.R_OK | os.W_OK)):
        if not os.access(place, rights, effective_ids=True):
            raise _not_writable(path, f"{place} is not writable for this user")


def _sqlite(url: URL, *, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    settings = ("synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY")

    @event.listens_for(engine, "connect")
    def configure(raw: sqlite3.Connection, _record: object) -> None:
        # the driver must not begin by itself: it would begin late and without IMMEDIATE
        raw.isolation_level = None
        _enter_wal(raw)
        for pragma in (*settings, "trusted_schema=OFF", *pragmas):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _enter_wal(raw: sqlite3.Connection) -> None:
    """Set the journal's mode; where another process just writes a new file, after it.

    There, and only there, SQLite gives up at once instead of waiting as it does for all else.
    """
    for _ in range(_WAL_TRIES):
        try:
            raw.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
        else:
            return
        raw.execute("BEGIN IMMEDIATE").close()
        raw.execute("ROLLBACK").close()
    raw.execute("PRAGMA journal_mode=WAL").close()


def _postgresql(url: URL) -> Engine:
    options = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=120s"
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=_POOL,
        max_overflow=0,
        connect_args={
            "connect_timeout": 10,
            "application_name": "gatekeeper",
            "options": options,
        },
    )
    event.listen(engine, "connect", _insist_on_durability)
    event.listen(engine, "checkin", _note_use)

    @event.listens_for(engine, "checkout")
    def ask(raw: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get(_USED, time.monotonic()) < RESTED:
            return
        try:
            engine.dialect.do_ping(raw)
        except psycopg.Error as error:
            # The pool tries another one.
            raise DisconnectionError from error

    return engine


def _note_use(_raw: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = time.monotonic()


def _insist_on_durability(raw: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's
    """Turn `synchronous_commit=off` on; a server that waits for its replicas keeps doing so."""
    with raw.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
    raw.commit()


def _not_a_url() -> Misconfigured:
    return Misconfigured(
        "the database URL is not one we know",
        remedy="write sqlite:///path/to/file or postgresql://user@host/name",
    )


def _not_writable(path: Path, why: str) -> Misconfigured:
    return Misconfigured(
        f"the database file {path} cannot be written", reason=why, remedy=_WRITABLE
    )
