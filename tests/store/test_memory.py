"""What a process remembers of the event log: told at once when it is gone, and never else."""

import pytest

from gatekeeper.store import eras, setback
from gatekeeper.store.chain import EMPTY, Head
from gatekeeper.store.engine import Guarded, Store
from gatekeeper.store.memory import Memory
from gatekeeper.store.setback import Cause
from gatekeeper.store.tx import Tx, savepoint
from tests.store.samples import NOW
from tests.store.test_heads import append, put_back, snapshot


def head(seq: int, digit: bytes = b"d") -> Head:
    """Return an entry."""
    return Head(seq=seq, digest=digit * 32)


def missed(store: Store) -> list[Cause]:
    """Return what this process misses."""
    return store.read(lambda tx: list(setback.by_memory(tx, store.memory)))


def test_what_it_committed_is_remembered_and_found_there(store: Store, other_store: Store) -> None:
    """Also with entries of others between, which it did not see."""
    store.write(append)
    other_store.write(lambda tx: append(tx, 2))
    last = store.write(append)
    assert [1, 4] == [one.seq for one in store.memory.recall()[1]]
    assert [] == missed(store)
    assert (0, (last,)) == store.memory.recall()
    Guarded(store, lambda _: None).write(append)
    assert 5 == store.memory.recall()[1][-1].seq


@pytest.mark.parametrize("more", [0, 1, 7])
def test_what_is_gone_is_missed_however_the_log_went_on(
    more: int, store: Store, other_store: Store
) -> None:
    """By another process, and by this one, which must not forget what it had seen."""
    kept = store.read(snapshot)
    last = store.write(lambda tx: append(tx, 3))
    other_store.write(lambda tx: put_back(tx, kept))
    if more:
        other_store.write(lambda tx: append(tx, more))
        store.write(lambda tx: append(tx, more))
    (cause,) = missed(store)
    assert cause.witness is not None
    assert last == cause.witness.head
    assert setback.SKIPPED == cause.skip


def test_what_was_read_is_remembered_by_who_writes_nothing(
    store: Store, other_store: Store
) -> None:
    kept = store.read(snapshot)
    last = other_store.write(lambda tx: append(tx, 3))
    assert [] == missed(store)
    assert (0, (last,)) == store.memory.recall()
    other_store.write(lambda tx: put_back(tx, kept))
    assert 1 == len(missed(store))


def test_what_it_was_frozen_for_is_missed_no_more(store: Store, other_store: Store) -> None:
    kept = store.read(snapshot)
    store.write(lambda tx: append(tx, 3))
    other_store.write(lambda tx: put_back(tx, kept))
    assert 1 == len(missed(store))
    other_store.write(lambda tx: eras.begin(tx, since=NOW, gone=3))
    last = other_store.write(append)
    assert [] == missed(store)
    assert (1, (last,)) == store.memory.recall()


def test_what_was_undone_was_never_there(store: Store, other_store: Store) -> None:
    """To a savepoint, or with the whole transaction."""
    assert other_store.memory.recall() == (0, ())

    def undone(tx: Tx) -> None:
        append(tx)
        with savepoint(tx) as undo:
            append(tx, 3)
            undo()

    store.write(undone)
    assert [1] == [one.seq for one in store.memory.recall()[1]]

    def failing(tx: Tx) -> None:
        append(tx, 3)
        raise KeyError

    with pytest.raises(KeyError):
        store.write(failing)
    assert [] == missed(store)


def test_an_empty_log_is_nothing_to_remember(store: Store) -> None:
    assert [] == missed(store)
    assert (0, ()) == store.memory.recall()


def test_a_thread_that_is_late_takes_nothing_back() -> None:
    memory = Memory()
    memory.appended(EMPTY, head(1))
    memory.appended(head(2), head(3))
    memory.appended(head(1), head(2))
    assert (head(2), head(3)) == memory.recall()[1]


def test_what_is_told_between_a_comparison_and_its_end_stays() -> None:
    memory = Memory()
    memory.appended(EMPTY, head(1))
    _, compared = memory.recall()
    memory.appended(head(1), head(4))
    memory.confirm(compared, era=2, newest=head(1))
    assert (2, (head(1), head(4))) == memory.recall()
