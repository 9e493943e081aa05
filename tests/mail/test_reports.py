"""Delivery reports give what machines say of each recipient, whatever bytes come as one."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.bounces import Action, Fate, Status
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.reports import DIAGNOSTIC_MAX, FATES_MAX, REMOTE_MAX, fates, is_receipt
from gatekeeper.mail.structure import scan
from tests.mail.samples import LIMITS, mail_bytes
from tests.sampling import tries

HUMAN = "Content-Type: text/plain\r\n\r\nAccess denied, quota exceeded, user unknown, vacation.\r\n"

POSTFIX = """\
Reporting-MTA: dns; relay.example.org
X-Postfix-Queue-ID: 4bXyz
X-Postfix-Sender: rfc822; bounces+x@example.org
Arrival-Date: Thu,  3 Sep 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; carol@team.example
Original-Recipient: rfc822;carol@team.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.team.example
Diagnostic-Code: smtp; 550 5.1.1 <carol@team.example>: Recipient address
    rejected: User unknown in virtual mailbox table
"""

DELAYED = """\
Reporting-MTA: dns; relay.example.org

Final-Recipient: rfc822; carol@team.example
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx.team.example: Connection timed out
Will-Retry-Until: Tue,  8 Sep 2026 12:00:00 +0000 (UTC)
"""

EXCHANGE = """\
Reporting-MTA: dns;exchange.example
Received-From-MTA: dns;relay.example.org
Arrival-Date: Thu, 3 Sep 2026 12:00:00 +0000

Final-Recipient: rfc822;carol@team.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp;554 5.2.2 mailbox full
X-Display-Name: Carol
"""


def report(
    status: str | bytes,
    *,
    kind: str = "message/delivery-status",
    more: str = "",
    human: str = HUMAN,
) -> bytes:
    """Return a mail with a report in it."""
    raw = status.replace("\n", "\r\n").encode() if isinstance(status, str) else status
    return (
        (
            "From: Mail Delivery System <MAILER-DAEMON@relay.example>\r\n"
            "Subject: Undelivered mail\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="=-r"\r\n\r\n'
            f"--=-r\r\n{human}\r\n--=-r\r\nContent-Type: {kind}\r\n{more}\r\n"
        ).encode()
        + raw
        + b"\r\n--=-r--\r\n"
    )


def read(raw: bytes) -> tuple[Fate, ...] | None:
    return fates(scan(raw, LIMITS).root)


def test_a_postfix_report() -> None:
    said = "550 5.1.1 <carol@team.example>: Recipient address"
    said += " rejected: User unknown in virtual mailbox table"
    expected = Fate(
        action=Action.FAILED,
        status=Status(kind=5, subject=1, detail=1),
        diagnostic=said,
        remote="mx.team.example",
    )
    assert (expected,) == read(report(POSTFIX))


def test_a_delay() -> None:
    expected = Fate(
        action=Action.DELAYED,
        status=Status(kind=4, subject=4, detail=1),
        diagnostic="connect to mx.team.example: Connection timed out",
    )
    assert (expected,) == read(report(DELAYED))


def test_an_exchange_report() -> None:
    expected = Fate(
        action=Action.FAILED,
        status=Status(kind=5, subject=2, detail=2),
        diagnostic="554 5.2.2 mailbox full",
    )
    assert (expected,) == read(report(EXCHANGE))


@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_an_internationalised_report(encoding: str) -> None:
    """RFC 6533: the report is in UTF-8, its addresses of the type utf-8, and may be encoded."""
    text = (
        "Reporting-MTA: dns; relay.example.org\n\n"
        "Final-Recipient: utf-8; jos\\x{E9}@пример.example\n"
        "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 нет такого\n"
    )
    raw = text.replace("\n", "\r\n").encode()
    if encoding == "base64":
        raw = base64.encodebytes(raw)
    elif encoding == "quoted-printable":
        raw = quopri.encodestring(raw)
    found = read(
        report(
            raw,
            kind="message/global-delivery-status; charset=utf-8",
            more=f"Content-Transfer-Encoding: {encoding}\r\n",
        )
    )
    expected = Fate(
        action=Action.FAILED,
        status=Status(kind=5, subject=1, detail=1),
        diagnostic="550 5.1.1 нет такого",
    )
    assert (expected,) == found


def test_each_recipient_has_a_fate_also_without_empty_lines() -> None:
    text = (
        "Reporting-MTA: dns; a.example\n"
        "Final-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n"
        "Final-Recipient: rfc822; b@x.example\nAction: delivered\nStatus: 2.1.5\n"
    )
    found = read(report(text))
    assert found is not None
    assert [Action.FAILED, Action.DELIVERED] == [each.action for each in found]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("Status: 5.1.1 (bad destination mailbox address)", "5.1.1"),
        ("Status:4.2.2", "4.2.2"),
        ("Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no such user", "5.1.1"),
        ("Diagnostic-Code: smtp; 550-5.7.1 refused", "5.7.1"),
        ("Diagnostic-Code: SMTP; 550 no such user", "5.0.0"),
        ("Status: 4.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no such user", "4.0.0"),
        ("Diagnostic-Code: smtp; 550 4.1.1 confused", "5.0.0"),
        ("Diagnostic-Code: x-unix; 550 5.1.1 no such user", "None"),
        ("Status: 3.1.1", "None"),
        ("Status: 5.1", "None"),
        ("Status: 5.1.1.1", "None"),
        ("Status: 5.1.1000", "None"),
        ("Status: five", "None"),
        ("Status:", "None"),
    ],
)
def test_the_status_is_the_reports_else_that_of_the_smtp_reply(lines: str, status: str) -> None:
    found = read(report(f"Final-Recipient: rfc822; a@x.example\nAction: failed\n{lines}\n"))
    assert found is not None
    assert [status] == [str(each.status) for each in found]


@pytest.mark.parametrize(
    ("written", "action"),
    [
        ("FAILED", Action.FAILED),
        ("failed (mailbox gone)", Action.FAILED),
        ("relayed", Action.RELAYED),
        ("expanded", Action.EXPANDED),
        ("exploded", None),
        ("", None),
    ],
)
def test_the_action_is_one_of_five_words(written: str, action: Action | None) -> None:
    found = read(report(f"Final-Recipient: rfc822; a@x.example\nAction: {written}\n"))
    assert (Fate(action=action),) == found


def test_what_is_no_report_has_no_fates() -> None:
    """Whatever the words say: subject and text of a mail decide nothing."""
    text = b"Subject: Undelivered: access denied, user unknown\r\n\r\n" + POSTFIX.encode()
    assert read(text) is None
    assert read(b"") is None


def test_an_empty_report_is_one_of_which_nothing_is_known() -> None:
    assert (Fate(),) == read(report(""))
    assert (Fate(),) == read(report("Reporting-MTA: dns; a.example\n"))


def test_a_report_inside_an_attached_mail_is_not_that_mails() -> None:
    inside = report(POSTFIX)
    raw = b'Content-Type: multipart/mixed; boundary="=-o"\r\n\r\n--=-o\r\n'
    raw += b"Content-Type: message/rfc822\r\n\r\n" + inside + b"\r\n--=-o--\r\n"
    assert read(raw) is None


def test_values_are_bounded_printable_lines() -> None:
    long = "x" * 5000
    text = (
        "Final-Recipient: rfc822; a@x.example\nAction: failed\n"
        f"Remote-MTA: dns; \u202e{long}\nDiagnostic-Code: smtp; 550 \x1b[31m{long}\n {long}\n"
    )
    found = read(report(text))
    assert found is not None
    (fate,) = found
    assert (DIAGNOSTIC_MAX, REMOTE_MAX) == (len(fate.diagnostic), len(fate.remote))
    assert is_printable_line(fate.diagnostic)
    assert is_printable_line(fate.remote)


def test_of_many_recipients_the_first_are_read() -> None:
    text = "".join(
        f"\nFinal-Recipient: rfc822; {n}@x.example\nAction: failed\n" for n in range(500)
    )
    found = read(report(text))
    assert found is not None
    assert FATES_MAX == len(found)


@pytest.mark.timeout(20)  # each takes well under a second; what is not linear takes minutes
@pytest.mark.parametrize(
    "text",
    [
        "Action: failed\n" * 200_000,
        " " * 5_000_000,
        "Diagnostic-Code: smtp; 550\n" + " more\n" * 500_000,
        ":" * 3_000_000,
        "a" * 3_000_000,
        "Final-Recipient:\n" * 200_000,
        "\n" * 3_000_000,
    ],
    ids=["actions", "blanks", "folded", "colons", "name", "recipients", "lines"],
)
def test_floods_cost_little(text: str) -> None:
    found = read(report(text))
    assert found is not None
    assert len(found) <= FATES_MAX


_BITS = (
    *("Action: failed\n", "Status: 5.1.1\n", "\n", " ", "Final-Recipient: ", "Diagnostic-Code: "),
    *("smtp; 550 5.1.1", "\x00", "\r", "\u2028", "(", ";", "é", "Remote-MTA: dns; x\n"),
)


@tries(400)
@given(bits=st.lists(st.one_of(st.sampled_from(_BITS), st.text(max_size=4)), max_size=30))
def test_any_report_is_read(bits: list[str]) -> None:
    found = read(report("".join(bits).encode("utf-8", "surrogatepass")))
    assert found
    for each in found:
        assert is_printable_line(each.diagnostic)
        assert is_printable_line(each.remote)
        assert len(each.diagnostic) <= DIAGNOSTIC_MAX


@tries(200)
@given(raw=mail_bytes)
def test_any_bytes_are_read(raw: bytes) -> None:
    for text in (raw, report(raw)):
        found = read(text)
        assert found is None or len(found) <= FATES_MAX


@pytest.mark.parametrize(
    ("kind", "receipt"),
    [
        ("message/disposition-notification", True),
        ("message/global-disposition-notification", True),
        ("message/delivery-status", False),
        ("text/plain", False),
    ],
)
def test_a_receipt_is_told_by_its_type(kind: str, receipt: bool) -> None:
    raw = report("Disposition: manual-action/MDN-sent-manually; displayed\n", kind=kind)
    assert receipt is is_receipt(scan(raw, LIMITS).root)
