"""Killed in the middle of 500: all arrive, and no more twice than there were connections."""

import subprocess
import sys
from collections import Counter

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.store import deliveries
from gatekeeper.store.engine import Store
from tests.outbound.pump_victim import CONNECTIONS
from tests.outbound.test_outbox import World, data_packet
from tests.sinks import UnreliableRelay

COUNT = 500
KILLED_AT = (120, 300)
WAIT = 120


def live(url: str, port: int, life: int) -> "subprocess.Popen[bytes]":
    """Start one life."""
    command = [sys.executable, "-m", "tests.outbound.pump_victim", url, str(port), str(life)]
    return subprocess.Popen(command)


def wait_for(peer: UnreliableRelay, count: int) -> None:
    """Return as soon as the relay has taken so many messages."""
    peer.wait_for(lambda: len(peer.accepted) >= count)


def test_kill_9_in_the_middle(migrated_url: str, store: Store, peer: UnreliableRelay) -> None:
    """Twice; and who got a message twice got the same bytes (promise P-6)."""
    world = World(store=store, policy=OutboxPolicy())
    world.letter(1, shared=data_packet(b"x" * 5000), recipients=COUNT)
    for life, accepted in enumerate(KILLED_AT):
        process = live(migrated_url, peer.port, life)
        wait_for(peer, accepted)
        process.kill()
        process.wait()
    assert len(peer.accepted) < COUNT
    assert 0 == live(migrated_url, peer.port, len(KILLED_AT)).wait(WAIT)
    times = Counter(each.recipient for each in peer.accepted)
    assert COUNT == len(times)
    assert len(peer.accepted) - COUNT <= len(KILLED_AT) * CONNECTIONS
    for recipient, number in times.items():
        wires = {each.wire for each in peer.accepted if each.recipient == recipient}
        assert 1 == len(wires), number
    counts = store.read(deliveries.counts)
    assert COUNT == counts[DeliveryState.DELIVERED] == sum(counts.values())
