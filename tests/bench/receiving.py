"""Stages 1 and 2 alone, as a process: `… -m tests.bench.receiving URL PORT CERT WHO PROTOCOL`.

CERT may be empty, WHO empty or "strangers", PROTOCOL is smtp or lmtp.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import dev
from gatekeeper.domain.address import OwnAddresses
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.certificate import Certificate
from gatekeeper.inbound.clients import LOOPBACK, Clients
from gatekeeper.inbound.dialogue import Protocol
from gatekeeper.inbound.intake import Intake
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.inbound.session import Listener
from gatekeeper.store import products
from gatekeeper.store.engine import Store
from gatekeeper.store.products import ProductRow
from tests.bench import traffic
from tests.bench.ground import CODEC
from tests.house import ALIAS


def now() -> Instant:
    """Return the time."""
    return Instant(time.time_ns() // 1000)


async def serve(
    intake: Intake, port: int, certificate: Certificate | None, clients: Clients, protocol: Protocol
) -> None:
    """Listen until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    listener = Listener(
        receiver=intake,
        limits=IntakeLimits(),
        hostname=ALIAS.domain,
        protocol=protocol,
        certificate=certificate,
        clients=clients,
    )
    await listener.start(host="127.0.0.1", port=port)
    await stop.wait()
    await listener.stop()


def main(url: str, port: int, path: str, strangers: str, protocol: str) -> None:
    """Store what comes in on a port, and hand nothing on.

    `path` is a certificate with its key; with `strangers` this machine is limited as any client.
    """
    certificate = Certificate(certificate=Path(path), key=Path(path)) if path else None
    clients = Clients(limits=IntakeLimits(), trusted=() if strangers else LOOPBACK)
    store = Store.open(url, CODEC)
    row = ProductRow(key="default", issue_prefix="SEC")
    intake = Intake(
        store=store,
        product=store.write(lambda tx: products.ensure(tx, row, now=now())),
        recipients=Recipients(own=OwnAddresses(security=ALIAS), token_key=b"k" * 32),
        now=now,
        on_stored=lambda: None,
    )
    spoken: Protocol = "lmtp" if protocol == "lmtp" else "smtp"
    asyncio.run(serve(intake, port, certificate, clients, spoken))
    intake.close()
    store.close()


@contextmanager
def receiving(
    url: str,
    port: int,
    *,
    certificate: Path | None = None,
    strangers: bool = False,
    protocol: Protocol = "smtp",
    before: Callable[[], None] | None = None,
    log: IO[bytes] | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run it as a process that listens; it has to end well. `before` runs in the new process."""
    command = [sys.executable, "-m", "tests.bench.receiving", url, str(port)]
    command += [str(certificate or ""), "strangers" if strangers else "", protocol]
    process = subprocess.Popen(command, cwd=dev.ROOT, preexec_fn=before, stderr=log)  # noqa: PLW1509 - one thread
    try:
        traffic.wait_for(port, process)
        yield process
        process.terminate()
        assert 0 == process.wait(30)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
