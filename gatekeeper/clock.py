"""The time, handed down as `now()`, and the alarm clock that wakes the workers."""

import time
from collections.abc import Callable
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from gatekeeper.domain.instants import SECOND, Instant

_NANOSECONDS: Final = 1_000


def now() -> Instant:
    """Return the present instant by the system's clock."""
    return Instant(time.time_ns() // _NANOSECONDS)


class AlarmClock:
    """Calls functions again and again; it decides nothing, the tables do.

    APScheduler's job store is unused on purpose: what is due stands in our own rows, and a missed
    alarm loses nothing but time until the next one.
    """

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def every(self, interval: int, call: Callable[[], None]) -> None:
        """Call `call` on the event loop every `interval` microseconds; it must not block.

        A call that is late is made all the same: the next one may be an hour away.
        """
        self._scheduler.add_job(
            call,
            "interval",
            seconds=interval / SECOND,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Start; the event loop must be running."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop; no call begins after this. Nothing happens when it was not started."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
