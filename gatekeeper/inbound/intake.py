"""2. Make it durable: message and envelope in one commit, as many messages as are waiting.

`250` is given for what this stage has committed and for nothing else (design: mail engine, "In").
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import GatekeeperError, OurFault, Reply
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import MIB
from gatekeeper.domain.report import Envelope
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.store import messages
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import POSTGRESQL, SQLITE, Tx

_log = logging.getLogger("gatekeeper.inbound")

STORED: Final = Reply(code=250, enhanced="2.0.0", text="Stored")
NOT_NOW: Final = OurFault.reply

GROUP_MESSAGES: Final = 256
GROUP_BYTES: Final = 32 * MIB
"""A commit is closed to further messages at either: the first ones have waited long enough."""

WRITERS: Final = MappingProxyType({SQLITE: 1, POSTGRESQL: 2})
"""Groups that are stored at once: where the database has several writers, the next group is made
ready while one waits for the disk."""

MISSES: Final = 3
"""Messages that fail one by one, none having succeeded, before the store itself is given up on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Waiting:
    raw: bytes
    envelope: Envelope
    answer: "Future[Reply]" = field(default_factory=Future)


class Intake:
    """The receiver that stores; its threads take all waiting messages for each commit."""

    def __init__(
        self,
        *,
        store: Store,
        product: RowId,
        recipients: Recipients,
        now: Callable[[], Instant],
        on_stored: Callable[[], None],
    ) -> None:
        """Begin to wait for messages.

        `on_stored` is called on a thread of the intake's after a commit that added something, once
        its messages are answered; it should only wake whoever handles them.
        """
        self._store = store
        self._product = product
        self._recipients = recipients
        self._now = now
        self._on_stored = on_stored
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name="intake", daemon=True)
            for _ in range(WRITERS[store.dialect])
        ]
        for thread in self._threads:
            thread.start()

    def knows(self, recipient: Address) -> bool:
        """Say whether `recipient` is one of our own addresses, and its token, if any, one of ours.

        No row is looked up (see `Recipients`).
        """
        return self._recipients.knows(recipient)

    def accept(self, raw: bytes, envelope: Envelope) -> "Future[Reply]":
        """Return a future that is resolved with 250 after the commit, or with 451; never raises.

        It cannot be cancelled: once a message is here it is stored, whether or not the client
        still listens.
        """
        waiting = _Waiting(raw=raw, envelope=envelope)
        waiting.answer.set_running_or_notify_cancel()
        with self._lock:
            if not self._closed:
                self._queue.put(waiting)
                return waiting.answer
        waiting.answer.set_result(NOT_NOW)
        return waiting.answer

    def close(self) -> None:
        """Store and answer what was accepted before, then end; later messages get 451."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            if not group:
                continue
            added = self._store_group(group)
            if added:
                self._tell()

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """Return what waits, at least one unless it is over; True when nothing follows."""
        group: list[_Waiting] = []
        size = 0
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            size += len(waiting.raw)
            if len(group) >= GROUP_MESSAGES or size >= GROUP_BYTES:
                return group, False
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return group, False
        # the other threads wait for the end, too
        self._queue.put(None)
        return group, True

    def _store_group(self, group: Sequence[_Waiting]) -> int:
        """Store and answer a group; return how many messages it added, duplicates not counted.

        When the commit of many fails, each is tried alone, so that one message that cannot be
        stored keeps no other out.
        """
        added = self._commit(group)
        if added is None and len(group) > 1:
            added = self._store_singly(group)
        elif added is None:
            _resolve(group, NOT_NOW)
        return added or 0

    def _store_singly(self, group: Sequence[_Waiting]) -> int:
        added, misses = 0, 0
        stored_any = False
        for waiting in group:
            result = None if misses >= MISSES and not stored_any else self._commit([waiting])
            if result is None:
                misses += 1
                _resolve([waiting], NOT_NOW)
            else:
                stored_any = True
                added += result
        return added

    def _commit(self, group: Sequence[_Waiting]) -> int | None:
        """Store a group in one commit and answer 250; None, and nobody answered, if it failed."""

        def write(tx: Tx) -> int:
            items = [(one.raw, one.envelope) for one in group]
            results = messages.add_all(tx, product=self._product, items=items, now=now)
            return sum(not result.duplicate for result in results)

        try:
            now = self._now()
            added = self._store.write(write)
        except GatekeeperError as error:
            _log.error("%d messages not stored: %s", len(group), error.diagnostics())
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the clients must be answered
            _log.error("%d messages not stored: %s", len(group), type(error).__name__)
            return None
        _resolve(group, STORED)
        _log.info("stored %d messages, %d of them new", len(group), added)
        return added

    def _tell(self) -> None:
        try:
            self._on_stored()
        except Exception as error:  # noqa: BLE001 - only a wake-up: the poll finds the messages too
            _log.error("nobody woken for stored messages: %s", type(error).__name__)


def _resolve(group: Sequence[_Waiting], reply: Reply) -> None:
    for waiting in group:
        waiting.answer.set_result(reply)
