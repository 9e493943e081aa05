"""STARTTLS (RFC 3207) over real sockets: what was said in clear counts for nothing afterwards."""

import contextlib
import gc
import logging
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.domain.address import Address, OwnAddresses, Route
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.certificate import Certificate
from gatekeeper.inbound.clients import Clients
from gatekeeper.inbound.connection import Connection
from gatekeeper.inbound.recipients import Recipients
from tests.inbound.talking import (
    DATA,
    FROM,
    HELLO,
    MAIL,
    RCPT,
    any_certificate,
    ask,
    encrypted,
    everything,
    lines,
    said,
)
from tests.sinks import WAIT, Sink, running_sink
from tests.worlds import make_certificate

OWN = OwnAddresses(security=Address(local="security", domain="example.org"))


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "chain.pem", "mx.example.org")


@pytest.fixture
def sink(pem: Path) -> Iterator[Sink]:
    with running_sink(certificate=Certificate(certificate=pem, key=pem)) as running:
        yield running


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_message_comes_over_tls_and_the_envelope_says_so(
    sink: Sink, version: ssl.TLSVersion
) -> None:
    context = any_certificate()
    context.minimum_version = context.maximum_version = version
    with smtplib.SMTP(sink.host, sink.port, timeout=WAIT) as client:
        client.starttls(context=context)
        client.sendmail("alice@reporter.example", ["security@example.org"], MAIL)
        client.sendmail("alice@reporter.example", ["security@example.org"], MAIL * 5000)
    assert [MAIL, MAIL * 5000] == [received.raw for received in sink.inbox.received]
    said_version = version.name.replace("_", ".")
    assert {(said_version, "ESMTP")} == {
        (received.envelope.tls, received.envelope.protocol) for received in sink.inbox.received
    }


def test_tls_1_1_is_not_spoken(sink: Sink) -> None:
    context = any_certificate()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises(OSError, match=r"(?i)alert|version|reset|eof"):
        encrypted(sink, context)
    assert "250 2.0.0 Ok" == said(sink, b"NOOP\r\n")[1]


def test_it_is_offered_until_it_is_on() -> None:
    with running_sink() as plain:
        assert "500 5.5.2 Command not recognized" == said(plain, HELLO, b"STARTTLS\r\n")[2]


def test_it_is_offered_in_clear_only(sink: Sink) -> None:
    with sink.connect() as client:
        client.sendall(b"EHLO x\r\nSTARTTLS now\r\nQUIT\r\n")
        answers = everything(client)
    assert b"250-STARTTLS\r\n" in answers
    assert b"501 5.5.4 This command takes no argument\r\n" in answers
    with encrypted(sink) as inside:
        inside.sendall(b"EHLO x\r\nSTARTTLS\r\nQUIT\r\n")
        answers = everything(inside)
    assert b"STARTTLS" not in answers
    assert b"503 5.5.1 Bad sequence of commands\r\n" in answers


def test_the_session_begins_anew(sink: Sink) -> None:
    """Name, sender and recipients said in clear are forgotten (RFC 3207 §4.2)."""
    with sink.connect() as client:
        lines(client, 1)
        for command in (HELLO, FROM, RCPT):
            assert ask(client, command).startswith("250")
        assert ask(client, b"STARTTLS\r\n").startswith("220")
        with any_certificate().wrap_socket(client) as inside:
            assert "503 5.5.1 Bad sequence of commands" == ask(inside, b"DATA\r\n")
            assert "503 5.5.1 Bad sequence of commands" == ask(inside, FROM)
            assert ask(inside, HELLO).startswith("250")
            assert ask(inside, FROM).startswith("250")


@pytest.mark.parametrize("behind", [b"NOOP\r\n", HELLO + FROM + RCPT + DATA, b"X", b"\n", b"\0"])
def test_what_is_pipelined_behind_it_in_clear_ends_the_session(
    sink: Sink, behind: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """CVE-2011-0411: it could be somebody else's words in the client's mouth."""
    with caplog.at_level(logging.INFO), sink.connect() as client:
        client.sendall(HELLO + b"STARTTLS\r\n" + behind)
        answers = everything(client)
    assert answers.endswith(b"503 5.5.1 Nothing may follow STARTTLS in clear\r\n")
    assert b"220 2.0.0" not in answers
    assert "commands behind STARTTLS in clear" in caplog.text
    assert [] == sink.inbox.received


@pytest.mark.parametrize("behind", [b"NOOP\r\n", HELLO + FROM + RCPT + DATA])
def test_words_in_clear_instead_of_a_handshake_are_never_commands(
    sink: Sink, behind: bytes
) -> None:
    """Also when they come a moment later; nothing is answered in clear any more."""
    with sink.connect() as client:
        lines(client, 1)
        ask(client, HELLO)
        assert ask(client, b"STARTTLS\r\n").startswith("220")
        client.sendall(behind)
        try:
            answers = everything(client)
        except ConnectionResetError:
            answers = b""
    assert b"250" not in answers
    assert [] == sink.inbox.received
    assert_empty(sink)


def test_replies_to_what_was_said_in_clear_leave_in_clear(sink: Sink) -> None:
    """The first word inside TLS is the answer to the first command inside TLS."""
    with sink.connect() as client:
        lines(client, 1)
        client.sendall(b"NOOP\r\nNOOP\r\nSTARTTLS\r\n")
        assert ["250", "250", "220"] == [line[:3] for line in lines(client, 3)]
        with any_certificate().wrap_socket(client) as inside:
            assert "214 2.0.0 See RFC 5321" == ask(inside, b"HELP\r\n")


@pytest.mark.parametrize("leave", ["close", "reset", "shut"])
def test_a_client_that_leaves_within_the_handshake_leaves_nothing(sink: Sink, leave: str) -> None:
    with sink.connect() as client:
        lines(client, 1)
        assert ask(client, b"STARTTLS\r\n").startswith("220")
        client.sendall(b"\x16\x03\x01\x02\x00\x01")
        if leave == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        elif leave == "shut":
            client.shutdown(socket.SHUT_WR)
            everything(client)
    assert_empty(sink)


def test_failed_handshakes_leave_nothing_in_memory(sink: Sink) -> None:
    """Neither a timer nor anything else holds them: many of them would be an attack."""
    for _ in range(10):
        with sink.connect() as client:
            lines(client, 1)
            assert ask(client, b"STARTTLS\r\n").startswith("220")
            client.sendall(b"no handshake\r\n")
            with contextlib.suppress(ConnectionResetError):
                everything(client)
    assert_empty(sink)
    gc.collect()
    assert [] == [each for each in gc.get_objects() if isinstance(each, Connection)]


def assert_empty(sink: Sink) -> None:
    """See that no connection is counted any more once all have been closed."""
    sink.thread.run(sink.listener.stop())
    assert 0 == sink.listener.clients.open


def test_the_handshake_has_its_time(pem: Path) -> None:
    certificate = Certificate(certificate=pem, key=pem)
    with running_sink(certificate=certificate, limits=IntakeLimits(handshake_wait=SECOND)) as sink:
        with sink.connect() as client:
            lines(client, 1)
            assert ask(client, b"STARTTLS\r\n").startswith("220")
            assert b"" == everything(client)
        assert_empty(sink)


def test_inside_tls_a_client_that_stops_talking_gets_421(pem: Path) -> None:
    limits = IntakeLimits(command_wait=SECOND // 2)
    certificate = Certificate(certificate=pem, key=pem)
    with running_sink(certificate=certificate, limits=limits) as sink, encrypted(sink) as inside:
        assert b"421 4.4.2 Too slow\r\n" == everything(inside)


def test_stopping_ends_sessions_inside_tls(sink: Sink) -> None:
    with encrypted(sink) as inside:
        stopping = sink.thread.begin(sink.listener.stop())
        assert b"421 4.3.2 Going down, try again later\r\n" == everything(inside)
        inside.close()
        stopping.result(WAIT)


def test_a_lenient_end_inside_tls_is_refused_as_in_clear(sink: Sink) -> None:
    with encrypted(sink) as inside:
        inside.sendall(HELLO + FROM + RCPT + b"DATA\r\ntext\r\n.\nMAIL FROM:<x@y.example>\r\n")
        assert everything(inside).endswith(b"554 5.6.0 Bare CR or bare LF in the message\r\n")
    assert [] == sink.inbox.received


@pytest.mark.parametrize("trusted", [True, False])
def test_an_alias_that_takes_no_mail_in_clear(pem: Path, trusted: bool) -> None:
    """530 in clear, taken over TLS; a relay of ours in front is believed to have asked for it."""
    recipients = Recipients(own=OWN, token_key=b"k" * 32, require_tls=frozenset({Route.SECURITY}))
    clients = None if trusted else Clients(limits=IntakeLimits(), trusted=())
    certificate = Certificate(certificate=pem, key=pem)
    with running_sink(certificate=certificate, recipients=recipients, clients=clients) as sink:
        answers = said(sink, HELLO, FROM, RCPT, b"RCPT TO:<postmaster@example.org>\r\n")
        refused = "530 5.7.0 Must issue a STARTTLS command first"
        assert ["250 2.1.5 Recipient ok" if trusted else refused, "250 2.1.5 Recipient ok"] == (
            answers[3:5]
        )
        with encrypted(sink) as inside:
            assert ["250", "250", "250"] == [ask(inside, c)[:3] for c in (HELLO, FROM, RCPT)]
