"""Wait at a sink for mail to certain people, whatever else arrives there meanwhile."""

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
