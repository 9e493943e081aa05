"""The pump over real rows and a relay that fails: what each delivery comes to, and what left."""

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, SECOND, later
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.outbound.relay import Relay
from gatekeeper.store import audit
from gatekeeper.store.engine import Store
from tests.outbound.test_outbox import START, World, data_packet
from tests.pumping import pump_dry
from tests.sinks import Faults, UnreliableRelay, refusing_port

S = DeliveryState


@pytest.fixture
def world(store: Store) -> World:
    return World(store=store, policy=OutboxPolicy(connections=3, batch=8))


def send(world: World, port: int, *, wait: int = 20 * SECOND) -> None:
    """Send until nothing is due."""

    async def work() -> None:
        relay = Relay(host="127.0.0.1", port=port, wait=wait, connections=3, name="example.org")
        await pump_dry(world.outbox, relay, world.policy, lambda: world.now)

    asyncio.run(work())


def states(world: World, made: list[RowId]) -> list[DeliveryState]:
    """Return where each delivery stands."""
    return [world.row(delivery).state for delivery in made]


def test_connections_lost_after_the_dot_leave_doubt(world: World, peer: UnreliableRelay) -> None:
    """Each goes once more at once, then by the schedule, always with the same bytes."""
    peer.faults = Faults(cut="dot")
    made = world.letter(1, shared=data_packet(b"x"), recipients=4)
    send(world, peer.port)
    assert [S.DEFERRED] * 4 == states(world, made)
    assert [(2, 2)] * 4 == [(world.row(one).attempts, world.row(one).doubts) for one in made]
    assert [later(START, 5 * MINUTE)] * 4 == [world.row(one).due_at for one in made]
    assert 8 == len(peer.seen)
    peer.faults = Faults()
    world.now = later(START, 5 * MINUTE)
    send(world, peer.port)
    assert [S.DELIVERED] * 4 == states(world, made)
    for delivery in made:
        recipient = str(world.row(delivery).recipient)
        assert 1 == len({each.wire for each in peer.seen if each.recipient == recipient})
    assert () == world.store.read(audit.verify)


def test_one_is_refused_one_is_put_off_and_one_hangs(world: World, peer: UnreliableRelay) -> None:
    """All others arrive in the same run."""
    made = world.letter(1, shared=data_packet(b"x"), recipients=12)
    names = [str(world.row(delivery).recipient) for delivery in made]
    peer.faults = Faults(
        replies={names[2]: "550 5.1.1 who", names[5]: "451 4.2.1 later"},
        slow=frozenset({names[7]}),
    )
    send(world, peer.port, wait=2 * SECOND)
    expected = [S.DELIVERED] * 12
    expected[2], expected[5], expected[7] = S.FAILED, S.DEFERRED, S.DEFERRED
    assert expected == states(world, made)
    assert 9 == len(peer.accepted)


def test_a_relay_that_dies_half_way_gets_the_rest_later(
    world: World, peer: UnreliableRelay
) -> None:
    made = world.letter(1, shared=data_packet(b"x"), recipients=10)
    peer.faults = Faults(die_after=4)
    send(world, peer.port)
    taken = {each.recipient for each in peer.accepted}
    assert 4 <= len(taken) <= 6
    peer.faults = replace(peer.faults, die_after=None)
    world.now = later(START, 5 * MINUTE)
    send(world, peer.port)
    assert [S.DELIVERED] * 10 == states(world, made)
    assert 10 == len({each.recipient for each in peer.accepted})


def test_a_relay_that_is_away_costs_no_mail(world: World) -> None:
    made = world.letter(1, shared=data_packet(b"x"), recipients=10)
    with refusing_port() as port:
        send(world, port)
    assert [S.DEFERRED] * 10 == states(world, made)
    assert {later(START, MINUTE)} == {world.row(delivery).due_at for delivery in made}
