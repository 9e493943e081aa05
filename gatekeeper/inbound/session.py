"""1. Speak SMTP and LMTP: `250` only after stage 2 has stored the message.

aiosmtpd carries the connection; what is said on it, and what is kept of it, is decided by our own
`dialogue` and `reader`, because aiosmtpd's bound nothing and log everything.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Final, Protocol

from aiosmtpd.smtp import SMTP

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import OurFault, Reply
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import Envelope
from gatekeeper.inbound import dialogue
from gatekeeper.inbound.dialogue import After, Dialogue
from gatekeeper.inbound.reader import Body, Budget, Incoming

_log = logging.getLogger("gatekeeper.inbound")

# aiosmtpd logs every command with its addresses, and every line of a message.
logging.getLogger("mail.log").disabled = True

CHUNK: Final = 64 * 1024
SOCKET_MODE: Final = 0o660

NOT_NOW: Final = OurFault.reply
SLOW: Final = Reply(code=421, enhanced="4.4.2", text="Too slow")
FULL: Final = Reply(code=421, enhanced="4.7.0", text="Too many connections")
STOPPING: Final = Reply(code=421, enhanced="4.3.2", text="Going down, try again later")


class Receiver(Protocol):
    """Who takes the mail: says which recipients exist, and answers each message once."""

    def knows(self, recipient: Address) -> bool:
        """Say whether mail to `recipient` is taken; called on the event loop, must not wait."""
        ...

    def accept(self, raw: bytes, envelope: Envelope) -> "Future[Reply]":
        """Take a message; called on the event loop, must not wait.

        The future is resolved from any thread, exactly once, with the reply to give; it is never
        cancelled, also when the client has left.
        """
        ...


class Listener:
    """A server for one protocol on any number of addresses, on the running event loop."""

    def __init__(
        self,
        *,
        receiver: Receiver,
        limits: IntakeLimits,
        hostname: str,
        protocol: dialogue.Protocol = "smtp",
        postmaster: Address | None = None,
    ) -> None:
        """Prepare to listen; `postmaster` is where mail to the bare `<Postmaster>` goes."""
        self.receiver = receiver
        self.limits = limits
        self.budget = Budget(limits.bytes_in_flight)
        self.stopping = False
        self._hostname = hostname
        self._protocol: dialogue.Protocol = protocol
        self._postmaster = postmaster
        self._servers: list[asyncio.Server] = []
        self._paths: list[Path] = []
        self._sessions: set[_Session] = set()
        self._pending: set[asyncio.Future[Reply]] = set()
        self._numbers = count(1)

    async def start(
        self, *, host: str = "", port: int = 0, socket: Path | None = None
    ) -> tuple[str, int]:
        """Listen on TCP (port 0: any free one) or, when `socket` is given, on a socket file.

        The file gets mode 0660 and replaces one that nobody listens on any more. Returns the
        address bound, `(path, 0)` for a file; OurFault when it is not possible.
        """
        loop = asyncio.get_running_loop()
        backlog = self.limits.connections
        try:
            if socket is None:
                server = await loop.create_server(self._connect, host, port, backlog=backlog)
            else:
                server = await loop.create_unix_server(
                    self._connect, sock=_bind(socket), backlog=backlog
                )
                self._paths.append(socket)
        except OSError as error:
            raise _cannot_listen(str(socket or f"{host} port {port}"), error) from error
        self._servers.append(server)
        bound = server.sockets[0].getsockname()
        return (bound, 0) if isinstance(bound, str) else (str(bound[0]), int(bound[1]))

    async def stop(self) -> None:
        """Take no more connections, end those there are, and wait for the replies still owed."""
        self.stopping = True
        for server in self._servers:
            server.close()
        for path in self._paths:
            path.unlink(missing_ok=True)
        owed = [handler for session in self._sessions for handler in session.end_soon()]
        await asyncio.gather(*owed, *self._pending, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()

    def hand_over(self, body: Body, envelope: Envelope) -> "asyncio.Future[Reply]":
        """Give a message to the receiver; its bytes stay on the budget until it is answered."""
        future = asyncio.wrap_future(self.receiver.accept(body.content(), envelope))
        held, body.held = body.held, 0

        def answered(done: "asyncio.Future[Reply]") -> None:
            self._pending.discard(done)
            self.budget.give(held)

        self._pending.add(future)
        future.add_done_callback(answered)
        return future

    def dialogue(self) -> Dialogue:
        """Return a conversation that has not begun."""
        return Dialogue(
            protocol=self._protocol,
            hostname=self._hostname,
            limits=self.limits,
            budget=self.budget,
            knows=self.receiver.knows,
            postmaster=self._postmaster,
        )

    def _connect(self) -> asyncio.BaseProtocol:
        if self.stopping:
            return _Refused(STOPPING)
        if len(self._sessions) >= self.limits.connections:
            _log.warning("connection refused: %d are open", len(self._sessions))
            return _Refused(FULL)
        session = _Session(self, next(self._numbers), self._sessions.discard)
        self._sessions.add(session)
        return session


class _Refused(asyncio.Protocol):
    """A connection that gets one line and is closed."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say why, and close."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_wire(self._reply.line()))
        transport.close()


class _Session(SMTP):
    """One connection: moves bytes between the socket, the dialogue and the message being read."""

    line_length_limit = CHUNK  # how much aiosmtpd's stream reader buffers before it pauses

    def __init__(
        self, listener: Listener, number: int, on_lost: Callable[["_Session"], None]
    ) -> None:
        self._listener = listener
        self._number = number
        self._on_lost = on_lost
        self._dialogue = listener.dialogue()
        self._incoming = Incoming()
        self._peer = "local"
        self._owes_reply = False
        self._said = bytearray()
        super().__init__(
            None,
            hostname="localhost",  # never said: the dialogue has the name
            timeout=listener.limits.command_wait / SECOND,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; remembers the client's IP address for the envelope."""
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else "local"
        super().connection_made(transport)
        if self._listener.stopping:
            self._hang_up(STOPPING)

    def connection_lost(self, error: Exception | None) -> None:
        """End; what the receiver already has is finished without us."""
        self._on_lost(self)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Let what was sent before the end still be answered, unlike aiosmtpd."""
        return super(SMTP, self).eof_received()

    def end_soon(self) -> "tuple[asyncio.Task[None], ...]":
        """End now, or, while a message is being stored, after its reply; return what to await."""
        if not self._owes_reply:
            self._hang_up(STOPPING)
        return () if self._handler_coroutine is None else (self._handler_coroutine,)

    def _timeout_cb(self) -> None:
        _log.info("session %d: ended, too slow", self._number)
        self._hang_up(SLOW)

    def _hang_up(self, reply: Reply) -> None:
        """Say why and close; a client that does not even read is cut off."""
        transport = self.transport
        if not isinstance(transport, asyncio.WriteTransport):
            return
        if transport.get_write_buffer_size():
            transport.abort()
        elif not transport.is_closing():
            self._say(reply.line())
            transport.write(self._take_said())
            transport.close()

    async def _handle_client(self) -> None:
        """Hold the conversation; aiosmtpd starts this for each connection."""
        try:
            self._say(self._dialogue.greeting())
            while await self._step():
                pass
            await self._flush()
        except ConnectionError:
            _log.info("session %d: the client left", self._number)
        finally:
            self._writer.close()

    async def _step(self) -> bool:
        """Read and answer one command; False when the conversation is over."""
        line = self._incoming.command()
        if line is None:
            await self._flush()
            chunk = await self._reader.read(CHUNK)
            self._incoming.feed(chunk)
            return bool(chunk)
        try:
            answer = self._dialogue.answer(line)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client may try again
            self._failed(error)
            self._say(NOT_NOW.line())
            return True
        if answer.progress:
            self._reset_timeout()
        self._say(*answer.lines)
        if answer.after is After.BODY:
            return await self._message()
        return answer.after is After.COMMAND

    async def _message(self) -> bool:
        """Read one message, have it stored, and answer it; False when the session must end."""
        limits = self._listener.limits
        self._reset_timeout(limits.data_wait / SECOND)
        body = Body(limits=limits, budget=self._listener.budget)
        try:
            if not await self._read(body):
                return False
            self._reset_timeout()
            reply = body.refusal or await self._store(body)
        finally:
            body.release()
        self._reset_timeout()
        _log.info("session %d: message answered %d %s", self._number, reply.code, reply.enhanced)
        self._say(*self._dialogue.finish(reply))
        if self._listener.stopping:
            self._hang_up(STOPPING)
        return not (body.ends_session or self._listener.stopping)

    async def _read(self, body: Body) -> bool:
        """Read up to the final dot; False when the client left before it."""
        await self._flush()
        rest = body.feed(self._incoming.take_rest())
        while rest is None:
            chunk = await self._reader.read(CHUNK)
            if not chunk:
                _log.info("session %d: the client left within a message", self._number)
                return False
            rest = body.feed(chunk)
        self._incoming.feed(rest)
        return True

    async def _store(self, body: Body) -> Reply:
        """Return the receiver's reply; storing goes on when the client leaves meanwhile."""
        self._owes_reply = True
        try:
            envelope = self._dialogue.envelope(peer=self._peer)
            return await asyncio.shield(self._listener.hand_over(body, envelope))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client may try again
            self._failed(error)
            return NOT_NOW
        finally:
            self._owes_reply = False

    def _failed(self, error: Exception) -> None:
        """Log what went wrong by its kind alone: its text and traceback may hold addresses."""
        _log.error("session %d: answered 451: %s", self._number, type(error).__name__)

    def _say(self, *lines: str) -> None:
        """Keep reply lines until nothing more can be read at once (RFC 2920 §3.2)."""
        self._said += b"".join(_wire(line) for line in lines)

    def _take_said(self) -> bytes:
        said = bytes(self._said)
        self._said.clear()
        return said

    async def _flush(self) -> None:
        """Send the reply lines kept; waits when the client reads too slowly."""
        if self._said:
            self._writer.write(self._take_said())
        if self._writer.transport.get_write_buffer_size():
            await self._writer.drain()


def _wire(line: str) -> bytes:
    return line.encode("ascii") + b"\r\n"


def _bind(path: Path) -> socket.socket:
    """Return a socket bound to `path`; one somebody listens on is an OSError."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and bound.connect_ex(str(path)) == 0:
            message = "another process listens there"
            raise OSError(message)
        if path.is_socket():
            path.unlink()
        bound.bind(str(path))
        # Nobody can connect before listen(): the mode is right from the first client on.
        path.chmod(SOCKET_MODE)
    except OSError:
        bound.close()
        raise
    return bound


def require_free(host: str, port: int) -> None:
    """Find out that a port is taken while nothing has been changed yet; OurFault when it is."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise _cannot_listen(f"{host} port {port}", error) from error


def _cannot_listen(where: str, error: OSError) -> OurFault:
    return OurFault(
        f"cannot listen on {where}",
        reason=error.strerror or str(error),
        remedy="end the other program that uses this address, or configure another one",
    )
