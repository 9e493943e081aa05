"""One connection: bytes between its socket, the dialogue and the message that is being read.

aiosmtpd carries it; what is said on it, and what is kept of it, is decided by our own `dialogue`
and `reader`, because aiosmtpd's bound nothing and log everything.
"""

import asyncio
import logging
import ssl
from asyncio.sslproto import SSLProtocol
from typing import Final, Protocol

from aiosmtpd.smtp import SMTP

from gatekeeper.domain.errors import OurFault, Reply
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import Envelope
from gatekeeper.inbound.certificate import Certificate
from gatekeeper.inbound.clients import Guest
from gatekeeper.inbound.dialogue import NO_SPACE, After, Dialogue
from gatekeeper.inbound.reader import BAD_LINE, Body, Incoming
from gatekeeper.inbound.space import Room, Space

_log = logging.getLogger("gatekeeper.inbound")

# aiosmtpd logs every command with its addresses, and every line of a message.
logging.getLogger("mail.log").disabled = True

CHUNK: Final = 64 * 1024

TLS_CHUNK: Final = 16 * 1024
"""A record of TLS (RFC 8446 §5.1); asyncio's own buffer is 16 times as large."""

GOODBYE_WAIT: Final = 5
"""Seconds that a client has to answer the end of TLS."""

LATE_WAIT: Final = 30.0
"""Seconds for each step of who holds a connection that is reserved for favoured mail."""

NOT_NOW: Final = OurFault.reply
SLOW: Final = Reply(code=421, enhanced="4.4.2", text="Too slow")
TOO_LONG: Final = Reply(code=421, enhanced="4.7.0", text="Session too long")
INJECTED: Final = Reply(code=503, enhanced="5.5.1", text="Nothing may follow STARTTLS in clear")
STOPPING: Final = Reply(code=421, enhanced="4.3.2", text="Going down, try again later")


class House(Protocol):
    """Where connections come in: the listener, as they see it."""

    @property
    def limits(self) -> IntakeLimits:
        """What a client may use."""
        ...

    @property
    def certificate(self) -> Certificate | None:
        """What STARTTLS shows, None where it is not offered."""
        ...

    @property
    def space(self) -> Space | None:
        """Who watches the volume."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether sessions end with the message in hand."""
        ...

    def dialogue(self, guest: Guest) -> Dialogue:
        """Return a conversation that has not begun."""
        ...

    def hand_over(self, body: Body, guest: Guest, envelope: Envelope) -> "asyncio.Future[Reply]":
        """Give a message to whoever stores it."""
        ...

    def forget(self, connection: "Connection") -> None:
        """Take note that a connection is over; may be repeated."""
        ...


class _Tls(SSLProtocol):
    """TLS of one connection, with a buffer as large as what is sent at once."""

    max_size = TLS_CHUNK


class Connection(SMTP):
    """One connection: moves bytes between the socket, the dialogue and the message being read."""

    line_length_limit = CHUNK  # how much aiosmtpd's stream reader buffers before it pauses

    def __init__(self, house: House, guest: Guest, number: int, peer: str) -> None:
        self._house = house
        self._guest = guest
        self._number = number
        self._peer = peer
        self._dialogue = house.dialogue(guest)
        self._incoming = Incoming()
        self._owes_reply = False
        self._said = bytearray()
        loop = asyncio.get_running_loop()
        wait = house.limits.command_wait / SECOND
        self._command_wait = min(wait, LATE_WAIT) if guest.late else wait
        self._until = loop.time() + self._command_wait
        self._rings_at = self._until
        self._ends_at = loop.time() + house.limits.session_wait / SECOND
        super().__init__(
            None,
            hostname="localhost",  # never said: the dialogue has the name
            timeout=self._command_wait,
            loop=loop,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or begin anew inside TLS."""
        super().connection_made(transport)
        self._until = self._rings_at = self.loop.time() + self._command_wait
        if self._house.stopping:
            self._hang_up(STOPPING)

    def connection_lost(self, error: Exception | None) -> None:
        """End; what the receiver already has is finished without us."""
        self._leave()
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Let what was sent before the end still be answered, unlike aiosmtpd."""
        keep_open = super(SMTP, self).eof_received()
        return keep_open and not self._dialogue.encrypted

    def end_soon(self) -> "tuple[asyncio.Task[None], ...]":
        """End now, or, while a message is being stored, after its reply; return what to await."""
        if not self._owes_reply:
            self._hang_up(STOPPING)
        return () if self._handler_coroutine is None else (self._handler_coroutine,)

    def _leave(self) -> None:
        self._house.forget(self)
        self._guest.leave()

    def _allow(self, seconds: float) -> None:
        """Give the client that long from now."""
        self._until = self.loop.time() + seconds
        if self._until < self._rings_at:
            self._rings_at = self._until
            self._reset_timeout(seconds)

    def _timeout_cb(self) -> None:
        """End a client that is too slow; the time may have been put off since the bell was set."""
        left = self._until - self.loop.time()
        if left > 0:
            self._rings_at = self._until
            self._reset_timeout(left)
            return
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
        if self.loop.time() > self._ends_at:
            _log.info("session %d: ended, too long", self._number)
            self._say(TOO_LONG.line())
            return False
        if line is BAD_LINE:
            # what stands behind it may have been hidden in a line of somebody else's
            _log.warning("session %d: ended, a command without a proper end", self._number)
            self._say(BAD_LINE.line())
            return False
        try:
            answer = self._dialogue.answer(line)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client may try again
            self._failed(error)
            self._say(NOT_NOW.line())
            return True
        if answer.progress:
            self._allow(self._command_wait)
        if answer.after is After.TLS:
            return await self._encrypt(answer.lines)
        self._say(*answer.lines)
        if answer.after is After.BODY:
            return await self._message()
        return answer.after is After.COMMAND

    async def _encrypt(self, ready: tuple[str, ...]) -> bool:
        """Go over to TLS; False when the session must end.

        Whatever came behind STARTTLS in clear may be somebody else's (RFC 3207 §5): the session
        ends with it, before a word of it was read as if it had come encrypted. Replies kept so
        far leave in clear before that.
        """
        if self._has_more():
            _log.warning("session %d: ended, commands behind STARTTLS in clear", self._number)
            self._say(INJECTED.line())
            return False
        self._say(*ready)
        await self._flush()
        if self._has_more():
            _log.warning("session %d: ended, commands behind STARTTLS in clear", self._number)
            return False
        try:
            version = await self._handshake()
        except OSError as error:
            # An error of TLS is one, too; its text may quote nothing of the client's.
            _log.info("session %d: no TLS: %s", self._number, type(error).__name__)
            version = ""
        if not version:
            self._give_up()
            return False
        self._dialogue.secured(version)
        return True

    def _give_up(self) -> None:
        """Cut off a client without TLS: nobody tells us any more that its connection is lost."""
        self._leave()
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        if isinstance(self._original_transport, asyncio.WriteTransport):
            self._original_transport.abort()

    def _has_more(self) -> bool:
        """Say whether anything was sent that is not yet read."""
        return not self._incoming.empty or bool(self._reader._buffer)  # type: ignore[attr-defined]  # noqa: SLF001 - aiosmtpd looks there, too

    async def _handshake(self) -> str:
        """Put TLS between the socket and us, as aiosmtpd does; return its version, "" if none."""
        plain, certificate = self.transport, self._house.certificate
        if not isinstance(plain, asyncio.Transport) or certificate is None:
            return ""
        done: asyncio.Future[None] = self.loop.create_future()
        tls = _Tls(
            self.loop,
            self,
            certificate.context(),
            done,
            server_side=True,
            ssl_handshake_timeout=max(1, self._house.limits.handshake_wait // SECOND),
            ssl_shutdown_timeout=GOODBYE_WAIT,
        )
        self._original_transport, self._tls_protocol = plain, tls
        plain.set_protocol(tls)
        self.transport = tls._app_transport  # noqa: SLF001 - aiosmtpd takes it from there
        tls.connection_made(plain)
        await done
        inside = tls._extra.get("ssl_object")  # noqa: SLF001 - aiosmtpd reads it there, too
        return inside.version() or "" if isinstance(inside, ssl.SSLObject) else ""

    async def _message(self) -> bool:
        """Read one message, have it stored, and answer it; False when the session must end."""
        self._allow(self._house.limits.data_wait / SECOND)
        favoured = self._dialogue.favoured
        body = Body(limits=self._house.limits, budget=self._guest.budget, favoured=favoured)
        try:
            if not await self._read(body):
                return False
            self._allow(self._command_wait)
            reply = body.refusal or self._no_space(body, favoured=favoured)
            reply = reply or await self._store(body)
        finally:
            body.release()
        self._allow(self._command_wait)
        _log.info("session %d: message answered %d %s", self._number, reply.code, reply.enhanced)
        self._say(*self._dialogue.finish(reply))
        if self._house.stopping:
            self._hang_up(STOPPING)
        return not (body.ends_session or self._house.stopping)

    async def _read(self, body: Body) -> bool:
        """Read up to the final dot; False when the client left before it."""
        await self._flush()
        rest = body.feed(self._incoming.take_rest())
        while rest is None:
            chunk = await self._reader.read(CHUNK)
            if not chunk:
                _log.info("session %d: the client left within a message", self._number)
                return False
            self._earn(len(chunk))
            rest = body.feed(chunk)
        self._incoming.feed(rest)
        return True

    def _earn(self, size: int) -> None:
        """Give a client time for what it sent of a message (see `data_wait` in policy.yaml)."""
        limits = self._house.limits
        most = self.loop.time() + limits.data_wait / SECOND
        self._until = min(most, self._until + size / limits.data_rate)

    def _no_space(self, body: Body, *, favoured: bool) -> Reply | None:
        """Return that the volume has no room for a message any more, or count it as taken."""
        space = self._house.space
        if space is None:
            return None
        if space.room() < (Room.FAVOURED if favoured else Room.ALL):
            return NO_SPACE
        space.take(body.size)
        return None

    async def _store(self, body: Body) -> Reply:
        """Return the receiver's reply; storing goes on when the client leaves meanwhile."""
        self._owes_reply = True
        try:
            envelope = self._dialogue.envelope(peer=self._peer)
            return await asyncio.shield(self._house.hand_over(body, self._guest, envelope))
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
        self._said += b"".join(wire(line) for line in lines)

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


def wire(line: str) -> bytes:
    """Return a line as it is sent."""
    return line.encode("ascii") + b"\r\n"
