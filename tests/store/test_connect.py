"""URLs, file modes and session settings."""

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatekeeper.domain.errors import Misconfigured
from gatekeeper.store import connect, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.store import samples

NOBODY = 65534


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://user:hunter2@host/name",
        "postgresql://",
        "postgresql://host",
        "postgresql+psycopg2://user:hunter2@host/name",
        "postgresql://user:hunter2@host:port/name",
    ],
)
def test_other_urls_are_refused_without_a_quote(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        connect.parse_url(url)
    assert "hunter2" not in caught.value.diagnostics()


def test_a_sqlite_url_names_its_file() -> None:
    assert Path("/var/lib/x.db") == connect.sqlite_path("sqlite:////var/lib/x.db")
    assert Path("x.db") == connect.sqlite_path("sqlite:///x.db")
    assert connect.sqlite_path("postgresql://user@host/name") is None


@pytest.fixture
def umask_of_zero() -> Iterator[None]:
    """The loosest umask there is."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.usefixtures("umask_of_zero")
def test_all_files_of_a_sqlite_database_are_for_its_user_alone(
    tmp_path: Path, codec: Codec
) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    schema.upgrade(url, codec)
    store = Store.open(url, codec)
    store.write(samples.product)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    store.close()
    assert {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600} == modes


def test_a_tight_umask_does_not_lock_us_out(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        connect.create_file(tmp_path / "x.db")
    finally:
        os.umask(before)
    assert 0o600 == stat.S_IMODE((tmp_path / "x.db").stat().st_mode)


@pytest.mark.parametrize("name", ["missing/x.db", "file/x.db"])
def test_a_database_cannot_be_made_without_a_folder(
    name: str, tmp_path: Path, codec: Codec
) -> None:
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Misconfigured) as caught:
        schema.upgrade(f"sqlite:///{tmp_path / name}", codec)
    said = caught.value.diagnostics()
    assert "cannot be written" in said
    assert "make its folder" in said
    assert before == sorted(tmp_path.rglob("*"))


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of root's that everyone may read, and the rights of a user who owns nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root can give up its rights")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    file = folder / "x.db"
    file.touch()
    file.chmod(0o644)
    os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(0)
        file.unlink()
        folder.rmdir()


@pytest.mark.parametrize("name", ["x.db", "new.db"])
def test_a_folder_of_another_user_is_one_clear_sentence(
    name: str, as_nobody: Path, codec: Codec
) -> None:
    for attempt in (schema.upgrade, Store.open):
        with pytest.raises(Misconfigured, match="cannot be written"):
            attempt(f"sqlite:///{as_nobody / name}", codec)
    assert [as_nobody / "x.db"] == list(as_nobody.iterdir())


def test_sqlite_is_durable_and_strict(tmp_path: Path, codec: Codec) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    schema.upgrade(url, codec)
    store = Store.open(url, codec)
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "trusted_schema")

    def settings(tx: Tx) -> list[object]:
        return [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert ["wal", 2, 1, 10_000, 0] == store.write(settings)
    assert ["wal", 2, 1, 10_000, 0] == store.read(settings)
    store.close()


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("configured", "expected"), [("off", "on"), ("local", "local"), ("on", "on")]
)
def test_postgresql_commits_are_flushed_whatever_its_default(
    configured: str, expected: str, migrated_url: str, codec: Codec
) -> None:
    store = Store.open(migrated_url, codec)
    name = store.read(
        lambda tx: tx.connection.exec_driver_sql("SELECT current_database()").scalar()
    )
    statement = f"ALTER DATABASE {name} SET synchronous_commit = {configured}"
    store.write(lambda tx: tx.connection.exec_driver_sql(statement).close())
    store.close()
    store = Store.open(migrated_url, codec)
    shown = store.write(
        lambda tx: tx.connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    )
    store.close()
    assert expected == shown


def test_a_new_file_that_another_process_writes_just_now_is_waited_for(
    tmp_path: Path, codec: Codec
) -> None:
    """Two that make one database at once both succeed; SQLite itself would not wait here."""
    path = tmp_path / "new.sqlite3"
    connect.create_file(path)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(max_workers=1) as pool:
        upgrade = pool.submit(schema.upgrade, f"sqlite:///{path}", codec)
        with pytest.raises(TimeoutError):
            upgrade.result(0.5)
        other.execute("ROLLBACK")
        assert SchemaState.CURRENT is upgrade.result(30).state
    other.close()
