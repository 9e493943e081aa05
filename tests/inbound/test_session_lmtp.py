"""LMTP (RFC 2033) on a socket file, with the standard library's client."""

import smtplib
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.session import Listener
from tests.sinks import WAIT, Inbox, LoopThread, Sink, running_sink

MAIL = b"Subject: hello\r\n\r\ntext\r\n"
TRANSACTION = (
    b"LHLO postfix.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<security@example.org>\r\n"
    b"RCPT TO:<root@example.org>\r\nRCPT TO:<abuse@example.org>\r\nDATA\r\n"
)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    inbox = Inbox(known=lambda address: address.local != "root")
    limits = IntakeLimits(message_bytes=1000)
    with running_sink(
        protocol="lmtp", inbox=inbox, limits=limits, path=tmp_path / "lmtp.sock"
    ) as running:
        yield running


def last_lines(sink: Sink, sent: bytes, number: int) -> list[str]:
    """Send all and QUIT; return the last lines before the farewell."""
    received = b""
    with sink.connect() as client:
        client.sendall(sent + b"QUIT\r\n")
        while chunk := client.recv(65536):
            received += chunk
    return received.decode().splitlines()[-1 - number : -1]


def test_one_reply_for_each_accepted_recipient(sink: Sink) -> None:
    replies = last_lines(sink, TRANSACTION + MAIL + b".\r\n", 3)
    assert ["354", "250 2.0.0 Taken", "250 2.0.0 Taken"] == [replies[0][:3], *replies[1:]]
    (received,) = sink.inbox.received
    assert ("local", "LMTP") == (received.envelope.peer, received.envelope.protocol)
    assert 2 == len(received.envelope.recipients)


def test_a_refused_message_is_refused_to_each_recipient(sink: Sink) -> None:
    replies = last_lines(sink, TRANSACTION + b"x" * 1001 + b"\r\n.\r\n", 3)
    assert ["354", "552", "552"] == [reply[:3] for reply in replies]


def test_the_standard_librarys_client_delivers(sink: Sink) -> None:
    assert sink.path is not None
    with smtplib.LMTP(str(sink.path)) as client:
        assert {} == client.sendmail("", ["security@example.org"], MAIL)
    assert MAIL == sink.inbox.received[0].raw
    assert None is sink.inbox.received[0].envelope.sender


def test_smtp_greetings_are_not_spoken_here(sink: Sink) -> None:
    replies = last_lines(sink, b"EHLO x\r\nHELO x\r\n", 2)
    assert ["500", "500"] == [reply[:3] for reply in replies]


def test_the_socket_is_for_owner_and_group_and_goes_with_the_listener(sink: Sink) -> None:
    assert sink.path is not None
    assert 0o660 == stat.S_IMODE(sink.path.stat().st_mode)
    sink.thread.run(sink.listener.stop())
    assert not sink.path.exists()


def test_a_socket_left_behind_is_replaced_a_living_one_is_not(sink: Sink, tmp_path: Path) -> None:
    left = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left))
    with running_sink(protocol="lmtp", path=left) as other, other.connect() as client:
        client.settimeout(WAIT)
        assert b"220 sink.example LMTP\r\n" == client.recv(100)
    assert sink.path is not None
    with pytest.raises(OurFault, match="cannot listen on"):
        sink.thread.run(sink.listener.start(socket=sink.path))
    assert ["250 2.0.0 Ok"] == last_lines(sink, b"NOOP\r\n", 1)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("precious")
    thread = LoopThread()
    listener = Listener(receiver=Inbox(), limits=IntakeLimits(), hostname="x.example")
    try:
        with pytest.raises(OurFault):
            thread.run(listener.start(socket=path))
    finally:
        thread.close()
    assert "precious" == path.read_text()
