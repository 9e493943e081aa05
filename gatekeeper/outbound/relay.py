"""9. Hand to the relay over a few kept connections, and record each recipient's reply.

What an answer means for a delivery:

| what happened | outcome |
| --- | --- |
| 2yz after the final dot | delivered |
| 5yz to MAIL, RCPT, DATA or the message | refused |
| 4yz to any of them; no connection, no greeting, no EHLO | not now |
| connection lost or deadline over before the final dot was sent | not now |
| the same after it, or an answer that is none | in doubt: it may have arrived |
| free text in clear, and no port where TLS to the recipient is enforced | refused |
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol

from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.protection import ClearReply
from gatekeeper.outbound.job import Job

_log = logging.getLogger("gatekeeper.outbound")

REPLY_LENGTH: Final = 500
"""Printable characters kept of a reply."""

SLICE: Final = 256 * 1024
"""Bytes of a message that are handed to the socket at once."""

QUIT_WAIT: Final = 2 * SECOND

CLOSED: Final = Attempt(
    outcome=Outcome.REFUSED,
    reply="not sent: free text in clear needs relay.clear_port, which is not set",
)
"""What becomes of a ClearReply where no port is for it."""

Record = Callable[[Job, Attempt], None]
"""Commits an attempt's outcome; run on a thread."""


class Relay:
    """The relay behind us; `wait` is the time for one attempt in microseconds.

    `name` is what it is greeted with · `clear_port` the one port to which a ClearReply goes: the
    operator's mail server lets nothing pass there without TLS to the recipient. One call of
    `deliver_all` at a time, all on one event loop.
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
    ) -> None:
        self._wait = wait
        # The machine's own name is not told.
        name = name if name.isascii() else "localhost"
        self._lines: list[_Way] = [
            _Line(host=host, port=port, wait=wait, name=name) for _ in range(connections)
        ]
        self._clear: _Way = _Closed()
        if clear_port is not None:
            self._clear = _Line(host=host, port=clear_port, wait=wait, name=name)

    async def deliver_all(self, jobs: Sequence[Job], record: Record) -> None:
        """Attempt each job once and have its outcome recorded; one refusal stops no other.

        A connection takes its next job only after `record` has returned. No attempt begins later
        than `wait` after the call: what was not begun is not recorded and becomes due again when
        its lease, longer than twice `wait`, has ended. When `record` raises, no further job is
        begun and the error is raised once the attempts under way are recorded; the same when the
        call is cancelled.
        """
        clear = deque(job for job in jobs if isinstance(job.what, ClearReply))
        others = deque(job for job in jobs if not isinstance(job.what, ClearReply))
        waiting = (others, clear)
        until = asyncio.get_running_loop().time() + self._wait / SECOND
        ways = [(line, others) for line in self._lines[: len(others)]]
        ways += [(self._clear, clear)] if clear else []
        lanes = (_lane(way, mine, waiting, until, record) for way, mine in ways)
        ended = await asyncio.gather(*lanes, return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error

    async def close(self) -> None:
        """Say goodbye on every connection; one that does not answer is cut."""
        await asyncio.gather(*(way.quit() for way in (*self._lines, self._clear)))


async def _lane(
    way: "_Way",
    mine: deque[Job],
    waiting: Sequence[deque[Job]],
    until: float,
    record: Record,
) -> None:
    """Attempt jobs of `mine` one after the other; whatever goes wrong ends all that is waiting."""
    loop = asyncio.get_running_loop()
    while mine and loop.time() <= until:
        job = mine.popleft()
        turn = asyncio.create_task(_turn(way, job, record))
        try:
            await asyncio.shield(turn)
        except asyncio.CancelledError:
            # Breaking off between the relay's answer and its mark would send the mail twice.
            _drop_all(waiting)
            await turn
            raise
        except BaseException:
            _drop_all(waiting)
            raise


def _drop_all(waiting: Sequence[deque[Job]]) -> None:
    for jobs in waiting:
        jobs.clear()


async def _turn(way: "_Way", job: Job, record: Record) -> None:
    attempt = await way.attempt(job)
    _log.info("delivery attempted: %s", attempt.outcome)
    await asyncio.to_thread(record, job, attempt)


class _Way(Protocol):
    """Where a job can be handed over."""

    async def attempt(self, job: Job, /) -> Attempt:
        """Return what one attempt came to."""

    async def quit(self) -> None:
        """Say goodbye and close."""


class _Closed:
    """The way for free text in clear where the operator has not opened one."""

    async def attempt(self, _job: Job, /) -> Attempt:
        """Refuse the job, whatever it is."""
        return CLOSED

    async def quit(self) -> None:
        """Nobody is there."""


class _Line:
    """One connection, made when it is needed and kept from job to job; EHLO is said once."""

    def __init__(self, *, host: str, port: int, wait: int, name: str) -> None:
        self._name = name
        self._host = host
        self._port = port
        self._wait = wait
        self._client: SMTP | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._rset_due = False
        self._dot_sent = False

    async def attempt(self, job: Job) -> Attempt:
        """Return what one attempt came to; never raises for what a relay or network may do."""
        self._dot_sent = False
        try:
            async with asyncio.timeout(self._wait / SECOND):
                return await self._transaction(job)
        except TimeoutError:
            return self._lost("no answer in time")
        except (SMTPException, OSError) as error:
            return self._lost(_why(error))

    async def quit(self) -> None:
        """Say goodbye and close."""
        try:
            async with asyncio.timeout(QUIT_WAIT / SECOND):
                if self._client is not None and self._client.is_connected:
                    await self._client.execute_command(b"QUIT")
        except (TimeoutError, SMTPException, OSError) as error:
            _log.info("the relay did not say goodbye: %s", type(error).__name__)
        finally:
            self._drop()

    async def _transaction(self, job: Job) -> Attempt:
        client, reply = await self._begin(job)
        if reply.code == 250:
            self._rset_due = True
            reply = await client.execute_command(b"RCPT", b"TO:" + _path(str(job.recipient)))
        if 250 <= reply.code < 260:
            reply = await client.execute_command(b"DATA")
        if reply.code == 354:
            reply = await self._message(client, job.what.content)
        return self._answered(reply)

    async def _begin(self, job: Job) -> tuple[SMTP, SMTPResponse]:
        """Send MAIL; on a new connection when the relay has ended the kept one meanwhile."""
        client = self._client
        if client is not None and client.is_connected:
            try:
                if self._rset_due:
                    await client.rset()
                    self._rset_due = False
                reply = await client.execute_command(*_mail(client, job))
            except (SMTPException, ConnectionError):
                self._drop()
            else:
                if reply.code != 421:
                    return client, reply
        client = await self._connect()
        return client, await client.execute_command(*_mail(client, job))

    async def _connect(self) -> SMTP:
        """Connect and greet."""
        self._drop()
        client = SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._name,
            timeout=None,  # one deadline covers the whole attempt
            use_tls=False,
            start_tls=False,
        )
        self._client = client
        await client.connect()
        await client.ehlo()
        return client

    async def _message(self, client: SMTP, content: bytes) -> SMTPResponse:
        """Send the message, and the final dot only once all before it is out of our hands."""
        protocol, writer = client.protocol, self._writer_of(client)
        if protocol is None or writer is None:
            lost = "connection lost before the message"
            raise SMTPServerDisconnected(lost)
        stuffed = memoryview(_stuffed(content))
        for start in range(0, len(stuffed), SLICE):
            # In slices: the transport copies whatever the socket does not take at once.
            writer.write(stuffed[start : start + SLICE])
            await writer.drain()
        protocol.write(b".\r\n")
        self._dot_sent = True
        return await protocol.read_response(timeout=None)

    def _writer_of(self, client: SMTP) -> asyncio.StreamWriter | None:
        """Return the connection's writer, whose drain() waits until everything is sent."""
        transport, protocol = client.transport, client.protocol
        if not isinstance(transport, asyncio.WriteTransport) or not isinstance(
            protocol, SMTPProtocol
        ):
            return None
        if self._writer is None:
            transport.set_write_buffer_limits(high=0)
            loop = asyncio.get_running_loop()
            self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        return self._writer

    def _answered(self, reply: SMTPResponse) -> Attempt:
        text = _printable(f"{reply.code} {reply.message}")
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

    def _lost(self, text: str) -> Attempt:
        self._drop()
        outcome = Outcome.IN_DOUBT if self._dot_sent else Outcome.NOT_NOW
        return Attempt(outcome=outcome, reply=_printable(text))

    def _drop(self) -> None:
        self._rset_due = False
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._client is not None:
            transport = self._client.transport
            if isinstance(transport, asyncio.WriteTransport) and transport.get_write_buffer_size():
                transport.abort()  # close() would wait for a peer that does not read
            self._client.close()
            self._client = None


def _mail(client: SMTP, job: Job) -> tuple[bytes, ...]:
    """Return MAIL with the parameters that the relay offers (SIZE) or the addresses need."""
    words = [b"MAIL", b"FROM:" + _path(str(job.sender or ""))]
    if client.supports_extension("SIZE"):
        words.append(b"SIZE=%d" % len(job.what.content))
    addresses = (job.recipient, *((job.sender,) if job.sender else ()))
    if any(address.needs_smtputf8 for address in addresses):
        words.append(b"SMTPUTF8")
    return tuple(words)


def _path(address: str) -> bytes:
    return b"<" + address.encode() + b">"


def _stuffed(content: bytes) -> bytes:
    """Return the lines with each leading dot doubled (RFC 5321 §4.5.2)."""
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _why(error: Exception) -> str:
    if isinstance(error, SMTPException) and hasattr(error, "code"):
        return f"{error.code} {error.message}"
    return getattr(error, "message", "") or str(error) or type(error).__name__


def _printable(text: str) -> str:
    words = "".join(letter if letter.isprintable() else " " for letter in text).split()
    return " ".join(words)[:REPLY_LENGTH]
