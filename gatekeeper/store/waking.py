"""Wake whoever has something to do: in this process after the commit, in others by NOTIFY.

It only saves the wait for the next look: what is to be done stands in the tables, and whoever
hears nothing finds it there.
"""

import logging
import os
import selectors
import threading
from collections.abc import Callable, Iterable
from typing import Final

import psycopg
from sqlalchemy import func, select

from gatekeeper.store import connect
from gatekeeper.store.tx import POSTGRESQL, Tx, Work

_LOG: Final = logging.getLogger("gatekeeper.store")

_GO: Final = "go"
"""All that a notification says: content would be readable for everybody on the server."""

RETRY_SECONDS: Final = 5
"""How long until a lost connection is tried again, after once at once."""


class Bell:
    """Calls those who wait for work; safe to use from any thread."""

    def __init__(self) -> None:
        """Begin with nobody who listens."""
        self._hearers: list[tuple[Work, Callable[[], None]]] = []

    def hear(self, work: Work, call: Callable[[], None]) -> None:
        """Have `call` called for this work; it must not block."""
        self._hearers.append((work, call))

    def ring(self, works: Iterable[Work]) -> None:
        """Call those who do this work; never raises, for what they are called for is committed."""
        wanted = frozenset(works)
        for work, call in self._hearers:
            if work in wanted:
                try:
                    call()
                except Exception as error:  # noqa: BLE001 - the next look finds the work
                    _LOG.error("nobody woken for %s: %s", work, type(error).__name__)


def notify(tx: Tx) -> None:
    """Have the commit of this transaction tell all processes what work it makes (NOTIFY)."""
    if tx.dialect == POSTGRESQL:
        for work in sorted(tx.wakes):
            tx.connection.execute(select(func.pg_notify(_channel(work), _GO)))


class Ears(threading.Thread):
    """Rings the bell when another process committed work; PostgreSQL alone.

    It holds a connection of its own. When that is lost it says so once, connects again, and rings
    for everything, because something may have been missed.
    """

    def __init__(self, url: str, bell: Bell) -> None:
        """Take a database URL and whom to call; nothing is connected yet."""
        super().__init__(name="listening to the database", daemon=True)
        place = connect.parse_url(url).set(drivername=POSTGRESQL)
        self._place = place.render_as_string(hide_password=False)
        self._bell = bell
        self._over = threading.Event()
        self._hears = threading.Event()
        self._ended, self._end = os.pipe()

    def run(self) -> None:
        """Listen until told to finish."""
        deaf = False
        while not self._over.is_set():
            try:
                with self._connected() as connection:
                    for work in Work:
                        connection.execute(f"LISTEN {_channel(work)}".encode())
                    if deaf:
                        _LOG.info("woken by the database again")
                    deaf = False
                    self._hears.set()
                    self._bell.ring(Work)
                    self._listen(connection)
            except psycopg.Error as error:
                self._hears.clear()
                if deaf:
                    self._over.wait(RETRY_SECONDS)
                    continue
                _LOG.warning(
                    "not woken by the database (%s): work is looked for every few seconds",
                    type(error).__name__,
                )
                deaf = True

    def until_it_hears(self, seconds: float) -> bool:
        """Wait, at most so long, until nothing that is committed can be missed; say if so."""
        return self._hears.wait(seconds)

    def finish(self) -> None:
        """Hear no more, and end."""
        if not self._over.is_set():
            self._over.set()
            os.write(self._end, b"\0")
            self.join()
            os.close(self._end)
            os.close(self._ended)

    def _connected(self) -> psycopg.Connection:
        # Kept alive: a server that vanished without a word is noticed while nothing is said.
        return psycopg.connect(
            self._place,
            autocommit=True,
            connect_timeout=10,
            application_name="gatekeeper",
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )

    def _listen(self, connection: psycopg.Connection) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while not self._over.is_set():
                selector.select()
                notes = connection.notifies(timeout=0)
                self._bell.ring({work for note in notes if (work := _WORK.get(note.channel))})


def _channel(work: Work) -> str:
    return f"gatekeeper_{work}"


_WORK: Final = {_channel(work): work for work in Work}
