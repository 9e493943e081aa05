"""Transactions: whole or not at all, one writer on SQLite, closed for good, one service."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.store import connect, issues, messages, products, schema
from gatekeeper.store.engine import Store, hold_service_lock
from gatekeeper.store.products import ProductRow
from gatekeeper.store.seal import Codec, MasterKey
from gatekeeper.store.tables import issues as issues_table
from gatekeeper.store.tables import metadata
from gatekeeper.store.tables import products as products_table
from gatekeeper.store.tx import Tx
from tests.store import samples

ROOT = Path(__file__).parents[2]
WAIT = 30


def number_of_products(tx: Tx) -> int:
    """Count products."""
    return tx.connection.execute(select(func.count()).select_from(products_table)).scalar_one()


def add_product(tx: Tx, number: int) -> None:
    """Add one product."""
    products.ensure(tx, ProductRow(key=f"p{number}", issue_prefix=f"P{number}"), now=samples.NOW)


def test_a_write_is_seen_by_later_reads_and_other_processes(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    store.write(samples.product)
    beside = Store.open(migrated_url, codec)
    assert [1, 1] == [store.read(number_of_products), beside.read(number_of_products)]
    beside.close()


class Interrupted(Exception):
    """Something that goes wrong between two statements."""


def test_what_fn_raises_reaches_the_caller_and_leaves_nothing(store: Store) -> None:
    raised = Interrupted()

    def fail(tx: Tx) -> None:
        samples.sealed(tx)
        raise raised

    with pytest.raises(Interrupted) as caught:
        store.write(fail)
    assert raised is caught.value
    assert 0 == rows(store)
    store.write(samples.sealed)
    assert rows(store) > 0


def rows(store: Store) -> int:
    """Count the rows of all tables but the two that every database has from the start."""
    counted = [table for table in metadata.sorted_tables if table.name != "meta"]

    def count(tx: Tx) -> int:
        found = [
            tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in counted
        ]
        return sum(found)

    return store.read(count)


KILLED = """
import sys
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec, MasterKey
from tests.store import samples

def write(tx):
    samples.sealed(tx)
    print("in the middle", flush=True)
    sys.stdin.read()

Store.open(sys.argv[1], Codec(MasterKey.of(bytes(range(32))))).write(write)
"""


def test_a_process_killed_in_the_middle_leaves_nothing(store: Store, migrated_url: str) -> None:
    command = [sys.executable, "-c", KILLED, migrated_url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert b"in the middle\n" == process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT)
    assert 0 == rows(store)
    store.write(samples.sealed)
    assert rows(store) > 0


def test_a_read_is_one_snapshot(store: Store) -> None:
    with ThreadPoolExecutor(max_workers=1) as other:

        def look_twice(tx: Tx) -> tuple[int, int]:
            first = number_of_products(tx)
            other.submit(store.write, samples.product).result(WAIT)
            return first, number_of_products(tx)

        assert (0, 0) == store.read(look_twice)
    assert 1 == store.read(number_of_products)


def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(OurFault, match="read-only"):
        store.read(samples.product)
    assert 0 == store.read(number_of_products)


def inside(inner: Callable[[Callable[[Tx], int]], int], _tx: Tx) -> int:
    """Start a transaction inside one."""
    return inner(number_of_products)


def test_transactions_do_not_nest(store: Store) -> None:
    for outer in (store.read, store.write):
        for inner in (store.read, store.write):
            with pytest.raises(RuntimeError, match="must not start another"):
                outer(partial(inside, inner))
    assert 0 == store.read(number_of_products)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_all_writes_of_a_process_go_through_one_thread(store: Store) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        futures = [pool.submit(store.write, lambda _tx: threading.get_ident()) for _ in range(40)]
        idents = {future.result(WAIT) for future in futures}
    assert 1 == len(idents)
    assert threading.get_ident() not in idents


def test_two_processes_write_beside_each_other(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    beside = Store.open(migrated_url, codec)
    with ThreadPoolExecutor(max_workers=4) as pool:
        futures = [
            pool.submit((store, beside)[number % 2].write, lambda tx, n=number: add_product(tx, n))
            for number in range(40)
        ]
        for future in futures:
            future.result(WAIT)
    assert 40 == beside.read(number_of_products)
    beside.close()


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    for attempt in (store.read, store.write):
        with pytest.raises(OurFault, match="the database is closed"):
            attempt(number_of_products)


def test_close_waits_for_the_write_that_was_begun(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> None:
        samples.product(tx)
        begun.set()
        assert go_on.wait(WAIT)

    with ThreadPoolExecutor(max_workers=2) as pool:
        writing = pool.submit(store.write, slowly)
        assert begun.wait(WAIT)
        closing = pool.submit(store.close)
        go_on.set()
        assert writing.result(WAIT) is None
        closing.result(WAIT)
    reopened = Store.open(migrated_url, codec)
    assert 1 == reopened.read(number_of_products)
    reopened.close()


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_serialization_failure_is_run_again(store: Store) -> None:
    attempts: list[int] = []

    def twice_unlucky(tx: Tx) -> int:
        attempts.append(number_of_products(tx))
        samples.product(tx)
        if len(attempts) < 3:
            tx.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))
        return number_of_products(tx)

    assert 1 == store.write(twice_unlucky)
    assert [0, 0, 0] == attempts


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_repeating_ends(store: Store) -> None:
    attempts: list[int] = []

    def always_unlucky(tx: Tx) -> None:
        attempts.append(1)
        tx.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))

    with pytest.raises(OurFault, match="locked"):
        store.write(always_unlucky)
    assert 6 == len(attempts)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_two_writers_in_a_deadlock_both_succeed(store: Store) -> None:
    first, second = store.write(lambda tx: (samples.issue(tx), samples.issue(tx)))
    holding = (threading.Event(), threading.Event())

    def touch_both(tx: Tx, *, mine: int) -> None:
        order = (first, second) if mine == 0 else (second, first)
        for row in order:
            statement = update(issues_table).where(issues_table.c.id == row.id)
            tx.connection.execute(statement.values(version=issues_table.c.version + 1))
            holding[mine].set()
            assert holding[1 - mine].wait(WAIT)

    with ThreadPoolExecutor(max_workers=2) as pool:
        futures: list[Future[None]] = [
            pool.submit(store.write, lambda tx, m=mine: touch_both(tx, mine=m)) for mine in (0, 1)
        ]
        for future in futures:
            assert future.result(WAIT) is None
    assert [3, 3] == [row.version for row in store.read(issues.list_all)]


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_lost_connection_is_our_fault_and_the_next_write_works(store: Store) -> None:
    def die(tx: Tx) -> None:
        samples.product(tx)
        tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(OurFault, match="cannot be reached"):
        store.write(die)
    assert 0 == store.read(number_of_products)
    store.write(samples.product)
    assert 1 == store.read(number_of_products)


def lose(store: Store) -> None:
    """End every other connection to the database, as the server's restart does."""

    def ended(tx: Tx) -> None:
        tx.connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )

    store.read(ended)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_connection_that_rested_is_asked_before_it_is_used(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(samples.product)
    monkeypatch.setattr(connect, "RESTED", 0.0)
    lose(store)
    store.write(samples.issue)
    assert 1 == len(store.read(issues.list_all))


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_one_that_was_just_used_fails_as_if_it_was_lost_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with the driver's words, and once: the next write has another connection."""
    store.write(samples.product)
    monkeypatch.setattr(connect, "RESTED", 1000.0)
    lose(store)
    with pytest.raises(OurFault, match="cannot be reached"):
        store.write(samples.issue)
    store.write(samples.issue)
    assert 1 == len(store.read(issues.list_all))


def test_another_master_key_is_refused_at_once(migrated_url: str) -> None:
    with pytest.raises(Misconfigured, match="the master key is not the one of this database"):
        Store.open(migrated_url, Codec(MasterKey.generate()))


def test_a_large_message_passes_through(store: Store) -> None:
    """25 MB go in and out as they were."""
    raw = os.urandom(25_000_000)
    made = store.write(lambda tx: samples.message(tx, raw=raw))
    assert raw == store.read(lambda tx: messages.load(tx, made)).raw


def test_a_second_service_is_kept_out(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    with hold_service_lock(database):
        with (
            pytest.raises(Misconfigured, match=rf"another gatekeeper serve .*pid {os.getpid()}\)"),
            hold_service_lock(database),
        ):
            pass
        assert 0o600 == (tmp_path / "x.db.lock").stat().st_mode & 0o777
    with hold_service_lock(database):
        pass


HOLDING = """
import sys
from pathlib import Path
from gatekeeper.store.engine import hold_service_lock
with hold_service_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    command = [sys.executable, "-c", HOLDING, str(database)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert b"held\n" == process.stdout.readline()
        with (
            pytest.raises(Misconfigured, match=rf"pid {process.pid}\)"),
            hold_service_lock(database),
        ):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT)
    with hold_service_lock(database):
        pass


def test_a_lock_file_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(Misconfigured, match=r"the lock file .* cannot be made"),
        hold_service_lock(tmp_path / "missing" / "x.db"),
    ):
        pass


def test_a_file_that_was_removed_takes_nothing_more(tmp_path: Path, codec: Codec) -> None:
    """A `250` for a row in a file that has no name any more would be a loss."""
    url = f"sqlite:///{tmp_path / 'gatekeeper.sqlite3'}"
    schema.upgrade(url, codec)
    opened = Store.open(url, codec)
    try:
        (tmp_path / "gatekeeper.sqlite3").unlink()
        with pytest.raises(OurFault, match="removed or replaced"):
            opened.write(lambda _: None)
        schema.upgrade(url, codec)
        with pytest.raises(OurFault, match="removed or replaced"):
            opened.write(lambda _: None)
    finally:
        opened.close()
