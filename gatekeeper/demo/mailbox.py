"""A small mailbox that stands for the world outside: it takes what the service sends."""

import asyncio
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Reply
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import Envelope
from gatekeeper.inbound.session import Listener

_TAKEN: Final = Reply(code=250, enhanced="2.0.0", text="Taken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message that arrived: for whom, and the file that holds its bytes."""

    recipient: str
    path: Path


class Mailbox:
    """Takes mail for everybody and keeps each message as a file under `folder/RECIPIENT/`.

    `told` is called for each message, on the mailbox's own thread.
    """

    def __init__(self, folder: Path, told: Callable[[Arrived], None]) -> None:
        self._folder = folder
        self._told = told
        self._numbers = itertools.count(1 + sum(1 for _ in folder.glob("*/*.eml")))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._listener = Listener(receiver=self, limits=IntakeLimits(), hostname="mailbox.example")

    def start(self, host: str, port: int) -> None:
        """Listen on `host` and `port` and run on a thread; OurFault when the port is taken."""
        self._loop.run_until_complete(self._listener.start(host=host, port=port))
        self._thread.start()

    def stop(self) -> None:
        """Take no more mail and end the thread."""
        asyncio.run_coroutine_threadsafe(self._listener.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def knows(self, recipient: Address) -> bool:
        """Take mail for anybody."""
        return bool(recipient.local)

    def accept(self, raw: bytes, envelope: Envelope) -> Future[Reply]:
        """Write one file for each recipient and tell of it."""
        for recipient in envelope.recipients:
            folder = self._folder / str(recipient)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / f"{next(self._numbers):04d}.eml"
            path.write_bytes(raw)
            self._told(Arrived(recipient=str(recipient), path=path))
        done: Future[Reply] = Future()
        done.set_result(_TAKEN)
        return done
