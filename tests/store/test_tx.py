"""Locks for one purpose and value, and parts of a transaction that can be undone alone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from gatekeeper.store.engine import Store
from gatekeeper.store.keys import new_id
from gatekeeper.store.tables import lists
from gatekeeper.store.tx import Tx, lock, savepoint
from tests.store.samples import NOW

WAIT = 30


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_lock_is_held_until_the_transaction_ends(store: Store) -> None:
    """Whoever asks for the same lock waits; another value or another purpose is another lock."""
    held, go_on = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        lock(tx, "thread", b"one")
        held.set()
        assert go_on.wait(WAIT)

    with ThreadPoolExecutor(max_workers=2) as pool:
        holder = pool.submit(store.write, hold)
        assert held.wait(WAIT)
        store.write(lambda tx: lock(tx, "thread", b"other"))
        store.write(lambda tx: lock(tx, "answers", b"one"))
        waiter = pool.submit(store.write, lambda tx: lock(tx, "thread", b"one"))
        with pytest.raises(TimeoutError):
            waiter.result(0.5)
        go_on.set()
        holder.result(WAIT)
        waiter.result(WAIT)


def test_a_lock_may_be_taken_again_in_its_transaction_and_after_it(store: Store) -> None:
    def twice(tx: Tx) -> str:
        lock(tx, "thread", b"one")
        lock(tx, "thread", b"one")
        return tx.dialect

    assert store.dialect == store.write(twice) == store.write(twice)


class Interrupted(Exception):
    """Something that goes wrong under the lock."""


def test_a_lock_ends_with_a_rollback(store: Store) -> None:
    def fail(tx: Tx) -> None:
        lock(tx, "thread", b"one")
        raise Interrupted

    with pytest.raises(Interrupted):
        store.write(fail)
    store.write(lambda tx: lock(tx, "thread", b"one"))


def keys_of(store: Store) -> list[str]:
    """Return the keys of all lists."""
    return store.read(lambda tx: list(tx.connection.scalars(select(lists.c.key))))


def write(tx: Tx, key: str) -> None:
    """Write a row."""
    tx.connection.execute(insert(lists).values(id=new_id(), key=key, created_at=NOW))


def test_a_part_is_undone_and_the_rest_stays(store: Store) -> None:
    def work(tx: Tx) -> None:
        write(tx, "before")
        with savepoint(tx) as undo:
            write(tx, "part")
            undo()
        write(tx, "after")

    store.write(work)
    assert {"before", "after"} == set(keys_of(store))


def test_a_part_that_is_not_undone_stays(store: Store) -> None:
    def work(tx: Tx) -> None:
        with savepoint(tx):
            write(tx, "part")

    store.write(work)
    assert ["part"] == keys_of(store)


def interrupted(tx: Tx, *, undone: bool) -> None:
    """Fail in a part, before or after it was undone."""
    with savepoint(tx) as undo:
        write(tx, "part")
        if undone:
            undo()
        raise Interrupted


def refused(tx: Tx) -> None:
    """Have the database refuse a statement in a part, which ends a transaction otherwise."""
    with savepoint(tx):
        write(tx, "part")
        write(tx, "before")


def test_a_part_that_fails_is_undone_and_the_transaction_goes_on(store: Store) -> None:
    def work(tx: Tx) -> None:
        write(tx, "before")
        for undone in (True, False):
            with pytest.raises(Interrupted):
                interrupted(tx, undone=undone)
        with pytest.raises(IntegrityError):
            refused(tx)
        write(tx, "after")

    store.write(work)
    assert {"before", "after"} == set(keys_of(store))
