"""A relay that speaks TLS and asks for a login, and fails at both on demand."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sinks import LoopThread, UnreliableRelay

OFFERS = ("SIZE 52428800", "DSN", "AUTH PLAIN LOGIN", "STARTTLS")
"""What a mail server for submission offers (RFC 6409)."""


class SecuredRelay(UnreliableRelay):
    """An unreliable relay with a certificate: `implicit` from the first byte, else by STARTTLS."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext, *, implicit: bool
    ) -> None:
        super().__init__(loop)
        self.secured: list[str] = []
        self._context = context
        self._implicit = implicit

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        context = self._context if self._implicit else None
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=2**26, ssl=context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await super()._serve(reader, writer)
        except ssl.SSLError:
            # The client went away in the middle of the handshake.
            writer.close()

    def _reply(self, verb: str, path: str) -> str:
        usual = {"STARTTLS": "220 2.0.0 go ahead", "AUTH": "235 2.7.0 welcome"}
        if verb in usual and verb not in {*self.once, *self.faults.replies}:
            return usual[verb]
        return super()._reply(verb, path)

    async def _answered(
        self, line: str, reply: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if writer.get_extra_info("ssl_object") is not None:
            self.secured.append(line)
        if line == "STARTTLS" and reply.startswith("2"):
            await writer.start_tls(self._context)
        if line.startswith("AUTH LOGIN ") and reply.startswith("334"):
            self.commands.append((await reader.readuntil(b"\r\n")).decode().strip())
            writer.write(b"235 2.7.0 welcome\r\n")


@contextmanager
def secured_relay(certificate: Path, *, implicit: bool = False) -> Iterator[SecuredRelay]:
    """Run a relay on its own thread; the file holds its certificate and key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    thread = LoopThread()

    async def make() -> SecuredRelay:
        relay = SecuredRelay(thread.loop, context, implicit=implicit)
        await relay.start()
        return relay

    relay = thread.run(make())
    try:
        yield relay
    finally:
        thread.run(relay.stop())
        thread.close()
