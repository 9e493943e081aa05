"""Errors of the driver: told by kind with a remedy, without statement, values or driver's words."""

import sqlite3
import traceback
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from gatekeeper.domain.errors import OurFault
from gatekeeper.store import deliveries, letters, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import translate
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import issues, lists
from gatekeeper.store.tx import Tx
from tests.store import samples

CANARY = "canary-7f3a"


def said(fault: BaseException) -> str:
    """Return everything that a careless log could show of an error and its causes."""
    return "".join(traceback.format_exception(fault)) + repr(fault.__context__) + str(vars(fault))


def raises_state(tx: Tx, state: str) -> None:
    """Let the server itself report an error with this SQLSTATE and secret words."""
    tx.connection.execute(
        text(f"DO $$ BEGIN RAISE EXCEPTION '{CANARY}' USING ERRCODE = '{state}'; END $$")
    )


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("state", "public"),
    [
        ("53100", "disk is full"),
        ("53200", "no memory left"),
        ("53300", "no more connections"),
        ("58030", "cannot be read or written"),
        ("55P03", "locked"),
        ("25006", "read-only"),
        ("57P03", "cannot be reached"),
        ("08006", "cannot be reached"),
        ("28P01", "cannot be reached"),
        ("3D000", "cannot be reached"),
        ("42P01", "lacks our tables"),
        ("XX000", "refused a statement"),
        ("XX001", "damaged"),
        ("XX002", "damaged"),
        ("P0001", "refused a statement"),
    ],
)
def test_postgresql_errors_are_told_by_kind(state: str, public: str, store: Store) -> None:
    with pytest.raises(OurFault, match=public) as caught:
        store.write(lambda tx: raises_state(tx, state))
    assert caught.value.remedy
    assert f"SQLSTATE {state}" == caught.value.reason
    assert CANARY not in said(caught.value)


@pytest.mark.parametrize(
    ("public", "names"),
    [
        ("damaged", "CORRUPT CORRUPT_INDEX NOTADB IOERR_CORRUPTFS IOERR_DATA IOERR_SHORT_READ"),
        ("cannot be read or written; it is full", "IOERR IOERR_READ IOERR_WRITE IOERR_FSYNC"),
        ("cannot be read or written; it is full", "IOERR_DIR_FSYNC IOERR_TRUNCATE IOERR_FSTAT"),
        ("cannot be read or written; it is full", "IOERR_SHMOPEN IOERR_SHMSIZE IOERR_SHMMAP"),
        ("cannot be read or written; it is full", "IOERR_SHMLOCK IOERR_MMAP IOERR_CLOSE"),
        ("no memory left", "IOERR_NOMEM"),
        ("disk is full", "FULL"),
    ],
)
def test_only_what_says_so_of_a_file_calls_it_damaged(public: str, names: str) -> None:
    """A full disk or one that fails is mended as such: nobody is sent to a backup for it."""
    for name in names.split():
        driver = sqlite3.OperationalError(CANARY)
        driver.sqlite_errorname = f"SQLITE_{name}"
        fault = translate(DBAPIError(CANARY, {}, driver))
        assert public in fault.public, name
        assert ("backup" in fault.remedy) is (public == "damaged"), name
        assert CANARY not in said(fault)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_full_disk_is_told_and_nothing_stays(store: Store) -> None:
    def fill(tx: Tx) -> None:
        tx.connection.exec_driver_sql("PRAGMA max_page_count = 1").close()
        samples.message(tx, raw=CANARY.encode() * 100_000)

    with pytest.raises(OurFault, match="disk is full") as caught:
        store.write(fill)
    remedy = "free space on its volume and run the command again; a service goes on by itself"
    assert remedy == caught.value.remedy, "it fits whoever writes, and whoever only reads"
    assert CANARY not in said(caught.value)
    assert 451 == caught.value.reply.code


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_locked_database_is_told(store: Store, migrated_url: str) -> None:
    store.write(lambda tx: tx.connection.exec_driver_sql("PRAGMA busy_timeout = 0").close())
    other = sqlite3.connect(migrated_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OurFault, match="locked by another process"):
        store.write(samples.product)
    other.execute("ROLLBACK")
    other.close()
    store.write(samples.product)


def test_what_is_no_database_is_told(tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / "text.db"
    path.write_text("this is a text file, and long enough not to be taken for an empty one. " * 20)
    for attempt in (schema.upgrade, Store.open):
        with pytest.raises(OurFault, match="damaged"):
            attempt(f"sqlite:///{path}", codec)


def test_a_server_that_is_not_there_is_told(tmp_path: Path, codec: Codec) -> None:
    url = f"postgresql://user:hunter2@/name?host={tmp_path}"
    for attempt in (schema.upgrade, Store.open):
        with pytest.raises(OurFault, match="cannot be reached") as caught:
            attempt(url, codec)
        assert "hunter2" not in said(caught.value)


def test_an_empty_database_is_told(dialect: str, database_url: str, codec: Codec) -> None:
    if dialect == "sqlite":
        Path(database_url.removeprefix("sqlite:///")).touch()
    with pytest.raises(OurFault, match="lacks our tables") as caught:
        Store.open(database_url, codec)
    assert "gatekeeper db upgrade" in caught.value.remedy


def test_a_broken_constraint_shows_no_values(store: Store) -> None:
    """A key used twice, a state that is none, a reference into nothing."""

    def twice(tx: Tx) -> None:
        for number in (b"1", b"2"):
            values = {"id": number * 16, "key": CANARY, "created_at": 0}
            tx.connection.execute(insert(lists).values(values))

    def no_state(tx: Tx) -> None:
        opened = samples.issue(tx)
        tx.connection.execute(issues.update().values(state=CANARY).where(issues.c.id == opened.id))

    def nowhere(tx: Tx) -> None:
        letters.add(
            tx, samples.new_letter(samples.issue(tx).id, message_id=CANARY), now=samples.NOW
        )
        deliveries.add(
            tx,
            letter=samples.issue(tx).id,
            issue=None,
            recipient=samples.ALICE,
            name=CANARY,
            due_at=samples.NOW,
            now=samples.NOW,
        )

    for broken in (twice, no_state, nowhere):
        with pytest.raises(OurFault, match="refused a statement") as caught:
            store.write(broken)
        assert CANARY not in said(caught.value)
        assert caught.value.__context__ is None


def test_a_value_the_driver_cannot_send_is_not_shown(store: Store) -> None:
    def wrong_type(tx: Tx) -> None:
        tx.connection.execute(insert(lists).values(id=b"1" * 16, key=[CANARY], created_at="x"))

    with pytest.raises(OurFault) as caught:
        store.write(wrong_type)
    assert CANARY not in said(caught.value)


def test_errors_of_the_toolkit_itself_are_ours() -> None:
    fault = translate(InvalidRequestError(CANARY))
    assert "the database refused a statement" == fault.public
    assert CANARY not in said(fault)
