"""While the database is away nothing more is begun, and once it is back all goes on."""

import asyncio
import logging
import threading
from collections.abc import Sequence

import pytest

from gatekeeper.domain.delivery import Outcome
from gatekeeper.domain.errors import OurFault
from gatekeeper.outbound.job import Job, Room
from gatekeeper.outbound.pump import Pump
from tests.outbound.test_pump import GONE, jobs, pumping
from tests.pumping import WAIT, Stock
from tests.sinks import UnreliableRelay


def test_while_a_mark_cannot_be_committed_nothing_more_is_begun(peer: UnreliableRelay) -> None:
    """And when it can, all goes on: each message has left once (promise P-6)."""
    stock = Stock()
    stock.add(jobs(20))

    async def work() -> None:
        async with pumping(stock, peer.port, connections=2) as pump:
            await asyncio.to_thread(peer.wait_for, lambda: len(peer.accepted) >= 2)
            stock.away = GONE
            await asyncio.to_thread(stock.until, lambda: bool(stock.kept))
            before = len(peer.seen)
            for _ in range(20):
                pump.wake()
                await asyncio.sleep(0)
            assert len(peer.seen) <= before + 1
            stock.away = None
            pump.wake()
            await asyncio.to_thread(stock.wait, 20)

    asyncio.run(work())
    assert dict.fromkeys(range(20), Outcome.DELIVERED) == stock.outcomes()
    assert 20 == len(peer.seen)


class LateNews(Stock):
    """Its database is lost after a claim, and who asks for it then hears so late."""

    def __init__(self) -> None:
        super().__init__()
        self.tried, self.over = threading.Event(), threading.Event()

    def claim(self, room: Room) -> Sequence[Job]:
        """Return jobs, and be away with the first that there are."""
        claimed = super().claim(room)
        self.away = GONE if claimed else self.away
        return claimed

    def settle(self) -> None:
        """Note what could not be noted before; that it cannot be is said late."""
        try:
            super().settle()
        except OurFault:
            self.tried.set()
            assert self.over.wait(WAIT)
            raise


def test_a_wake_in_the_middle_of_a_vain_try_is_not_lost(peer: UnreliableRelay) -> None:
    """The database came back while a try that had met its absence was not over yet."""
    stock = LateNews()
    stock.add(jobs(1))

    async def work() -> None:
        async with pumping(stock, peer.port) as pump:
            assert await asyncio.to_thread(stock.tried.wait, WAIT)
            stock.away = None
            pump.wake()
            await asyncio.sleep(0)
            stock.over.set()
            await asyncio.to_thread(stock.wait, 1)

    asyncio.run(work())
    assert {0: Outcome.DELIVERED} == stock.outcomes()


async def ask(pump: Pump, stock: Stock) -> None:
    """Wake the pump, and return as soon as it has asked for jobs."""
    before = stock.claims
    pump.wake()
    await asyncio.to_thread(stock.until, lambda: stock.claims > before)


def test_one_trouble_is_said_once(peer: UnreliableRelay, caplog: pytest.LogCaptureFixture) -> None:
    stock = Stock()
    stock.away = GONE
    stock.add(jobs(1))

    async def work() -> None:
        async with pumping(stock, peer.port) as pump:
            for _ in range(5):
                await ask(pump, stock)
            stock.away = None
            pump.wake()
            await asyncio.to_thread(stock.wait, 1)

    with caplog.at_level(logging.WARNING, "gatekeeper.outbound"):
        asyncio.run(work())
    assert ["relaying: nothing claimed: the database cannot be reached", "relaying goes on"] == [
        record.getMessage() for record in caplog.records
    ]
