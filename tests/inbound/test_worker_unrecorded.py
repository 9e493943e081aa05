"""What could not be recorded is recorded once the database can again, before anything else."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest

from gatekeeper.domain.report import MessageState
from gatekeeper.inbound.worker import RETRY_AFTER, InboundWorker
from gatekeeper.store import messages
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.faults import Conflict
from gatekeeper.store.seal import Codec
from tests.house import House, open_house
from tests.issues.reports import plain

T = TypeVar("T")


class FullStore(Store):
    """A store that takes `room` writes more, and then none."""

    room = 0

    def write(self, fn: Callable[[Tx], T]) -> T:
        """Write while there is room."""
        if not self.room:
            raise Conflict("the disk is full")
        self.room -= 1
        return super().write(fn)


@pytest.fixture
def store(migrated_url: str, codec: Codec) -> Iterator[FullStore]:
    opened = FullStore.open(migrated_url, codec)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def house(store: FullStore) -> Iterator[House]:
    store.room = 99
    with open_house(store) as opened:
        opened.receive(plain())
        yield opened


def stuck(house: House, store: FullStore) -> InboundWorker:
    """Return a worker that could claim a message, and neither handle it nor put it back."""
    worker = house.inbound
    store.room = 1
    assert 1 == worker.tick()
    return worker


def test_a_message_rests_no_longer_for_a_database_that_was_full(
    house: House, store: FullStore
) -> None:
    """It is put back at once when there is room, long before its lease ends."""
    worker = stuck(house, store)
    with pytest.raises(Conflict):
        worker.tick()
    store.room = 99
    house.pass_time(RETRY_AFTER[0] - 1)
    assert 0 == worker.tick()
    house.pass_time(1)
    assert 1 == worker.tick()
    assert 1 == house.store.read(messages.counts)[MessageState.HANDLED]


def test_what_another_took_up_meanwhile_is_left_to_it(house: House, store: FullStore) -> None:
    """The lease has ended: the old holder's word changes nothing, and it goes on with its work."""
    worker = stuck(house, store)
    store.room = 99
    house.pass_time(worker.reader.limits.gpg_wait * 100)
    assert 1 == replace(house, store=house.store).inbound.tick()
    assert 1 == house.store.read(messages.counts)[MessageState.HANDLED]
    house.receive(plain(subject="another"))
    assert 1 == worker.tick()
    assert 2 == house.store.read(messages.counts)[MessageState.HANDLED]
