"""What the relay is told before a message: only what it offers, and every address unmistakably."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.protection import Lines
from gatekeeper.outbound import envelope
from tests.outbound.test_relay import CONTENT, job

NOTHING = frozenset[str]()
SIZE = b"SIZE=%d" % len(CONTENT)


def said(offers: frozenset[str], recipient: str, *, answered: bool = True) -> tuple[bytes, bytes]:
    """Return MAIL and RCPT."""
    made = replace(job(1), recipient=Address.parse(recipient), envelope_id="abc.def")
    if not answered:
        made = replace(made, sender=None, envelope_id="")
    has = offers.__contains__
    return b" ".join(envelope.mail(made, has)), b" ".join(envelope.rcpt(made, has))


def test_a_relay_that_offers_nothing_is_told_the_addresses() -> None:
    mail, rcpt = said(NOTHING, "a@b.example")
    assert b"MAIL FROM:<bounces+token@example.org>" == mail
    assert b"RCPT TO:<a@b.example>" == rcpt


def test_reports_are_asked_for_where_they_are_offered() -> None:
    """Of failure and delay, with the header alone (RFC 3461 §4)."""
    mail, rcpt = said(frozenset({"SIZE", "DSN"}), "a+b=c@b.example")
    assert b"MAIL FROM:<bounces+token@example.org> " + SIZE + b" RET=HDRS ENVID=abc.def" == mail
    assert (
        b"RCPT TO:<a+b=c@b.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@b.example" == rcpt
    )


def test_of_what_nobody_may_answer_no_report_is_asked() -> None:
    mail, rcpt = said(frozenset({"DSN"}), "a@b.example", answered=False)
    assert (b"MAIL FROM:<>", b"RCPT TO:<a@b.example> NOTIFY=NEVER") == (mail, rcpt)


def test_an_address_beyond_ascii_is_named_in_ascii() -> None:
    """RFC 6533 §3."""
    _, rcpt = said(frozenset({"DSN"}), "jörg+x@b.example")
    assert rcpt.endswith(b"ORCPT=utf-8;j\\x{F6}rg\\x{2B}x@b.example")


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b".\r\n", b"..\r\n"), (b"a\r\n.b\r\n", b"a\r\n..b\r\n"), (b"a.\r\n", b"a.\r\n")],
)
def test_leading_dots_are_doubled(content: bytes, expected: bytes) -> None:
    assert expected == envelope.stuffed(Lines(content))


@given(st.lists(st.sampled_from([b"", b".", b"..", b"a", b".a"]), min_size=1))
def test_what_is_stuffed_can_be_told_again(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    stuffed = envelope.stuffed(Lines(content)).split(b"\r\n")
    assert lines == [line.removeprefix(b".") for line in stuffed[:-1]]
    assert b"." not in stuffed
