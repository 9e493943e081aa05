"""Why a database must be frozen: it is behind what a host or a process saw, or was unfrozen."""

from functools import partial

import pytest

from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store import audit, frozen, noted, setback, witness
from gatekeeper.store.engine import Store
from gatekeeper.store.setback import ACTOR, Cause
from gatekeeper.store.tx import Tx
from gatekeeper.store.witness import Witness
from tests.store import samples
from tests.store.copying import copied, restored
from tests.store.samples import NOW
from tests.store.test_heads import append, put_back, snapshot


def missed(store: Store, seen: Witness) -> list[Cause]:
    """Return why the database is behind a witness."""
    return store.read(lambda tx: list(setback.by_witness(tx, seen)))


def unfrozen(store: Store, *, after: int = 0) -> list[Cause]:
    """Return that a freeze was removed."""
    return store.read(lambda tx: list(setback.by_removal(tx, after=after)))


def thaw(tx: Tx, *, now: Instant) -> None:
    """Thaw it as people do, with an entry that says so."""
    frozen.thaw(tx)
    audit.append(tx, kind=frozen.THAWED, actor=ACTOR, now=now, payload={})


def test_behind_a_witness_is_a_cause_and_ahead_of_it_is_none(store: Store) -> None:
    store.write(append)
    kept = store.read(snapshot)
    seen = store.read(witness.seen)
    store.write(append)
    assert [] == missed(store, seen)
    ahead = store.read(witness.seen)
    store.write(lambda tx: put_back(tx, kept))
    (cause,) = missed(store, ahead)
    assert (ahead, 0) == (cause.witness, cause.skip)
    assert "entry 2 is missing" in cause.reason


def test_a_freeze_that_nobody_thawed_is_missed(store: Store) -> None:
    """Not one that stands, nor one that people thawed, nor one from before."""
    assert [] == unfrozen(store)
    store.write(partial(setback.stop, reason="it was set back.", now=NOW))
    frozen_at = store.read(audit.head).seq
    assert [] == unfrozen(store)
    store.write(frozen.thaw)
    assert NOW == store.read(frozen.removed)
    (cause,) = unfrozen(store)
    assert "was removed, and nobody had thawed it" in cause.reason
    assert [] == unfrozen(store, after=frozen_at)
    store.write(partial(thaw, now=later(NOW, 1)))
    assert [] == unfrozen(store)


def test_a_freeze_that_stands_nowhere_in_the_log_is_missed_too(store: Store) -> None:
    """It was too broken for an entry then, and was mended with the freeze's removal."""
    kept = store.read(snapshot)
    store.write(partial(setback.stop, reason="it was set back.", now=NOW))
    store.write(lambda tx: put_back(tx, kept))
    store.write(lambda tx: noted.remove(tx, frozen.NAME))
    assert NOW == store.read(frozen.removed)
    assert 1 == len(unfrozen(store, after=99))
    store.write(frozen.thaw)
    assert [] == unfrozen(store)


@pytest.mark.parametrize("more", [2, 30], ids=["shorter", "longer"])
@pytest.mark.parametrize("thawed", [False, True])
def test_a_copy_that_was_made_during_a_freeze_is_frozen_anew_for_what_came_since(
    thawed: bool, more: int, store: Store, other_store: Store
) -> None:
    """By a host's witness and by a running process, also where the log is shorter than before.

    Nor do signatures that are given to the copy, before anybody looks, help it.
    """
    old = store.read(copied)
    other_store.write(lambda tx: append(tx, 20))
    seen = other_store.read(witness.seen)
    assert [] == remembered(other_store)
    store.write(lambda tx: restored(tx, old))
    store.write(partial(stop_for, seen=seen))
    assert [] == missed(store, seen), "it is frozen for that"
    assert [] == remembered(other_store)
    first = store.read(frozen.of)
    frozen_copy = store.read(copied)
    last = store.write(lambda tx: append(tx, more))
    now_seen = store.read(witness.seen)
    assert [] == remembered(other_store)
    other_store.write(append)
    store.write(lambda tx: restored(tx, frozen_copy))
    if thawed:
        store.write(partial(thaw, now=later(NOW, 1)))
    (by_host,) = missed(store, now_seen)
    assert by_host.witness is not None
    assert last == by_host.witness.head
    assert 1 == len(remembered(other_store))
    store.write(partial(stop_for, seen=now_seen))
    found = store.read(frozen.of)
    assert found is not None
    assert first is not None
    assert first.nonce != found.nonce
    assert last in found.witnesses
    assert [] == missed(store, now_seen)


def remembered(store: Store) -> list[Cause]:
    """Return what a process misses."""
    return store.read(lambda tx: list(setback.by_memory(tx, store.memory)))


def stop_for(tx: Tx, *, seen: Witness) -> None:
    """Freeze it for what a witness saw."""
    for cause in setback.by_witness(tx, seen):
        setback.stop(tx, reason=cause.reason, now=NOW, witness=cause.witness)


def test_the_database_of_before_a_freeze_is_frozen_when_it_comes_back(store: Store) -> None:
    """Though it holds all that was lost: what was taken meanwhile is not in it."""
    old = store.read(copied)
    store.write(lambda tx: append(tx, 5))
    seen, right = store.read(witness.seen), store.read(copied)
    store.write(lambda tx: restored(tx, old))
    store.write(partial(stop_for, seen=seen))
    meanwhile = store.read(witness.seen)
    store.write(lambda tx: restored(tx, right))
    (cause,) = missed(store, meanwhile)
    assert "a newer state of it had been frozen" in cause.reason
    store.write(partial(stop_for, seen=meanwhile))
    assert [] == missed(store, meanwhile)
    assert 2 == store.read(witness.seen).era


def test_what_is_undone_is_not_remembered(store: Store) -> None:
    """Of a freeze that was not committed nothing is missed later."""
    store.write(append)
    assert [] == remembered(store)

    def undone(tx: Tx) -> None:
        setback.stop(tx, reason="it was set back.", now=NOW)
        assert [] == list(setback.by_memory(tx, store.memory))
        raise KeyError

    with pytest.raises(KeyError):
        store.write(undone)
    assert [] == remembered(store)
    assert 0 == store.memory.recall()[0]


def test_who_saw_more_freezes_it_before_anything_is_claimed(
    store: Store, other_store: Store
) -> None:
    """Numbers go on far above, since nobody knows how many are missing; once is enough."""
    store.write(samples.issue)
    kept = store.read(snapshot)
    store.write(append)
    compare = partial(setback.compare, memory=store.memory, now=NOW)
    other_store.write(compare)
    assert store.read(frozen.of) is None
    other_store.write(lambda tx: put_back(tx, kept))
    other_store.write(compare)
    found = store.read(frozen.of)
    assert found is not None
    assert "behind what a process of" in found.reason
    number = 1 + setback.SKIPPED
    assert (IssueId(prefix="SEC", year=2026, number=number),) == found.numbers
    other_store.write(compare)
    assert found == store.read(frozen.of)
