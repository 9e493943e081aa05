"""The clock's work: one process does it, another takes over, and the first one cannot return."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.lead import CLOCK, LEASE, Lead, Turn
from gatekeeper.store import duties, messages
from gatekeeper.store.engine import Store
from tests.store import samples

ONE, TWO = RowId(b"one............."), RowId(b"two.............")
WAIT = 30


class Process:
    """One of the processes, with a piece of work: to write down a message of its own."""

    def __init__(self, store: Store, holder: RowId) -> None:
        self.now = samples.NOW
        self.taken = 0
        self.lead = Lead(store=store, holder=lambda: holder, now=self.clock, on_taken=self._taken)
        self.turn = Turn(self.lead, self._make)
        self._raw = holder
        self.before_writing: Callable[[], None] = lambda: None

    def clock(self) -> Instant:
        """Return this process's time."""
        return self.now

    def _taken(self) -> None:
        self.taken += 1

    def _make(self, store: Store) -> Callable[[], int]:
        def work() -> int:
            store.read(messages.counts)
            self.before_writing()
            store.write(lambda tx: samples.message(tx, raw=self._raw))
            return 1

        return work


def written(store: Store) -> int:
    """Return how many messages were written."""
    return sum(store.read(messages.counts).values())


def test_one_works_and_the_other_stands_by(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gatekeeper")
    one, two = Process(store, ONE), Process(store, TWO)
    for _ in range(2):
        for each in (one, two):
            each.lead.tick()
    assert [1, 0] == [one.turn.tick(), two.turn.tick()]
    assert [1, 0] == [one.taken, two.taken]
    assert 1 == written(store)
    expected = [
        "the clock's work is done here",
        "the clock's work is done by another process; this one stands by",
    ]
    assert expected == [record.getMessage() for record in caplog.records]


def test_given_up_the_other_takes_over_at_once(store: Store) -> None:
    one, two = Process(store, ONE), Process(store, TWO)
    one.lead.tick()
    one.lead.give_up()
    assert 0 == one.turn.tick()
    two.lead.tick()
    assert 1 == two.turn.tick()
    one.lead.give_up()
    assert TWO == store.read(lambda tx: duties.holder(tx, CLOCK))


def test_who_stood_still_in_the_middle_of_a_round_writes_nothing(store: Store) -> None:
    """Its lease ends while it stands still; what it was about to write is its successor's now."""
    one, two = Process(store, ONE), Process(store, TWO)
    one.lead.tick()
    still, on = threading.Event(), threading.Event()

    def stand_still() -> None:
        still.set()
        assert on.wait(WAIT)

    one.before_writing = stand_still
    with ThreadPoolExecutor(max_workers=1) as pool:
        round_ = pool.submit(one.turn.tick)
        assert still.wait(WAIT)
        two.now = later(samples.NOW, LEASE)
        two.lead.tick()
        assert 1 == two.turn.tick()
        on.set()
        assert 0 == round_.result(WAIT)
    assert 1 == written(store)
    assert one.lead.term is None
    one.now = two.now
    one.lead.tick()
    assert one.lead.term is None, "the other has it"


def test_a_round_counts_under_the_term_in_which_it_began(store: Store) -> None:
    """Even who has the duty again meanwhile writes nothing that rests on what it read before."""
    one, two = Process(store, ONE), Process(store, TWO)
    one.lead.tick()

    def lose_it_and_get_it_back() -> None:
        two.now = later(samples.NOW, LEASE)
        two.lead.tick()
        one.now = later(two.now, LEASE)
        one.lead.tick()
        assert one.lead.term is not None

    one.before_writing = lose_it_and_get_it_back
    assert 0 == one.turn.tick()
    assert 0 == written(store)
    assert one.lead.term is not None
    one.before_writing = lambda: None
    assert 1 == one.turn.tick()
