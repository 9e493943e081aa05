"""Locks for one purpose and value: two transactions follow each other, others pass."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx, lock

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
