"""A process that carries mail along the path and may be killed at any of its commits.

tests/path/lives.py starts it. It says on which port a report can be sent, and how many writes it
made when nothing is left to do; where mail waits already, it does not wait for more.
"""

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import MessageState
from gatekeeper.domain.team import Person, Team
from gatekeeper.inbound.intake import Intake
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.inbound.session import Listener
from gatekeeper.issues.reminding import Reminding
from gatekeeper.store import deliveries, letters, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec, MasterKey
from gatekeeper.store.tx import Tx
from tests import keys
from tests.house import START, open_house

T = TypeVar("T")

STEP = 600_000_000
"""Microseconds by which each start is later than the one before: every lease has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one life is to do; `homes` is where its gpg homes lie, `kill_at` 0 is never.

    It waits until `mails` were stored in all · `now` is when it lives, else STEP after the life
    before · `team` are the people of the response team, else the house's · `reminds` says that
    people are reminded, too.
    """

    url: str
    relay: int
    life: int
    kill_at: int
    kill_before: bool
    homes: Path
    keys: Mapping[str, keys.Key]
    mails: int = 1
    now: Instant | None = None
    team: tuple[Person, ...] = ()
    reminds: bool = False


class KillingStore(Store):
    """A store that ends the process, as kill -9 does, before or after its n-th write."""

    kill_at = 0
    kill_before = False
    writes = 0
    _count = threading.Lock()

    def write(self, fn: Callable[[Tx], T]) -> T:
        """Write, unless this is the write to die at."""
        with self._count:
            type(self).writes += 1
            here = self.writes == self.kill_at

        def dying(tx: Tx) -> T:
            value = fn(tx)
            if here and self.kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return value

        value = super().write(dying)
        if here:
            os.kill(os.getpid(), signal.SIGKILL)
        return value


def main(task: Task, says: Connection) -> None:
    """Run one life of the process."""
    tempfile.tempdir = str(task.homes)
    keys.keep(task.keys)
    KillingStore.kill_at = task.kill_at
    KillingStore.kill_before = task.kill_before
    codec = Codec(MasterKey.of(bytes(range(32))))
    store = KillingStore.open(task.url, codec)
    with open_house(store, team=Team(people=task.team) if task.team else None) as here:
        here.now = task.now or Instant(START + task.life * STEP)
        if store.dialect == "sqlite" or task.now is not None:
            for part in (messages, letters, deliveries):
                store.write(part.release_leases)
        arrived = threading.Event()
        intake = Intake(
            store=store,
            product=here.desk.product,
            recipients=Recipients(own=here.desk.own, token_key=here.desk.token_key),
            now=here.clock,
            on_stored=arrived.set,
        )
        loop = asyncio.new_event_loop()
        listener = Listener(receiver=intake, limits=IntakeLimits(), hostname="gatekeeper.example")
        _, port = loop.run_until_complete(listener.start(host="127.0.0.1", port=0))
        threading.Thread(target=loop.run_forever, daemon=True).start()
        says.send(port)
        if _stored(store) < task.mails:
            arrived.wait()
        here.settle()
        if task.reminds:
            Reminding(store=store, desk=here.desk, now=here.clock).tick()
            here.settle()
        here.send("127.0.0.1", task.relay, clear_port=task.relay)
    says.send(KillingStore.writes)


def _stored(store: Store) -> int:
    counts = store.read(messages.counts)
    return sum(counts[state] for state in MessageState)
