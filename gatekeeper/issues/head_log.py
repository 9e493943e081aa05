"""The head of the event log in the service's log once a day, where the database cannot change it.

Logs are kept elsewhere, and by others: what they quote shows later that the log of the database
was cut off, set back or written anew.
"""

import logging
from collections.abc import Callable
from typing import Final

from gatekeeper.domain.instants import Instant, to_datetime
from gatekeeper.store import audit, heads, noted
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx, lock

_LOG: Final = logging.getLogger("gatekeeper.audit")
_NAME: Final = "head logged"


class HeadLog:
    """Logs the head once a UTC day for the whole installation, also after a time of rest."""

    def __init__(self, *, store: Store, now: Callable[[], Instant]) -> None:
        self._store = store
        self._now = now

    def tick(self) -> int:
        """Log the head if that was not done today, and return how many lines were written.

        The line is written before the day is noted: a crash between them repeats it, and loses
        none.
        """
        day = to_datetime(self._now()).date().isoformat()
        if self._store.read(_last_day) == day:
            return 0
        return self._store.write(lambda tx: _log(tx, day))


def _last_day(tx: Tx) -> str:
    return str(noted.get(tx, _NAME) or "")


def _log(tx: Tx, day: str) -> int:
    lock(tx, _NAME, b"")
    if _last_day(tx) == day:
        return 0
    head = audit.head(tx)
    _LOG.info("the event log ends with entry %s", heads.quoted(tx.codec, head, whole=True))
    noted.put(tx, _NAME, day)
    return 1
