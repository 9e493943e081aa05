"""A loop works when it is woken, outlives all trouble, and says each trouble once."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gatekeeper import loops
from gatekeeper.domain.errors import OurFault
from gatekeeper.loops import Loop

WAIT = 30.0
LOST = OurFault("the database cannot be reached", remedy="start it")


class Work:
    """Rounds that go as they are told to; waits for them without sleeping."""

    def __init__(self, *rounds: int | Exception) -> None:
        self._rounds = list(rounds)
        self.done = 0
        self._told = threading.Condition()

    def __call__(self) -> int:
        """Do the next round; nothing is left to do after the last."""
        with self._told:
            self.done += 1
            self._told.notify_all()
            result = self._rounds.pop(0) if self._rounds else 0
        if isinstance(result, Exception):
            raise result
        return result

    def wait(self, number: int) -> None:
        """Wait until that many rounds were begun."""
        with self._told:
            assert self._told.wait_for(lambda: self.done >= number, WAIT)


@contextmanager
def running(work: Callable[[], int], may: Callable[[], bool] = lambda: True) -> Iterator[Loop]:
    """Run a loop until the end of the context."""
    loop = Loop("sealing", work, may=may)
    loop.start()
    yield loop
    loop.stop()
    loop.join(WAIT)
    assert not loop.is_alive()


def test_it_works_until_nothing_is_left_and_then_waits_to_be_woken() -> None:
    work = Work(1, 1, 0, 1, 0)
    with running(work) as loop:
        work.wait(3)
        loop.wake()
        work.wait(5)
    assert 5 == work.done


def test_each_trouble_is_said_once_and_once_that_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The database is gone for some rounds, then something unknown happens, then all is well."""
    caplog.set_level(logging.INFO, "gatekeeper")
    work = Work(LOST, LOST, LOST, ValueError("secret"), LOST, 0, 0)
    loop = Loop("sealing", work)
    for _ in range(7):
        assert 0 == loop.round()
    gone = "sealing: the database cannot be reached: start it"
    expected = [gone, "sealing: unexpected ValueError", gone, "sealing: goes on"]
    assert expected == [record.getMessage() for record in caplog.records]


def test_trouble_waits_for_the_next_call_and_does_not_run_hot() -> None:
    work = Work(LOST, LOST)
    with running(work) as loop:
        work.wait(1)
        loop.wake()
        work.wait(2)
    assert 2 == work.done


def test_no_round_begins_while_it_may_not() -> None:
    work = Work(1, 1)
    allowed = [False]
    loop = Loop("sealing", work, may=lambda: allowed[0])
    assert 0 == loop.round()
    allowed[0] = True
    assert 1 == loop.round()
    assert 1 == work.done


def test_it_is_alive_while_it_waits_and_not_once_it_ended() -> None:
    work = Work()
    with running(work) as loop:
        work.wait(1)
        assert loop.alive()
    assert not loop.alive()


def test_a_round_that_does_not_end_is_no_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """What watches the process is told so, and starts it anew."""
    monkeypatch.setattr(loops, "STUCK_SECONDS", 0.0)
    inside, on = threading.Event(), threading.Event()

    def stuck() -> int:
        inside.set()
        on.wait(WAIT)
        return 0

    with running(stuck) as loop:
        assert inside.wait(WAIT)
        assert not loop.alive()
        on.set()
