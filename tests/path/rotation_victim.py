"""A process that starts with another key of the alias, and may be killed at any of its commits.

tests/path/test_kill_rotation.py starts it. It says how many writes it made once all is sent.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from gatekeeper.domain.instants import Instant
from gatekeeper.issues import rotation
from gatekeeper.store import deliveries, letters, messages
from gatekeeper.store.seal import Codec, MasterKey
from tests import keys
from tests.house import START, House, open_house
from tests.keys import Key, key_of
from tests.path.victim import STEP, KillingStore

BEFORE = 2
"""Writes of a life before the announcement: product and list; leases come to it on SQLite."""


def new_key() -> Key:
    """Return the key that the alias has from now on."""
    return key_of("Example security (new) <security@example.org>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What one life is to do; `kill_at` 0 is never, `relay` 0 sends nothing."""

    url: str
    homes: Path
    keys: Mapping[str, Key]
    relay: int
    life: int
    kill_at: int
    kill_before: bool


def announce(here: House) -> bool:
    """Do what the service does when it starts with the new key."""
    here.keyring.load_secret(new_key().secret)
    certificate = new_key().public
    here.desk = replace(here.desk, fingerprint=new_key().fingerprint, certificate=certificate)
    held = here.keyring.list(here.now)
    return here.store.write(lambda tx: rotation.announce(tx, here.desk, held=held, now=here.now))


def main(start: Start, together: Barrier, says: Connection) -> None:
    """Run one life of the process; say whether it announced, and how many writes it made."""
    tempfile.tempdir = str(start.homes)
    keys.keep(start.keys)
    KillingStore.kill_at = start.kill_at
    KillingStore.kill_before = start.kill_before
    store = KillingStore.open(start.url, Codec(MasterKey.of(bytes(range(32)))))
    with open_house(store) as here:
        here.now = Instant(START + start.life * STEP)
        if store.dialect == "sqlite":
            for part in (messages, letters, deliveries):
                store.write(part.release_leases)
        together.wait()
        announced = announce(here)
        here.settle()
        if start.relay:
            here.send("127.0.0.1", start.relay)
    says.send((announced, KillingStore.writes))
