"""Envelope paths are read letter by letter, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Reply
from gatekeeper.inbound.paths import (
    BAD_PARAMETER,
    BAD_RECIPIENT,
    BAD_SENDER,
    NEEDS_SMTPUTF8,
    SYNTAX,
    UNKNOWN_PARAMETER,
    MailFrom,
    RcptTo,
    mail_from,
    rcpt_to,
)

ALICE = Address(local="alice", domain="reporter.example")
JOSE = Address(local="josé", domain="reporter.example")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("FROM:<alice@reporter.example>", (ALICE, 0, False)),
        ("from: <alice@reporter.example>", (ALICE, 0, False)),
        ("FROM:<>", (None, 0, False)),
        ("FROM:<> SIZE=12 BODY=8BITMIME", (None, 12, False)),
        ("FROM:<alice@reporter.example> size=7 body=7bit smtputf8", (ALICE, 7, True)),
        ("FROM:<josé@reporter.example> SMTPUTF8", (JOSE, 0, True)),
    ],
)
def test_a_plain_sender_is_read(argument: str, expected: tuple[Address | None, int, bool]) -> None:
    sender, size, smtputf8 = expected
    read = mail_from(argument, extended=True)
    assert MailFrom(sender=sender, size=size, smtputf8=smtputf8) == read


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", SYNTAX),
        ("alice@reporter.example", SYNTAX),
        ("FROM:alice@reporter.example", SYNTAX),
        ("FROM:<alice@reporter.example", SYNTAX),
        ("FROM:<alice@reporter.example>SIZE=1", SYNTAX),
        ("FROM:<alice@reporter.example> \t", SYNTAX),
        ("FROM:<a@x.example><b@x.example>", SYNTAX),
        ("FROM:<alice\x00@reporter.example>", SYNTAX),
        ("FROM:<=?utf-8?q?alice=40reporter.example?=>", BAD_SENDER),
        ("FROM:<=?utf-8?q?a=0D=0ARCPT?=@reporter.example", SYNTAX),
        ('FROM:<"al ice"@reporter.example>', SYNTAX),
        ('FROM:<"alice"@reporter.example>', BAD_SENDER),
        ("FROM:<alice(comment)@reporter.example>", BAD_SENDER),
        ("FROM:<@relay.example:alice@reporter.example>", BAD_SENDER),
        ("FROM:<alice@[192.0.2.1]>", BAD_SENDER),
        ("FROM:<alice>", BAD_SENDER),
        ("FROM:<postmaster>", BAD_SENDER),
        ("FROM:<josé@reporter.example>", NEEDS_SMTPUTF8),
        ("FROM:<> SIZE=", BAD_PARAMETER),
        ("FROM:<> SIZE=-1", BAD_PARAMETER),
        ("FROM:<> SIZE=99999999999999999999999", BAD_PARAMETER),
        ("FROM:<> SIZE=1 SIZE=2", BAD_PARAMETER),
        ("FROM:<> SIZE=١", BAD_PARAMETER),
        ("FROM:<> BODY=BINARYMIME", BAD_PARAMETER),
        ("FROM:<> SMTPUTF8=yes", BAD_PARAMETER),
        ("FROM:<> RET=FULL", UNKNOWN_PARAMETER),
    ],
)
def test_any_other_sender_is_refused(argument: str, expected: Reply) -> None:
    assert expected == mail_from(argument, extended=True)


def test_parameters_need_ehlo() -> None:
    assert BAD_PARAMETER == mail_from("FROM:<> SIZE=1", extended=False)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("TO:<alice@reporter.example>", RcptTo(recipient=ALICE)),
        ("to: <alice@reporter.example>", RcptTo(recipient=ALICE)),
        ("TO:<Postmaster>", RcptTo(recipient=None)),
        ("TO:<>", BAD_RECIPIENT),
        ("TO:<=?utf-8?q?security?=@example.org>", None),
        ("TO:<=?utf-8?b?c2VjdXJpdHlAZXhhbXBsZS5vcmc=?=>", BAD_RECIPIENT),
        ("TO:<alice@reporter.example> NOTIFY=NEVER", UNKNOWN_PARAMETER),
        ("TO:<alice@reporter.example> =", BAD_PARAMETER),
        ("TO:<josé@reporter.example>", NEEDS_SMTPUTF8),
        ("FROM:<alice@reporter.example>", SYNTAX),
    ],
)
def test_recipients_are_read_as_strictly(argument: str, expected: RcptTo | Reply | None) -> None:
    """An encoded word is at most a strange local part, never what it decodes to."""
    if expected is None:
        local = "=?utf-8?q?security?="
        expected = RcptTo(recipient=Address(local=local, domain="example.org"))
    assert expected == rcpt_to(argument, smtputf8=False)


@given(st.text(max_size=60), st.booleans())
def test_whatever_is_read_was_written_there(text: str, extended: bool) -> None:
    """A sender is only ever the exact characters between the brackets; nothing raises."""
    read = mail_from(f"FROM:{text}", extended=extended)
    if isinstance(read, MailFrom):
        assert f"<{read.sender or ''}>" in text


@given(st.text(max_size=60))
def test_whatever_recipient_is_read_was_written_there(text: str) -> None:
    read = rcpt_to(f"TO:{text}", smtputf8=True)
    if isinstance(read, RcptTo):
        assert f"<{read.recipient or 'postmaster'}>" in (text if read.recipient else text.lower())
