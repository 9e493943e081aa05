"""Sentences that tests say to a listener, in clear or over TLS, and what they read back."""

import re
import socket
import ssl

from tests.sinks import WAIT, Sink

MAIL = b"From: Alice <alice@reporter.example>\r\nSubject: hello\r\n\r\ntext\r\n"
HELLO = b"EHLO client.example\r\n"
FROM = b"MAIL FROM:<alice@reporter.example>\r\n"
RCPT = b"RCPT TO:<security@example.org>\r\n"
DATA = b"DATA\r\n" + MAIL + b".\r\n"


def everything(client: socket.socket) -> bytes:
    """Read until the server closes."""
    received = b""
    while chunk := client.recv(65536):
        received += chunk
    return received


def lines(client: socket.socket, number: int) -> list[str]:
    """Read exactly that many lines."""
    with client.makefile("rb", buffering=0) as stream:
        return [stream.readline().decode().rstrip("\r\n") for _ in range(number)]


def said(sink: Sink, *sent: bytes) -> list[str]:
    """Send all at once, and QUIT; return the final line of each reply."""
    with sink.connect() as client:
        client.sendall(b"".join(sent) + b"QUIT\r\n")
        return re.findall(r"(?m)^(\d{3} [^\r\n]*)", everything(client).decode())


def ask(client: socket.socket, command: bytes) -> str:
    """Send one command and return the final line of its reply."""
    client.sendall(command)
    with client.makefile("rb", buffering=0) as stream:
        while (line := stream.readline().decode())[3:4] == "-":
            pass
    return line.rstrip("\r\n")


def any_certificate() -> ssl.SSLContext:
    """Return a client's context that takes any certificate, as most mail servers do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def encrypted(sink: Sink, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """Return a session that has just gone over to TLS."""
    client = sink.connect()
    lines(client, 1)
    ask(client, HELLO)
    assert "220 2.0.0 Ready to start TLS" == ask(client, b"STARTTLS\r\n")
    inside = (context or any_certificate()).wrap_socket(client)
    inside.settimeout(WAIT)
    return inside
