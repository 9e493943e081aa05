"""Mail servers for tests: a sink built on our own listener, and a relay that fails on demand.

Both run on a thread with an event loop of their own, so that tests of any kind can use them.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Reply
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import Envelope
from gatekeeper.inbound.certificate import Certificate
from gatekeeper.inbound.clients import Clients
from gatekeeper.inbound.dialogue import Protocol
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.inbound.session import Listener
from gatekeeper.inbound.space import Space

T = TypeVar("T")

TAKEN = Reply(code=250, enhanced="2.0.0", text="Taken")
WAIT = 30.0


class LoopThread:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="sink", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result."""
        return self.begin(work).result(WAIT)

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def close(self) -> None:
        """Stop the loop and the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(WAIT)
        self.loop.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message as a server got it."""

    raw: bytes
    envelope: Envelope


class Inbox:
    """A receiver that keeps what it is given; what it does next can be changed at any time.

    `known` says which recipients exist; `reply` is given to each message. With `held` set,
    messages are kept but not answered until `answer` is called.
    """

    def __init__(self, *, known: Callable[[Address], bool] = lambda _: True) -> None:
        self.known = known
        self.reply = TAKEN
        self.held = False
        self.received: list[Received] = []
        self._unanswered: list[Future[Reply]] = []
        self._arrived = threading.Condition()

    def knows(self, recipient: Address) -> bool:
        """Ask `known`."""
        return self.known(recipient)

    def accept(self, raw: bytes, envelope: Envelope) -> "Future[Reply]":
        """Keep the message and answer it."""
        future: Future[Reply] = Future()
        if self.held:
            self._unanswered.append(future)
        else:
            future.set_result(self.reply)
        with self._arrived:
            self.received.append(Received(raw=raw, envelope=envelope))
            self._arrived.notify_all()
        return future

    def answer(self, reply: Reply = TAKEN) -> None:
        """Answer every message held."""
        for future in self._unanswered:
            future.set_result(reply)
        self._unanswered.clear()

    def wait(self, number: int) -> list[Received]:
        """Return what arrived once that many messages have; fails when no more come for a while."""
        with self._arrived:
            while (before := len(self.received)) < number:
                assert self._arrived.wait_for(lambda: len(self.received) > before, WAIT), before
            return list(self.received)


@dataclass(slots=True, kw_only=True)
class Sink:
    """A running listener of ours and the inbox behind it; `path` is set for a socket file."""

    inbox: Inbox
    listener: Listener
    thread: LoopThread
    host: str = ""
    port: int = 0
    path: Path | None = None

    def connect(self) -> socket.socket:
        """Return a connected socket that gives up after a while."""
        if self.path is not None:
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(self.path))
        else:
            client = socket.create_connection((self.host, self.port))
        client.settimeout(WAIT)
        return client


@contextmanager
def running_sink(
    *,
    protocol: Protocol = "smtp",
    limits: IntakeLimits | None = None,
    inbox: Inbox | None = None,
    postmaster: Address | None = None,
    path: Path | None = None,
    clients: Clients | None = None,
    recipients: Recipients | None = None,
    space: Space | None = None,
    certificate: Certificate | None = None,
) -> Iterator[Sink]:
    """Run a sink on a free port of the loopback address, or on the socket file `path`."""
    thread = LoopThread()
    inbox = inbox or Inbox()
    listener = Listener(
        receiver=inbox,
        limits=limits or IntakeLimits(),
        hostname="sink.example",
        protocol=protocol,
        postmaster=postmaster,
        clients=clients,
        recipients=recipients,
        space=space,
        certificate=certificate,
    )
    sink = Sink(inbox=inbox, listener=listener, thread=thread, path=path)
    try:
        where = "" if path else "127.0.0.1"
        sink.host, sink.port = thread.run(listener.start(host=where, port=0, socket=path))
        yield sink
    finally:
        inbox.answer()
        thread.run(listener.stop())
        thread.close()


@contextmanager
def refusing_port() -> Iterator[int]:
    """Hold a port of the loopback address on which connections are refused."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Faults:
    """How a relay misbehaves; all of it can be changed while it runs.

    `replies` maps `MAIL`, `RCPT`, `DATA` or a recipient's address to a reply line given instead of
    the good one; `final` is the reply to a message. `hang` and `cut` name where the relay stops
    answering, or closes without an answer: `greeting`, `EHLO`, `MAIL`, `RCPT`, `DATA`, `body`
    (after the first bytes of the message), `dot`. `slow` names recipients for whom it stops at
    RCPT. After `die_after` messages in all it closes everything and greets nobody any more.
    """

    greeting: str = "220 relay.example ESMTP"
    replies: Mapping[str, str] = field(default_factory=dict)
    final: str = "250 2.0.0 queued as 4F1C"
    hang: str = ""
    cut: str = ""
    slow: frozenset[str] = frozenset()
    die_after: int | None = None
    offers: tuple[str, ...] = ("SIZE 52428800", "8BITMIME", "SMTPUTF8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """One message as the relay got it: envelope paths as written, content with stuffed dots."""

    sender: str
    recipient: str
    wire: bytes


class _Cut(Exception):
    pass


class UnreliableRelay:
    """An SMTP server that fails as its `faults` say, and keeps what it accepted.

    `once` maps a verb to a reply line that is given to the next such command only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.faults = Faults()
        self.once: dict[str, str] = {}
        self._loop = loop
        self.accepted: list[Relayed] = []
        self.seen: list[Relayed] = []
        self.commands: list[str] = []
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._over = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._progress = threading.Condition()

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**26)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Let go of everything, hanging sessions too."""
        self._over.set()
        self._close_all()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    def drop_all(self) -> None:
        """Close all connections that are open, as a relay does that restarts; from any thread."""

        async def close() -> None:
            self._close_all()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(WAIT)

    def say(self, line: str) -> None:
        """Say a line on all connections that are open, which nobody asked for."""

        async def say() -> None:
            for writer in self._writers:
                _send(writer, line)

        asyncio.run_coroutine_threadsafe(say(), self._loop).result(WAIT)

    def _close_all(self) -> None:
        for writer in list(self._writers):
            writer.close()

    def verbs(self) -> list[str]:
        """Return the commands seen so far without their arguments."""
        return [command.split(" ")[0] for command in self.commands]

    def wait_for_command(self, start: str) -> None:
        """Return as soon as a command that starts like this was seen."""
        self.wait_for(lambda: any(command.startswith(start) for command in self.commands))

    def wait_for(self, true: Callable[[], bool]) -> None:
        """Return as soon as something is true that may change with what the relay hears."""
        with self._progress:
            assert self._progress.wait_for(true, WAIT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            await self._talk(reader, writer)
        except (_Cut, ConnectionError, asyncio.IncompleteReadError, UnicodeDecodeError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dead():
            return
        await self._fail_at("greeting")
        _send(writer, self.faults.greeting)
        if not self.faults.greeting.startswith("220"):
            return
        sender = recipient = ""
        while True:
            line = (await reader.readuntil(b"\r\n")).decode().rstrip("\r\n")
            verb = line.split(" ")[0].upper()
            with self._progress:
                self.commands.append(line)
                self._progress.notify_all()
            path = line.partition("<")[2].partition(">")[0]
            if verb == "RCPT" and path in self.faults.slow:
                await self._over.wait()
            await self._fail_at(verb)
            sender = path if verb == "MAIL" else sender
            recipient = path if verb == "RCPT" else recipient
            reply = self._reply(verb, path)
            _send(writer, reply)
            if verb == "QUIT":
                return
            if reply.startswith("354"):
                await self._message(reader, writer, sender, recipient)
            await self._answered(line, reply, reader, writer)

    async def _answered(
        self, line: str, reply: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Do what follows from a reply, in relays that can do more."""

    async def _message(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sender: str,
        recipient: str,
    ) -> None:
        if "body" in {self.faults.hang, self.faults.cut}:
            await reader.readexactly(1)
            transport = writer.transport
            assert isinstance(transport, asyncio.Transport)
            transport.pause_reading()
            await self._fail_at("body")
        wire = await reader.readuntil(b"\r\n.\r\n")
        message = Relayed(sender=sender, recipient=recipient, wire=wire[:-3])
        self.seen.append(message)
        await self._fail_at("dot")
        with self._progress:
            if self.faults.final.startswith("250"):
                self.accepted.append(message)
            self._progress.notify_all()
        _send(writer, self.faults.final)
        await writer.drain()
        if self._dead():
            self._close_all()
            raise _Cut

    async def _fail_at(self, place: str) -> None:
        if self.faults.cut == place:
            raise _Cut
        if self.faults.hang == place:
            await self._over.wait()
            raise _Cut

    def _dead(self) -> bool:
        limit = self.faults.die_after
        return limit is not None and len(self.accepted) >= limit

    def _reply(self, verb: str, path: str) -> str:
        if verb in self.once:
            return self.once.pop(verb)
        if verb in self.faults.replies:
            return self.faults.replies[verb]
        if verb == "RCPT" and path in self.faults.replies:
            return self.faults.replies[path]
        if verb == "EHLO":
            return "\r\n".join(
                [*(f"250-{word}" for word in ("relay.example", *self.faults.offers)), "250 HELP"]
            )
        return {"DATA": "354 go ahead", "QUIT": "221 bye"}.get(verb, "250 2.0.0 ok")


def _send(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(line.encode() + b"\r\n")


@contextmanager
def unreliable_relay() -> Iterator[UnreliableRelay]:
    """Run a relay on its own thread; set its `faults` to make it fail."""
    thread = LoopThread()

    async def make() -> UnreliableRelay:
        relay = UnreliableRelay(thread.loop)
        await relay.start()
        return relay

    relay = thread.run(make())
    try:
        yield relay
    finally:
        thread.run(relay.stop())
        thread.close()
