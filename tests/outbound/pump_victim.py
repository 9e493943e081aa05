"""A process that sends what is due over four connections, and may be killed at any moment.

tests/outbound/test_pump_killed.py starts it with the database's URL, the relay's port and the
number of its life; each life is later than every lease of the one before.
"""

import asyncio
import sys

from gatekeeper.domain.instants import HOUR, SECOND, later
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.outbound.relay import Relay
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec, MasterKey
from tests.outbound.test_outbox import START, World
from tests.pumping import pump_dry

CONNECTIONS = 4


async def send(world: World, port: int) -> None:
    """Send until nothing is due."""
    relay = Relay(
        host="127.0.0.1",
        port=port,
        wait=20 * SECOND,
        connections=CONNECTIONS,
        name="example.org",
    )
    await pump_dry(world.outbox, relay, world.policy, lambda: world.now)


def main() -> None:
    """Live one life."""
    url, port, life = sys.argv[1:]
    store = Store.open(url, Codec(MasterKey.of(bytes(range(32)))))
    world = World(store=store, policy=OutboxPolicy(), now=later(START, int(life) * HOUR))
    asyncio.run(send(world, int(port)))
    store.close()


if __name__ == "__main__":
    main()
