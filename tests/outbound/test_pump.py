"""Every connection works on by itself: what hangs, fails or waits holds no other."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gatekeeper.domain.delivery import Outcome
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import MINUTE, Instant, later
from gatekeeper.domain.policy import MIB, OutboxPolicy
from gatekeeper.domain.protection import CLEAR_REPLY_MINT, ClearReply
from gatekeeper.outbound.job import Job
from gatekeeper.outbound.outbox import AHEAD_BYTES
from gatekeeper.outbound.pump import CLEAR_AHEAD, Pump
from gatekeeper.outbound.relay import Relay
from tests.outbound.test_relay import CONTENT, LONG, SHORT, job
from tests.pumping import NOW, WAIT, Stock
from tests.sinks import Faults, UnreliableRelay, running_sink, unreliable_relay

GONE = OurFault("the database cannot be reached")


def jobs(count: int, *, first: int = 0) -> list[Job]:
    """Return jobs with numbers from `first` on."""
    return [job(number) for number in range(first, first + count)]


def urgent(number: int) -> Job:
    """Return a job that goes before all others."""
    return replace(job(number), urgent=True)


def clear(number: int) -> Job:
    """Return a job with free text in clear."""
    return replace(job(number), what=ClearReply(CONTENT, mint=CLEAR_REPLY_MINT))


@asynccontextmanager
async def pumping(
    stock: Stock,
    port: int,
    *,
    wait: int = LONG,
    connections: int = 1,
    clear_port: int | None = None,
    policy: OutboxPolicy | None = None,
    now: Instant = NOW,
) -> AsyncIterator[Pump]:
    """Run a pump as long as the context lasts, then end it as a service does."""
    relay = Relay(
        host="127.0.0.1",
        port=port,
        wait=wait,
        connections=connections,
        name="example.org",
        clear_port=clear_port,
    )
    pump = Pump(outbox=stock, relay=relay, policy=policy or OutboxPolicy(), now=lambda: now)
    stop = asyncio.Event()
    running = asyncio.create_task(pump.run(stop))
    try:
        yield pump
    finally:
        stop.set()
        await running


def run(
    stock: Stock, made: Sequence[Job], port: int, *, wait: int = LONG, connections: int = 1
) -> None:
    """Send jobs, and return when all have ended."""
    stock.add(made)

    async def work() -> None:
        async with pumping(stock, port, wait=wait, connections=connections):
            await asyncio.to_thread(stock.wait, len(made))

    asyncio.run(work())


def test_a_slow_recipient_holds_no_other_connection(peer: UnreliableRelay) -> None:
    """While one hangs until its deadline, the other connection delivers all the rest."""
    peer.faults = Faults(slow=frozenset({"r0@member.example"}))
    stock = Stock()
    run(stock, jobs(200), peer.port, wait=2_000_000, connections=2)
    expected = dict.fromkeys(range(200), Outcome.DELIVERED)
    expected[0] = Outcome.NOT_NOW
    assert expected == stock.outcomes()
    assert 0 == list(stock.of)[-1]


def test_more_is_claimed_while_one_hangs(peer: UnreliableRelay) -> None:
    """What is due only now does not wait for what was begun before."""
    peer.faults = Faults(slow=frozenset({"r0@member.example"}))
    stock = Stock()
    stock.add(jobs(1))

    async def work() -> None:
        async with pumping(stock, peer.port, connections=2, wait=2_000_000) as pump:
            await asyncio.to_thread(peer.wait_for_command, "RCPT")
            stock.add(jobs(5, first=1))
            pump.wake()
            await asyncio.to_thread(stock.wait, 5)
            assert 0 not in stock.of

    asyncio.run(work())


def test_what_could_begin_too_late_for_its_lease_goes_back(peer: UnreliableRelay) -> None:
    """A relay that hangs costs each connection one attempt; the rest is not counted as tried."""
    peer.faults = Faults(hang="MAIL")
    stock = Stock()
    run(stock, jobs(10), peer.port, wait=SHORT)
    assert {0: Outcome.NOT_NOW} == stock.outcomes()
    assert list(range(1, 10)) == sorted(stock.released)


def test_the_next_job_waits_for_the_mark(peer: UnreliableRelay) -> None:
    """While one outcome is being recorded, its connection sends nothing."""
    stock, seen_at_mark = Stock(), list[int]()
    stock.noted = lambda: seen_at_mark.append(len(peer.seen))
    run(stock, jobs(5), peer.port)
    assert [1, 2, 3, 4, 5] == seen_at_mark


def test_marks_that_wait_are_committed_together(
    peer: UnreliableRelay, caplog: pytest.LogCaptureFixture
) -> None:
    """While the first one is being committed, the other connections' outcomes gather."""
    stock, answered = Stock(), threading.Semaphore(0)

    def hold() -> None:
        if not stock.groups:
            assert all(answered.acquire(timeout=WAIT) for _ in range(4))

    def note(record: logging.LogRecord) -> bool:
        if record.msg.startswith("delivery attempted"):
            answered.release()
        return True

    stock.noted = hold
    log = logging.getLogger("gatekeeper.outbound")
    log.addFilter(note)
    with caplog.at_level(logging.DEBUG, log.name):
        run(stock, jobs(4), peer.port, connections=4)
    log.removeFilter(note)
    assert 4 == sum(stock.groups)
    assert 2 >= len(stock.groups)
    assert 4 == peer.connections


def test_the_end_finishes_and_records_what_was_begun_and_lets_go_of_the_rest() -> None:
    """Also when the relay answers only then."""
    stock = Stock()
    stock.add(jobs(3))

    async def work(port: int) -> None:
        async with pumping(stock, port):
            await asyncio.to_thread(sink.inbox.wait, 1)
            asyncio.get_running_loop().call_later(0.05, sink.inbox.answer)

    with running_sink() as sink:
        sink.inbox.held = True
        asyncio.run(work(sink.port))
        assert 1 == len(sink.inbox.received)
    assert {0: Outcome.DELIVERED} == stock.outcomes()
    assert [1, 2] == stock.released


def test_cancelled_it_ends_in_the_same_way() -> None:
    stock = Stock()
    stock.add(jobs(2))

    async def work(port: int) -> None:
        relay = Relay(host="127.0.0.1", port=port, wait=LONG, connections=1, name="example.org")
        pump = Pump(outbox=stock, relay=relay, policy=OutboxPolicy(), now=lambda: NOW)
        running = asyncio.create_task(pump.run(asyncio.Event()))
        await asyncio.to_thread(sink.inbox.wait, 1)
        asyncio.get_running_loop().call_later(0.05, sink.inbox.answer)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with running_sink() as sink:
        sink.inbox.held = True
        asyncio.run(work(sink.port))
    assert {0: Outcome.DELIVERED} == stock.outcomes()
    assert [1] == stock.released


def test_at_the_end_an_outcome_that_cannot_be_recorded_does_not_hold_it_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said, for that copy goes out again: the one window of promise P-6."""
    stock = Stock()
    stock.add(jobs(1))

    async def work(port: int) -> None:
        async with pumping(stock, port):
            await asyncio.to_thread(sink.inbox.wait, 1)
            stock.away = GONE
            asyncio.get_running_loop().call_later(0.05, sink.inbox.answer)

    with running_sink() as sink:
        sink.inbox.held = True
        asyncio.run(work(sink.port))
    assert [0] == [int.from_bytes(done.id) for done, _ in stock.kept]
    assert "its copy goes out again" in caplog.text


def test_what_is_urgent_does_not_wait_behind_what_hangs(peer: UnreliableRelay) -> None:
    """All ordinary connections hang: it goes over one of its own."""
    peer.faults = Faults(slow=frozenset({"r0@member.example", "r1@member.example"}))
    stock = Stock()
    stock.add(jobs(2))

    async def work() -> None:
        async with pumping(stock, peer.port, connections=2, wait=2_000_000) as pump:
            await asyncio.to_thread(
                peer.wait_for, lambda: [*map(is_rcpt, peer.commands)].count(True) == 2
            )
            stock.add([urgent(7)])
            pump.wake()
            await asyncio.to_thread(stock.wait, 1)
            assert {7: Outcome.DELIVERED} == stock.outcomes()
            assert 3 == peer.connections

    asyncio.run(work())


def is_rcpt(command: str) -> bool:
    """Say whether a command names a recipient."""
    return command.startswith("RCPT")


def test_what_is_urgent_goes_first(peer: UnreliableRelay) -> None:
    """However many others lie on the shelf, and while a mark is being committed."""
    stock = Stock()
    stock.add(jobs(30))

    async def work() -> None:
        async with pumping(stock, peer.port) as pump:

            def press() -> None:
                if not stock.of:
                    stock.add([urgent(99)])
                    pump.wake()
                    peer.wait_for(lambda: len(peer.accepted) == 2)

            stock.noted = press
            await asyncio.to_thread(stock.wait, 31)

    asyncio.run(work())
    first = [each.recipient for each in peer.accepted[:2]]
    assert ["r0@member.example", "r99@member.example"] == first


def test_without_anything_urgent_its_connection_is_not_made(peer: UnreliableRelay) -> None:
    stock = Stock()
    run(stock, jobs(20), peer.port)
    assert 1 == peer.connections


def test_replies_in_clear_that_wait_for_their_port_hold_no_other(peer: UnreliableRelay) -> None:
    """What their one connection cannot take soon goes back, and is asked for later."""
    stock = Stock()
    count = CLEAR_AHEAD + 5
    stock.add([*(clear(number) for number in range(count)), *jobs(100, first=count)])

    async def work(port: int) -> None:
        async with pumping(stock, peer.port, clear_port=port, wait=2_000_000):
            await asyncio.to_thread(peer.wait_for, lambda: len(peer.accepted) == 100)
            assert not guarded.accepted

    with unreliable_relay() as guarded:
        guarded.faults = Faults(hang="RCPT")
        asyncio.run(work(guarded.port))
    assert {Outcome.DELIVERED} == {
        attempt.outcome for number, attempt in stock.of.items() if number >= count
    }


def test_what_is_claimed_ahead_is_bounded(peer: UnreliableRelay) -> None:
    """In number by the batch, in bytes by what lies ready and is on the wire."""
    stock = Stock()
    run(stock, jobs(300), peer.port, connections=2)
    assert {room.jobs for room in stock.rooms if not room.urgent} <= set(range(1, 65))
    large = Stock()
    content = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * (11 * MIB // 78)
    run(large, [job(number, content) for number in range(6)], peer.port, connections=2)
    rooms = [room for room in large.rooms if not room.urgent]
    assert AHEAD_BYTES == rooms[0].octets
    assert all(0 < room.octets <= AHEAD_BYTES for room in rooms)
    assert dict.fromkeys(range(6), Outcome.DELIVERED) == large.outcomes()


def test_a_pace_spreads_what_is_not_urgent() -> None:
    """By the clock that is handed in: as long as it stands still, one message has begun."""
    clock = [NOW]
    stock = Stock()
    stock.add(jobs(3))

    async def work(peer: UnreliableRelay) -> None:
        relay = Relay(
            host="127.0.0.1", port=peer.port, wait=LONG, connections=4, name="example.org"
        )
        policy = OutboxPolicy(per_minute=2)
        pump = Pump(outbox=stock, relay=relay, policy=policy, now=lambda: clock[0])
        stop = asyncio.Event()
        running = asyncio.create_task(pump.run(stop))
        await asyncio.to_thread(stock.wait, 1)
        stock.add([urgent(7)])
        pump.wake()
        await asyncio.to_thread(stock.wait, 2)
        assert {0, 7} == set(stock.of)
        clock[0] = later(NOW, MINUTE)
        stock.add([urgent(8)])
        pump.wake()
        await asyncio.to_thread(stock.wait, 4)
        assert {0, 1, 7, 8} == set(stock.of)
        stop.set()
        await running

    with unreliable_relay() as peer:
        asyncio.run(work(peer))
    assert {1} == {room.jobs for room in stock.rooms if not room.urgent}
