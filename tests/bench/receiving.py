"""Stages 1 and 2 alone, as a process: `python -m tests.bench.receiving URL PORT`."""

import asyncio
import signal
import sys
import time

from gatekeeper.domain.address import OwnAddresses
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.intake import Intake
from gatekeeper.inbound.session import Listener
from gatekeeper.store import products
from gatekeeper.store.engine import Store
from gatekeeper.store.products import ProductRow
from tests.bench.ground import CODEC
from tests.house import ALIAS


def now() -> Instant:
    """Return the time."""
    return Instant(time.time_ns() // 1000)


async def serve(intake: Intake, port: int) -> None:
    """Listen until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    listener = Listener(receiver=intake, limits=IntakeLimits(), hostname=ALIAS.domain)
    await listener.start(host="127.0.0.1", port=port)
    await stop.wait()
    await listener.stop()


def main(url: str, port: int) -> None:
    """Store what comes in on a port, and hand nothing on."""
    store = Store.open(url, CODEC)
    row = ProductRow(key="default", issue_prefix="SEC")
    intake = Intake(
        store=store,
        product=store.write(lambda tx: products.ensure(tx, row, now=now())),
        own=OwnAddresses(security=ALIAS),
        token_key=b"k" * 32,
        now=now,
        on_stored=lambda: None,
    )
    asyncio.run(serve(intake, port))
    intake.close()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
