"""Say in the log that letters wait to be encrypted for longer than they should."""

import logging
from collections.abc import Callable
from typing import Final

from gatekeeper.domain.instants import HOUR, MINUTE, Instant, later, spoken
from gatekeeper.store import deliveries
from gatekeeper.store.engine import Store

_LOG: Final = logging.getLogger("gatekeeper.outbound")

WAITS_LONG: Final = 10 * MINUTE
"""Longer than any mail waits while the service runs and gpg and the database work."""

AGAIN: Final = HOUR
"""How long until the same is said once more."""


def since(store: Store, now: Instant) -> Instant | None:
    """Return since when the oldest letter waits to be encrypted, None if that is not long.

    It is always a fault of ours: a letter that one recipient's key holds up is blocked.
    """
    oldest = store.read(deliveries.oldest_pending)
    return oldest if oldest is not None and oldest < later(now, -WAITS_LONG) else None


class Overdue:
    """Watches the letters that wait; nobody can be told by mail, because that waits as well."""

    def __init__(self, *, store: Store, now: Callable[[], Instant]) -> None:
        """Take the database to look into, and the time."""
        self._store = store
        self._now = now
        self._quiet_until = Instant(0)

    def tick(self) -> int:
        """Say it, at most once in each AGAIN as long as it lasts; return 0, for no work was done.

        When nothing waits any more that is said too.
        """
        now = self._now()
        oldest = since(self._store, now)
        if oldest is None:
            if self._quiet_until:
                _LOG.warning("no letter waits long to be encrypted any more")
            self._quiet_until = Instant(0)
        elif now >= self._quiet_until:
            _LOG.error(
                "letters wait to be encrypted since %s, and nothing leaves: run `gatekeeper"
                ' doctor`, and see what "letter not sealed" says in this log; they are kept and'
                " tried again",
                spoken(oldest),
            )
            self._quiet_until = later(now, AGAIN)
        return 0
