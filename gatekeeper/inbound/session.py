"""1. Speak SMTP and LMTP: `250` only after stage 2 has stored the message.

Here are the doors and who watches them; what happens on one connection is in `connection`.
"""

import asyncio
import logging
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Protocol

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Reply
from gatekeeper.domain.instants import MINUTE
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import Envelope
from gatekeeper.inbound import dialogue
from gatekeeper.inbound.certificate import Certificate
from gatekeeper.inbound.clients import Clients, Guest
from gatekeeper.inbound.connection import STOPPING, Connection, wire
from gatekeeper.inbound.dialogue import Dialogue, Gate
from gatekeeper.inbound.places import bind, cannot_listen, unbind
from gatekeeper.inbound.rates import monotonic
from gatekeeper.inbound.reader import Body
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.inbound.space import Space, roomy

_log = logging.getLogger("gatekeeper.inbound")


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
        clients: Clients | None = None,
        recipients: Recipients | None = None,
        space: Space | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        """Prepare to listen; `postmaster` is where mail to the bare `<Postmaster>` goes.

        `clients` is the account of all listeners of a process (its own by default) · `recipients`
        says who is favoured and who asks for TLS (nobody) · `space` watches the volume (nobody
        does) · `certificate` is for STARTTLS (not offered).
        """
        self.receiver = receiver
        self.limits = limits
        self.clients = clients or Clients(limits=limits)
        self.budget = self.clients.budget
        self.certificate = certificate
        self.space = space
        self.stopping = False
        self._gate = _gate(recipients, space, certificate)
        self._hostname = hostname
        self._protocol: dialogue.Protocol = protocol
        self._postmaster = postmaster
        self._servers: list[asyncio.Server] = []
        self._paths: list[Path] = []
        self._sessions: set[Connection] = set()
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
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(_Brief())
        backlog = self.limits.connections
        try:
            if socket is None:
                server = await loop.create_server(self._connect, host, port, backlog=backlog)
            else:
                server = await loop.create_unix_server(
                    self._connect, sock=bind(socket), backlog=backlog
                )
                self._paths.append(socket)
        except OSError as error:
            raise cannot_listen(str(socket or f"{host} port {port}"), error) from error
        self._servers.append(server)
        bound = server.sockets[0].getsockname()
        return (bound, 0) if isinstance(bound, str) else (str(bound[0]), int(bound[1]))

    async def stop(self) -> None:
        """Take no more connections, end those there are, and wait for the replies still owed."""
        self.stopping = True
        for server in self._servers:
            server.close()
        for path in self._paths:
            unbind(path)
        owed = [handler for session in self._sessions for handler in session.end_soon()]
        await asyncio.gather(*owed, *self._pending, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()

    def hand_over(self, body: Body, guest: Guest, envelope: Envelope) -> "asyncio.Future[Reply]":
        """Give a message to the receiver; its bytes stay on the budget until it is answered."""
        future = asyncio.wrap_future(self.receiver.accept(body.content(), envelope))
        held, body.held = body.held, 0

        def answered(done: "asyncio.Future[Reply]") -> None:
            self._pending.discard(done)
            guest.budget.give(held)

        self._pending.add(future)
        future.add_done_callback(answered)
        return future

    def dialogue(self, guest: Guest) -> Dialogue:
        """Return a conversation that has not begun."""
        return Dialogue(
            protocol=self._protocol,
            hostname=self._hostname,
            limits=self.limits,
            budget=guest.budget,
            knows=self.receiver.knows,
            postmaster=self._postmaster,
            guest=guest,
            gate=self._gate,
        )

    def admit(self, transport: asyncio.Transport) -> None:
        """Begin a session with a client that connected, or say why not and close."""
        peer = _peer_of(transport)
        # LMTP is spoken by a server of ours on this machine, and by nobody else.
        guest = (
            STOPPING
            if self.stopping
            else self.clients.admit(None if self._protocol == "lmtp" else peer)
        )
        if isinstance(guest, Reply):
            transport.write(wire(guest.line()))
            transport.close()
            return
        session = Connection(self, guest, next(self._numbers), peer or "local")
        self._sessions.add(session)
        transport.set_protocol(session)
        session.connection_made(transport)

    def forget(self, session: "Connection") -> None:
        """Take note that a session is over; may be repeated."""
        self._sessions.discard(session)

    def _connect(self) -> asyncio.BaseProtocol:
        return _Door(self)


def _gate(
    recipients: Recipients | None, space: Space | None, certificate: Certificate | None
) -> Gate:
    room, offers = (roomy if space is None else space.room), certificate is not None
    if recipients is None:
        return Gate(room=room, offers_tls=offers)
    return Gate(
        favours=recipients.favours, needs_tls=recipients.needs_tls, room=room, offers_tls=offers
    )


class _Door(asyncio.Protocol):
    """A connection of which it is not yet known whose it is."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have it admitted."""
        if isinstance(transport, asyncio.Transport):
            self._listener.admit(transport)


def _peer_of(transport: asyncio.BaseTransport) -> str | None:
    """Return the client's IP address, None for a socket file of this machine."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else None


class _Brief:
    """Logs what the event loop itself meets, such as no free file descriptor.

    By its kind alone, and the same only once a minute: asyncio tells of the one just named a
    hundred times a second.
    """

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Take note of a trouble."""
        error = context.get("exception")
        kind = type(error).__name__ if error else "no exception"
        trouble = f"{context.get('message')}: {kind}"
        at = monotonic()
        if at - self._told.get(trouble, -MINUTE) >= MINUTE:
            self._told = {trouble: at}
            _log.error("%s", trouble)
