"""SMTP smuggling over a real socket: only the one true end ends a message."""

from collections.abc import Iterator

import pytest

from tests.sinks import Sink, running_sink

HEAD = (
    b"EHLO client.example\r\nMAIL FROM:<a@x.example>\r\n"
    b"RCPT TO:<security@example.org>\r\nDATA\r\nSubject: outer\r\n\r\ntext"
)
HIDDEN = (
    b"MAIL FROM:<admin@victim.example>\r\nRCPT TO:<security@example.org>\r\nDATA\r\n"
    b"Subject: hidden\r\n\r\nbelieve me\r\n.\r\nQUIT\r\n"
)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as running:
        yield running


def everything(sink: Sink, sent: bytes) -> bytes:
    """Send all at once and read until the server closes."""
    received = b""
    with sink.connect() as client:
        client.sendall(sent)
        while chunk := client.recv(65536):
            received += chunk
    return received


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r.\r", b"\n.\r", b"\r\n\0.\n"],
)
def test_no_lenient_end_of_data_hides_a_second_message(sink: Sink, end: bytes) -> None:
    answers = everything(sink, HEAD + end + HIDDEN)
    assert answers.endswith(b"554 5.6.0 Bare CR or bare LF in the message\r\n")
    assert 1 == answers.count(b"354 ")
    assert [] == sink.inbox.received


@pytest.mark.parametrize("end", [b"\r\n.\r\r\n", b"\r\n.\0\r\n", b"\r\n. \r\n", b"\r\n\0.\r\n"])
def test_a_dot_with_company_ends_nothing(sink: Sink, end: bytes) -> None:
    """The hidden commands stay text of the one message, which is kept or refused as a whole."""
    answers = everything(sink, HEAD + end + HIDDEN)
    assert 1 == answers.count(b"354 ")
    for received in sink.inbox.received:
        assert b"admin@victim.example" in received.raw
        assert "a@x.example" == str(received.envelope.sender)
    assert len(sink.inbox.received) <= 1


def test_a_stuffed_dot_is_text(sink: Sink) -> None:
    everything(sink, HEAD + b"\r\n..\r\n.\r\nQUIT\r\n")
    assert b"Subject: outer\r\n\r\ntext\r\n.\r\n" == sink.inbox.received[0].raw


def test_a_nul_in_the_body_is_kept(sink: Sink) -> None:
    everything(sink, HEAD + b"\0\r\n.\r\nQUIT\r\n")
    assert sink.inbox.received[0].raw.endswith(b"text\0\r\n")


@pytest.mark.parametrize(
    "line",
    [
        b"NOOP\n",
        b"NO\rOP\r\n",
        b"NOOP \0\r\n",
        b"NOOP \nMAIL FROM:<>\r\n",
        b"A" * 5000 + b"\nMAIL FROM:<>\r\n",
    ],
)
def test_commands_with_a_bare_end_or_nul_end_the_session(sink: Sink, line: bytes) -> None:
    """Nothing behind one is obeyed: a lenient server in front may have taken it for its text."""
    answers = everything(sink, b"EHLO x\r\n" + line + b"MAIL FROM:<>\r\nQUIT\r\n")
    assert answers.endswith(b"500 5.5.2 Bare CR, bare LF or NUL in a command\r\n")
    assert b"250 2.1.0" not in answers


def test_a_mailer_that_knows_no_cr_is_answered_at_once(sink: Sink) -> None:
    """It gets the reason instead of a time-out."""
    answers = everything(sink, HEAD + b"\nmore\n.\n")
    assert answers.endswith(b"554 5.6.0 Bare CR or bare LF in the message\r\n")


def test_an_encoded_address_is_not_decoded(sink: Sink) -> None:
    """RFC 2047 words belong in headers: one here could hide a line end or another recipient."""
    sent = (
        b"EHLO x\r\nMAIL FROM:<>\r\n"
        b"RCPT TO:<=?utf-8?q?x=0D=0ARCPT_TO=3A=3Csecurity=40example=2Eorg=3E?=>\r\n"
        b"RCPT TO:<=?utf-8?b?c2VjdXJpdHlAZXhhbXBsZS5vcmc=?=>\r\nQUIT\r\n"
    )
    assert 2 == everything(sink, sent).count(b"553 5.1.3 Recipient is not a plain mailbox\r\n")
