"""Wait for mail to certain people, and for a service to have nothing left to do."""

import contextlib
import sqlite3
import time
from collections.abc import Collection

from tests.house import PEOPLE
from tests.running import WAIT, Site
from tests.sinks import Inbox, Received

TEAM = frozenset(address for _, address in PEOPLE)


def to_each(received: Collection[Received], addresses: Collection[str]) -> list[Received]:
    """Return what went to these addresses, in the order in which it arrived."""
    return [each for each in received if str(each.envelope.recipients[0]) in addresses]


def wait_for(inbox: Inbox, addresses: Collection[str], number: int) -> list[Received]:
    """Return what went to these addresses as soon as it is that many; fails after a while."""
    seen = number
    while True:
        received = inbox.wait(seen)
        found = to_each(received, addresses)
        if len(found) >= number:
            return found
        seen = len(received) + 1


def wait_until_delivered(site: Site) -> int:
    """Return how many deliveries there are as soon as all are delivered; fails after a while."""
    deadline = time.monotonic() + WAIT
    while True:
        states = [row["state"] for row in site.json("delivery", "list")]
        if states and set(states) == {"delivered"}:
            return len(states)
        assert time.monotonic() < deadline, states


def unsettled(site: Site) -> int:
    """Return how many messages and deliveries of a service on SQLite wait for something."""
    (path,) = (site.config / "state").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        (messages,) = database.execute(
            "SELECT count(*) FROM messages WHERE state NOT IN ('handled', 'quarantined')"
        ).fetchone()
        (deliveries,) = database.execute(
            "SELECT count(*) FROM deliveries WHERE state NOT IN ('delivered', 'failed', 'blocked')"
        ).fetchone()
    return int(messages) + int(deliveries)
