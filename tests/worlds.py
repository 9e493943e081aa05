"""Mail servers of the world outside that speak TLS, as most do, with a certificate of their own."""

import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.sinks import WAIT, LoopThread


class Mailbox:
    """Keeps what arrives, and whether it came over TLS."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[tuple[bytes, bool]] = []
        self._arrived = threading.Condition()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take one message."""
        assert isinstance(envelope.content, bytes)
        with self._arrived:
            self.received.append((envelope.content, session.ssl is not None))
            self._arrived.notify_all()
        return "250 2.0.0 Taken"

    def wait(self, number: int) -> list[tuple[bytes, bool]]:
        """Return what arrived as soon as that many messages have; fails after a while."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= number, WAIT)
            return list(self.received)


def make_certificate(path: Path, name: str, subject: str = "") -> Path:
    """Write a private key and a certificate, signed by itself, into one file; return it.

    `subject` is its subjectAltName (RFC 5280 §4.2.1.6), its name if nothing is given.
    """
    key = path.with_suffix(".key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", str(key)),
            *("-out", str(path), "-addext", f"subjectAltName={subject or f'DNS:{name}'}"),
        ],
        capture_output=True,
        check=True,
    )
    path.write_bytes(key.read_bytes() + path.read_bytes())
    path.chmod(0o600)
    return path


@contextmanager
def tls_world(mailbox: Mailbox | None = None) -> Iterator[Mailbox]:
    """Run a server on a free port of the loopback address that offers STARTTLS."""
    mailbox = mailbox or Mailbox()
    thread = LoopThread()
    with tempfile.TemporaryDirectory(prefix="gk-world-") as folder:
        chain = make_certificate(Path(folder) / "chain.pem", "mx.research.example")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain)

        def session() -> SMTP:
            return SMTP(mailbox, tls_context=context, hostname="mx.example", loop=thread.loop)

        server = thread.run(thread.loop.create_server(session, "127.0.0.1", 0))
        mailbox.port = server.sockets[0].getsockname()[1]
        try:
            yield mailbox
        finally:
            server.close()
            thread.run(server.wait_closed())
            thread.close()
