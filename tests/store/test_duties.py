"""A duty has one holder at a time, and whoever was replaced can write nothing under it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store import duties, messages
from gatekeeper.store.duties import Term
from gatekeeper.store.engine import Guarded, Store
from gatekeeper.store.faults import StaleLease
from gatekeeper.store.tx import Tx
from tests.store import samples

NOW = samples.NOW
LEASE = 30_000_000
ONE, TWO = RowId(b"one............."), RowId(b"two.............")
WAIT = 30


def take(store: Store, holder: RowId, now: Instant = NOW) -> Term | None:
    """Try to take the duty."""
    return store.write(
        lambda tx: duties.take(tx, name="clock", holder=holder, now=now, lease=LEASE)
    )


def test_one_has_it_until_its_lease_ends(store: Store) -> None:
    assert Term(name="clock", holder=ONE, number=1) == take(store, ONE)
    assert take(store, TWO) is None
    assert take(store, TWO, later(NOW, LEASE - 1)) is None
    assert Term(name="clock", holder=TWO, number=2) == take(store, TWO, later(NOW, LEASE))
    assert take(store, ONE, later(NOW, LEASE)) is None
    assert TWO == store.read(lambda tx: duties.holder(tx, "clock"))


def test_who_has_it_keeps_it_under_the_same_term(store: Store) -> None:
    """Also when the lease had ended and nobody else came: then nothing was done in between."""
    first = take(store, ONE)
    assert first == take(store, ONE, later(NOW, LEASE - 1))
    assert take(store, TWO, later(NOW, LEASE)) is None
    assert first == take(store, ONE, later(NOW, 9 * LEASE))


def test_given_up_it_is_free_at_once(store: Store) -> None:
    first = take(store, ONE)
    assert first is not None
    store.write(lambda tx: duties.release(tx, first))
    assert store.read(lambda tx: duties.holder(tx, "clock")) is None
    second = take(store, TWO)
    assert second is not None
    assert first.number < second.number
    store.write(lambda tx: duties.release(tx, first))
    assert TWO == store.read(lambda tx: duties.holder(tx, "clock")), "the last one's is no more"


def test_a_replaced_holder_writes_nothing(store: Store) -> None:
    """Neither what a successor did is undone, nor anything done twice."""
    first = take(store, ONE)
    assert first is not None
    guarded = Guarded(store, lambda tx: duties.require(tx, first))
    guarded.write(samples.product)
    second = take(store, TWO, later(NOW, LEASE))
    assert second is not None
    with pytest.raises(StaleLease):
        guarded.write(samples.message)
    with pytest.raises(StaleLease):
        store.write(lambda tx: duties.require(tx, first))
    store.write(lambda tx: duties.require(tx, second))
    third = take(store, ONE, later(NOW, 2 * LEASE))
    assert third is not None
    with pytest.raises(StaleLease):
        guarded.write(samples.message)
    assert 0 == sum(guarded.read(messages.counts).values())


def test_duties_are_apart(store: Store) -> None:
    assert take(store, ONE) is not None
    other = store.write(lambda tx: duties.take(tx, name="other", holder=TWO, now=NOW, lease=LEASE))
    assert Term(name="other", holder=TWO, number=1) == other


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_nobody_takes_over_in_the_middle_of_a_transaction(store: Store) -> None:
    """A holder that stands still inside one: others wait for nothing, and take it afterwards."""
    first = take(store, ONE)
    assert first is not None
    inside, on = threading.Event(), threading.Event()

    def stand_still(tx: Tx) -> None:
        duties.require(tx, first)
        inside.set()
        assert on.wait(WAIT)

    with ThreadPoolExecutor(max_workers=1) as pool:
        standing = pool.submit(store.write, stand_still)
        assert inside.wait(WAIT)
        assert take(store, TWO, later(NOW, LEASE)) is None
        on.set()
        standing.result(WAIT)
    assert take(store, TWO, later(NOW, LEASE)) is not None


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_who_stands_still_inside_a_transaction_loses_the_duty_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends the transaction, so nothing of it is written, and another takes over."""
    monkeypatch.setattr(duties, "STILL_SECONDS", 1)
    first = take(store, ONE)
    assert first is not None
    on = threading.Event()

    def stand_still(tx: Tx) -> None:
        duties.require(tx, first)
        samples.message(tx)
        assert on.wait(WAIT)
        samples.message(tx, raw=b"later")

    with ThreadPoolExecutor(max_workers=1) as pool:
        standing = pool.submit(store.write, stand_still)
        taken = None
        for _ in range(WAIT * 20):
            taken = take(store, TWO, later(NOW, LEASE))
            if taken is not None or on.wait(0.05):
                break
        on.set()
        assert taken is not None
        with pytest.raises(OurFault, match="stood still"):
            standing.result(WAIT)
    assert 0 == sum(store.read(messages.counts).values())
    assert store.write(samples.message), "the next transaction of that connection's pool is sound"


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_of_many_at_once_one_gets_it(store: Store) -> None:
    holders = [RowId(bytes([number] * 16)) for number in range(8)]
    with ThreadPoolExecutor(max_workers=len(holders)) as pool:
        for turn in range(5):
            now = later(NOW, turn * LEASE)
            found = list(pool.map(lambda holder, at=now: take(store, holder, at), holders))
            terms = [term for term in found if term is not None]
            assert 1 == len(terms)
