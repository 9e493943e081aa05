"""9. Hand to the relay over a few kept connections, and say what each recipient's reply means.

What an answer means for a delivery:

| what happened | outcome |
| --- | --- |
| 2yz after the final dot | delivered |
| 5yz to MAIL, RCPT, DATA or the message | refused |
| 4yz to any of them; no connection, no greeting, no EHLO | not now |
| no TLS as it is asked for, a certificate that is not trusted, a login that fails | not now |
| connection lost or deadline over before the final dot was sent | not now |
| the same after it, or an answer that is none | in doubt: it may have arrived |
| an answer that was not asked for, or none that fits the command | as if the connection was lost |
| free text in clear, and no port where TLS to the recipient is enforced | refused |
"""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import SMTPProtocol

from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.protection import Lines
from gatekeeper.outbound import answers, envelope
from gatekeeper.outbound.answers import Answers, printable
from gatekeeper.outbound.job import Job
from gatekeeper.outbound.trust import Tls, Trust

_LOG: Final = logging.getLogger("gatekeeper.outbound")

QUIT_WAIT: Final = 2 * SECOND

CLOSED: Final = Attempt(
    outcome=Outcome.REFUSED,
    reply="not sent: free text in clear needs relay.clear_port, which is not set",
)
"""What becomes of a ClearReply where no port is for it."""


class Way(Protocol):
    """Where a job can be handed over, one at a time."""

    async def attempt(self, job: Job, /) -> Attempt:
        """Return what one attempt came to."""

    async def quit(self) -> None:
        """Say goodbye and close."""


class Relay:
    """The relay behind us; `wait` is the time for one attempt in microseconds.

    `lines` take what is due, each in its turn · `urgent` is one more for what must not wait behind
    it · `clear` is for a ClearReply alone, over `clear_port`: the operator's mail server lets
    nothing pass there without TLS to the recipient. `name` is what the relay is greeted with,
    `trust` what it must prove. Connections are made when they are needed; all on one event loop.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        wait: int,
        connections: int,
        name: str,
        clear_port: int | None = None,
        trust: Trust | None = None,
    ) -> None:
        self.wait = wait
        place = _Place.of(host, port, wait, name, trust or Trust())
        self.lines: Sequence[Way] = [_Line(place) for _ in range(connections)]
        self.urgent: Way = _Line(place)
        self.clear: Way = _Closed()
        if clear_port is not None:
            self.clear = _Line(_Place.of(host, clear_port, wait, name, trust or Trust()))

    async def close(self) -> None:
        """Say goodbye on every connection; one that does not answer is cut."""
        await asyncio.gather(*(way.quit() for way in (*self.lines, self.urgent, self.clear)))


def complaint(*, host: str, port: int, wait: int, name: str, trust: Trust) -> str:
    """Return why no mail could be handed to the relay now, as the service would do it, or "".

    Connects, greets, secures the connection and logs in; nothing is sent.
    """
    return asyncio.run(_Line(_Place.of(host, port, wait, name, trust)).complaint())


@dataclass(slots=True, kw_only=True)
class _Place:
    """A port of the relay, and what the log said last of it: not the same for each mail."""

    host: str
    port: int
    wait: int
    name: str
    trust: Trust
    context: ssl.SSLContext | None = field(repr=False)
    trouble: str = ""

    @classmethod
    def of(cls, host: str, port: int, wait: int, name: str, trust: Trust) -> "_Place":
        # The machine's own name is not told.
        name = name if name.isascii() else "localhost"
        context = trust.context()
        return cls(host=host, port=port, wait=wait, name=name, trust=trust, context=context)

    def fails(self, why: str) -> None:
        if why != self.trouble:
            _LOG.error(
                "the relay %s:%d cannot be used, mail waits: %s; see: gatekeeper doctor",
                self.host,
                self.port,
                why,
            )
        self.trouble = why

    def works(self) -> None:
        if self.trouble:
            _LOG.warning("the relay %s:%d can be used again", self.host, self.port)
        self.trouble = ""


class _Closed:
    """The way for free text in clear where the operator has not opened one."""

    async def attempt(self, _job: Job, /) -> Attempt:
        """Refuse the job, whatever it is."""
        return CLOSED

    async def quit(self) -> None:
        """Nobody is there."""


class _Client(SMTP):
    """A client that says nothing where an answer waits that was not asked for."""

    answers: Answers

    def listen(self) -> None:
        """Listen to the connection as it is: once after connecting, and again over TLS."""
        if self.protocol is None or self.transport is None:
            lost = "connection lost"
            raise SMTPServerDisconnected(lost)
        left = self.protocol._buffer  # noqa: SLF001 - came with the greeting, before we listen
        self.answers = Answers(self.protocol, unasked=bool(left))
        self.transport.set_protocol(self.answers)

    async def execute_command(self, *args: bytes, **options: Any) -> SMTPResponse:  # noqa: ANN401 - handed on as they are
        """Send one command and return its answer; ConnectionError when one is there already."""
        self.answers.ask()
        return self.answers.judged(await super().execute_command(*args, **options))


class _Line:
    """One connection, made when it is needed and kept from job to job; EHLO is said once."""

    def __init__(self, place: _Place) -> None:
        self._place = place
        self._client: _Client | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._ready = False
        self._rset_due = False
        self._dot_sent = False

    async def attempt(self, job: Job) -> Attempt:
        """Return what one attempt came to; never raises for what a relay or network may do."""
        self._dot_sent = False
        try:
            async with asyncio.timeout(self._place.wait / SECOND):
                return await self._transaction(job)
        except TimeoutError:
            return self._lost("no answer in time")
        except (SMTPException, OSError, ValueError) as error:
            return self._lost(_why(error), _code_alone(error))

    async def complaint(self) -> str:
        """Return why the connection cannot be made, "" when it can."""
        try:
            async with asyncio.timeout(self._place.wait / SECOND):
                await self._connect()
        except TimeoutError:
            return "no answer in time"
        except (SMTPException, OSError, ValueError) as error:
            return printable(_why(error))
        finally:
            await self.quit()
        return ""

    async def quit(self) -> None:
        """Say goodbye and close."""
        try:
            async with asyncio.timeout(QUIT_WAIT / SECOND):
                if self._client is not None and self._client.is_connected:
                    await self._client.execute_command(b"QUIT")
        except (TimeoutError, SMTPException, OSError) as error:
            _LOG.info("the relay did not say goodbye: %s", type(error).__name__)
        finally:
            self._drop()

    async def _transaction(self, job: Job) -> Attempt:
        client, reply = await self._begin(job)
        if reply.code != 250:
            return self._answered(reply)
        self._rset_due = True
        reply = await client.execute_command(*envelope.rcpt(job, client.supports_extension))
        if not 250 <= reply.code < 260:
            return self._answered(reply)
        reply = await client.execute_command(b"DATA")
        if reply.code != 354:
            return self._answered(reply)
        attempt = self._answered(await self._message(client, job.what.parts))
        if not client.answers.fit:
            self._drop()
        return attempt

    async def _begin(self, job: Job) -> tuple[_Client, SMTPResponse]:
        """Send MAIL; on a new connection when the relay has ended the kept one meanwhile."""
        client = self._client
        if client is not None and client.is_connected:
            try:
                if self._rset_due:
                    await client.rset()
                    self._rset_due = False
                reply = await self._mail(client, job)
            except (SMTPException, ConnectionError):
                self._drop()
            else:
                if reply.code != 421:
                    return client, reply
        client = await self._connect()
        return client, await self._mail(client, job)

    async def _mail(self, client: _Client, job: Job) -> SMTPResponse:
        return await client.execute_command(*envelope.mail(job, client.supports_extension))

    async def _connect(self) -> _Client:
        """Connect, secure the connection, greet, and log in; nothing is said before it is safe."""
        self._drop()
        place = self._place
        implicit = place.trust.tls is Tls.IMPLICIT
        client = _Client(
            hostname=place.host,
            port=place.port,
            local_hostname=place.name,
            timeout=None,  # one deadline covers the whole attempt
            use_tls=implicit,
            start_tls=False,
            tls_context=place.context if implicit else None,
        )
        self._client = client
        await client.connect()
        client.listen()
        if place.trust.tls is Tls.STARTTLS:
            await client.ehlo()
            if not client.supports_extension("STARTTLS"):
                missing = "it offers no STARTTLS"
                raise SMTPException(missing)
            client.answers.ask()
            secured = client.starttls(tls_context=place.context, server_hostname=place.host)
            client.answers.judged(await secured)
            client.answers.require_fit()
            client.listen()
        if place.context is not None:
            self._require_trusted(client)
        await client.ehlo()
        await self._log_in(client)
        self._ready = True
        place.works()
        return client

    def _require_trusted(self, client: SMTP) -> None:
        session = client.get_transport_info("ssl_object")
        if not isinstance(session, ssl.SSLObject):
            missing = "the connection is not encrypted"
            raise SMTPException(missing)
        objection = self._place.trust.objection(session.getpeercert(binary_form=True))
        if objection:
            raise SMTPException(objection)

    async def _log_in(self, client: SMTP) -> None:
        """Log in where a user is set; whatever the relay answers, its words are not repeated."""
        login = self._place.trust.login
        if login is None:
            return
        ways = {"plain": client.auth_plain, "login": client.auth_login}
        offered = [way for name, way in ways.items() if name in client.server_auth_methods]
        if not offered:
            missing = "it offers neither AUTH PLAIN nor AUTH LOGIN"
            raise SMTPException(missing)
        try:
            await offered[0](login.user, login.password)
        except (SMTPException, OSError) as error:
            refused = f"it does not take relay.user with its password ({_code_alone(error)})"
        else:
            return
        raise SMTPException(refused)

    async def _message(self, client: _Client, parts: Sequence[Lines]) -> SMTPResponse:
        """Send the message, and the final dot only once all before it is out of our hands."""
        protocol, writer = client.protocol, self._writer_of(client)
        if protocol is None or writer is None:
            lost = "connection lost before the message"
            raise SMTPServerDisconnected(lost)
        client.answers.require_fit()
        for piece in envelope.slices([envelope.stuffed(part) for part in parts]):
            writer.write(piece)
            await writer.drain()
        client.answers.ask()
        protocol.write(b".\r\n")
        self._dot_sent = True
        try:
            return client.answers.judged(await protocol.read_response(timeout=None))
        except SMTPResponseException:
            # Its beginning says whether the message was taken; nothing more is said after the rest.
            if client.answers.code is None or client.answers.code // 100 != 2:
                raise
            client.answers.fit = False
            return SMTPResponse(client.answers.code, client.answers.words)

    def _writer_of(self, client: SMTP) -> asyncio.StreamWriter | None:
        """Return the connection's writer, whose drain() waits until everything is sent."""
        transport, protocol = client.transport, client.protocol
        if not isinstance(transport, asyncio.WriteTransport) or not isinstance(
            protocol, SMTPProtocol
        ):
            return None
        if self._writer is None:
            # asyncio's TLS takes an empty buffer for a full one when the limit is 0.
            encrypted = transport.get_extra_info("ssl_object") is not None
            transport.set_write_buffer_limits(high=1 if encrypted else 0, low=0)
            loop = asyncio.get_running_loop()
            self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        return self._writer

    def _answered(self, reply: SMTPResponse) -> Attempt:
        text = printable(answers.told(reply.code, reply.message))
        kind = reply.code // 100
        if self._dot_sent:
            self._rset_due = False
        if self._dot_sent and kind == 2:
            return Attempt(outcome=Outcome.DELIVERED, reply=text)
        if kind == 5:
            return Attempt(outcome=Outcome.REFUSED, reply=text)
        if kind == 4 and reply.code != 421:
            return Attempt(outcome=Outcome.NOT_NOW, reply=text)
        if kind == 4:
            self._dot_sent = False  # 421 is an answer: the relay closes without the message
        return self._lost(text)

    def _lost(self, text: str, logged: str = "") -> Attempt:
        text = printable(text)
        if not self._ready:
            self._place.fails(printable(logged) or text)
        self._drop()
        outcome = Outcome.IN_DOUBT if self._dot_sent else Outcome.NOT_NOW
        return Attempt(outcome=outcome, reply=text)

    def _drop(self) -> None:
        self._ready = False
        self._rset_due = False
        transport = self._client.transport if self._client is not None else None
        if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
            encrypted = transport.get_extra_info("ssl_object") is not None
            if encrypted or transport.get_write_buffer_size():
                transport.abort()  # close() would wait for a peer that does not read or answer
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._client is not None:
            self._client.close()
            self._client = None


def _why(error: Exception) -> str:
    """Return what happened, with the relay's words where it answered."""
    if isinstance(error, SMTPResponseException):
        return answers.told(error.code, error.message)
    return answers.plain(getattr(error, "message", "") or str(error) or type(error).__name__)


def _code_alone(error: Exception) -> str:
    """Return what happened without any word of the relay's: they may be whatever it was told."""
    if isinstance(error, SMTPResponseException):
        return answers.told(error.code, "" if error.code > 0 else error.message)
    return _why(error)
