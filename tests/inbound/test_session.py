"""SMTP over real sockets, with the standard library's client and with raw bytes."""

import logging
import re
import smtplib
import socket
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import OurFault, Reply
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import MIB, IntakeLimits
from gatekeeper.domain.report import Envelope
from tests.sinks import WAIT, Inbox, Sink, running_sink

MAIL = b"From: Alice <alice@reporter.example>\r\nSubject: hello\r\n\r\ntext\r\n"
START = b"EHLO client.example\r\nMAIL FROM:<alice@reporter.example>\r\n"
RCPT = b"RCPT TO:<security@example.org>\r\n"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as running:
        yield running


def lines(client: socket.socket, number: int) -> list[bytes]:
    """Read exactly that many lines."""
    with client.makefile("rb", buffering=0) as stream:
        return [stream.readline() for _ in range(number)]


def everything(client: socket.socket) -> bytes:
    """Read until the server closes."""
    received = b""
    while chunk := client.recv(65536):
        received += chunk
    return received


def said(sink: Sink, *sent: bytes) -> list[str]:
    """Send all at once, and QUIT; return the codes of the final line of each reply."""
    with sink.connect() as client:
        client.sendall(b"".join(sent) + b"QUIT\r\n")
        return re.findall(r"(?m)^(\d{3}) ", everything(client).decode())


def test_smtplib_delivers_bytes_and_envelope_as_they_were(sink: Sink) -> None:
    """8-bit text, a NUL, dots at line starts, a non-ASCII sender: nothing is changed."""
    raw = b"Subject: \xc3\xa4\r\n\r\n.\r\n..two\r\n\0\xff\xfe\r\n"
    with smtplib.SMTP(sink.host, sink.port, timeout=WAIT) as client:
        client.ehlo("client.example")
        assert client.has_extn("smtputf8")
        client.sendmail(
            "josé@reporter.example",
            ["security@example.org", "Postmaster@EXAMPLE.org"],
            raw,
            mail_options=["SMTPUTF8", "BODY=8BITMIME"],
        )
    (received,) = sink.inbox.received
    assert raw == received.raw
    assert "josé@reporter.example" == str(received.envelope.sender)
    recipients = tuple(str(address) for address in received.envelope.recipients)
    assert ("security@example.org", "Postmaster@EXAMPLE.org") == recipients
    assert ("127.0.0.1", "ESMTP") == (received.envelope.peer, received.envelope.protocol)


def test_many_messages_on_one_connection(sink: Sink) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=WAIT) as client:
        for _ in range(50):
            assert {} == client.sendmail("a@x.example", ["security@example.org"], MAIL)
    assert [MAIL] * 50 == [received.raw for received in sink.inbox.received]


def test_everything_pipelined_at_once(sink: Sink) -> None:
    """RFC 2920: commands and messages sent without waiting are each answered, in order."""
    again = b"MAIL FROM:<>\r\n" + RCPT + b"DATA\r\n" + MAIL + b".\r\n"
    expected = ["220", "250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert expected == said(sink, START, RCPT, b"DATA\r\n", MAIL, b".\r\n", again)
    assert [MAIL, MAIL] == [received.raw for received in sink.inbox.received]


def test_one_byte_at_a_time(sink: Sink) -> None:
    with sink.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in START + RCPT + b"DATA\r\n" + MAIL + b".\r\nQUIT\r\n":
            client.send(bytes([byte]))
        everything(client)
    assert [MAIL] == [received.raw for received in sink.inbox.received]


def test_the_banner_names_no_software_and_no_version(sink: Sink) -> None:
    with sink.connect() as client:
        assert [b"220 sink.example ESMTP\r\n"] == lines(client, 1)


def test_unknown_recipients_are_refused_and_known_ones_served() -> None:
    inbox = Inbox(known=lambda address: address.local == "security")
    with running_sink(inbox=inbox) as sink:
        with smtplib.SMTP(sink.host, sink.port, timeout=WAIT) as client:
            refused = client.sendmail(
                "a@x.example", ["security@example.org", "root@example.org"], MAIL
            )
        assert {"root@example.org": (550, b"5.1.1 No such recipient here")} == refused
        assert 1 == len(inbox.received)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(code=451, enhanced="4.3.0", text="Try again later"), 451),
        (Reply(code=554, enhanced="5.6.0", text="Message refused"), 554),
    ],
)
def test_the_receivers_reply_is_given(sink: Sink, reply: Reply, code: int) -> None:
    sink.inbox.reply = reply
    with smtplib.SMTP(sink.host, sink.port, timeout=WAIT) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("a@x.example", ["security@example.org"], MAIL)
        assert code == refused.value.smtp_code
        sink.inbox.reply = Reply(code=250, enhanced="2.0.0", text="Taken")
        client.sendmail("a@x.example", ["security@example.org"], MAIL)


def test_an_error_of_ours_is_temporary_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong in the receiver, the client reads 451, and nobody a secret."""

    class Broken(Inbox):
        def accept(self, raw: bytes, envelope: Envelope) -> "Future[Reply]":
            raise OSError(28, "No space left, said canary@secret.example")

    def knows(address: Address) -> bool:
        if address.local == "broken":
            raise LookupError("canary@secret.example")
        return True

    with caplog.at_level(logging.DEBUG), running_sink(inbox=Broken(known=knows)) as sink:
        with sink.connect() as client:
            broken = b"RCPT TO:<broken@example.org>\r\n"
            client.sendall(START + broken + RCPT + b"DATA\r\n" + MAIL + b".\r\nQUIT\r\n")
            answers = everything(client)
        assert 2 == answers.count(b"451 4.3.0 Try again later\r\n")
        assert answers.endswith(b"221 2.0.0 Bye\r\n")
    assert b"canary" not in answers
    assert "canary" not in caplog.text
    assert "OSError" in caplog.text


def test_logs_hold_no_address_and_no_content(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        said(sink, START, RCPT, b"NONSENSE canary\r\nDATA\r\n", MAIL, b".\r\n")
    assert "message answered 250" in caplog.text
    for secret in ("alice", "reporter.example", "security", "hello", "127.0.0.1", "canary"):
        assert secret not in caplog.text


def test_a_large_message_within_the_limits(sink: Sink) -> None:
    raw = b"Subject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * (25 * MIB // 78)
    with smtplib.SMTP(sink.host, sink.port, timeout=WAIT) as client:
        client.sendmail("a@x.example", ["security@example.org"], raw)
    assert raw == sink.inbox.received[0].raw


def test_what_is_too_large_is_refused_and_the_session_goes_on() -> None:
    limits = IntakeLimits(message_bytes=1000)
    big = b"\r\n" + b"x" * 998 + b"\r\n"
    with running_sink(limits=limits) as sink:
        codes = said(sink, START, RCPT, b"DATA\r\n", big, b".\r\n", b"MAIL FROM:<>\r\n")
        assert ["552", "250", "221"] == codes[-3:]
        assert [] == sink.inbox.received
        assert limits.bytes_in_flight == sink.listener.budget.free(favoured=True)


def test_bytes_in_flight_are_bounded_over_all_sessions() -> None:
    """While a stored message waits for its commit, another gets 452; afterwards it is taken."""
    limits = IntakeLimits(message_bytes=1000, bytes_in_flight=1000)
    raw = b"\r\n" + b"x" * 600 + b"\r\n"
    message = b"MAIL FROM:<>\r\n" + RCPT + b"DATA\r\n" + raw + b".\r\n"
    with running_sink(limits=limits) as sink:
        sink.inbox.held = True
        with sink.connect() as first:
            first.sendall(b"EHLO x\r\n" + message)
            sink.inbox.wait(1)
            sink.inbox.held = False
            assert ["452", "221"] == said(sink, b"EHLO x\r\n", message)[-2:]
            sink.inbox.answer()
            first.sendall(b"QUIT\r\n")
            everything(first)
        assert ["250", "221"] == said(sink, b"EHLO x\r\n", message)[-2:]
        assert 1000 == sink.listener.budget.free(favoured=True)


def test_more_connections_than_allowed_get_421() -> None:
    with running_sink(limits=IntakeLimits(connections=1)) as sink:
        with sink.connect() as first:
            assert b"220" == lines(first, 1)[0][:3]
            with sink.connect() as second:
                assert b"421 4.7.0 Too many connections\r\n" == everything(second)
            first.sendall(b"QUIT\r\n")
            everything(first)
        assert ["220", "221"] == said(sink)


@pytest.mark.parametrize(
    "sent", [b"", b"EHLO x\r\n", b"NOOP", START + RCPT + b"DATA\r\nSubject: x\r\n"]
)
def test_a_client_that_stops_talking_gets_421(sent: bytes) -> None:
    limits = IntakeLimits(command_wait=SECOND // 10, data_wait=SECOND // 10)
    with running_sink(limits=limits) as sink, sink.connect() as client:
        client.sendall(sent)
        assert everything(client).endswith(b"421 4.4.2 Too slow\r\n")


def test_a_client_that_leaves_after_the_dot_is_still_served() -> None:
    """The message is stored and its bytes are given back, though nobody reads the reply."""
    with running_sink() as sink:
        sink.inbox.held = True
        with sink.connect() as client:
            # linger 0: the connection is reset, not closed in order
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(START + RCPT + b"DATA\r\n" + MAIL + b".\r\n")
            sink.inbox.wait(1)
        assert ["220", "221"] == said(sink)
        sink.inbox.answer()
        sink.thread.run(sink.listener.stop())
        assert IntakeLimits().bytes_in_flight == sink.listener.budget.free(favoured=True)


def test_a_client_that_leaves_within_the_message_leaves_nothing() -> None:
    with running_sink() as sink:
        with sink.connect() as client:
            client.sendall(START + RCPT + b"DATA\r\n" + MAIL)
            client.shutdown(socket.SHUT_WR)
            everything(client)
        assert [] == sink.inbox.received
        assert IntakeLimits().bytes_in_flight == sink.listener.budget.free(favoured=True)


def test_stopping_answers_what_was_accepted_and_refuses_the_rest() -> None:
    with running_sink() as sink:
        sink.inbox.held = True
        with sink.connect() as busy, sink.connect() as idle:
            lines(idle, 1)
            busy.sendall(START + RCPT + b"DATA\r\n" + MAIL + b".\r\n")
            sink.inbox.wait(1)
            stopping = sink.thread.begin(sink.listener.stop())
            assert b"421 4.3.2 Going down, try again later\r\n" == everything(idle)
            sink.inbox.answer()
            assert everything(busy).endswith(
                b"250 2.0.0 Taken\r\n421 4.3.2 Going down, try again later\r\n"
            )
            stopping.result(WAIT)
        with pytest.raises(ConnectionRefusedError):
            sink.connect()


def test_a_port_in_use_is_one_clear_sentence(sink: Sink) -> None:
    with pytest.raises(OurFault) as refused:
        sink.thread.run(sink.listener.start(host=sink.host, port=sink.port))
    assert f"cannot listen on 127.0.0.1 port {sink.port} (" in refused.value.diagnostics()
    assert 75 == refused.value.exit_code
