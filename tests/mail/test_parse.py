"""A mail becomes one value, whatever is missing or doubled in it."""

import pytest
from hypothesis import given

from gatekeeper.domain.instants import rfc3339
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.parse import Mail, read
from tests.hostile.making import mail
from tests.mail.samples import LIMITS, any_limits, mail_bytes
from tests.sampling import tries
from tests.torture import torture


def addresses_of(found: Mail) -> list[str]:
    return [str(each.address) for each in found.from_]


@tries(400)
@given(raw=mail_bytes, limits=any_limits)
def test_any_bytes_are_a_mail(raw: bytes, limits: ReadingLimits) -> None:
    found = read(raw, limits)
    assert raw == found.raw == found.root.entity
    for text in (found.subject, found.auto_submitted, *found.loop_tokens, *found.problems):
        assert is_printable_line(text)


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize("name", sorted(torture()))
def test_torture_mails_are_read_in_bounded_time(name: str) -> None:
    raw = torture()[name]
    found = read(raw, LIMITS)
    assert len(found.subject) <= LIMITS.header_value_bytes


def test_an_ordinary_mail() -> None:
    found = read(
        mail(
            b"text\r\n",
            b"Cc: C <c@reporter.example>",
            b"Reply-To: r@reporter.example",
            b"In-Reply-To: <3@x.example>",
            b"References: <1@x.example> <2@x.example>\r\n <3@x.example>",
            b"Auto-Submitted: Auto-Replied (vacation); x=y",
            b"X-Gatekeeper-Loop: one",
            b"x-gatekeeper-loop: two",
        ),
        LIMITS,
    )
    assert "A report" == found.subject
    assert ["reporter@reporter.example"] == addresses_of(found)
    assert "A Reporter" == found.from_[0].display
    assert ["security@security.example.org"] == [str(each.address) for each in found.to]
    assert ["C"] == [each.display for each in found.cc]
    assert ["r@reporter.example"] == [str(each.address) for each in found.reply_to]
    assert found.date is not None
    assert "2026-09-03T12:00:00Z" == rfc3339(found.date)
    assert "<1@reporter.example>" == found.message_id
    assert ("<1@x.example>", "<2@x.example>", "<3@x.example>") == found.references
    assert "auto-replied" == found.auto_submitted
    assert ("one", "two") == found.loop_tokens
    assert () == found.problems
    assert "text" not in repr(found)


def test_in_reply_to_alone_is_a_reference() -> None:
    assert ("<3@x.example>",) == read(mail(b"", b"In-Reply-To: <3@x.example>"), LIMITS).references


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no-from", "no From"),
        ("no-date", "no Date"),
        ("absurd-date", "a Date that is none"),
        ("missing-closing-boundary", "a multipart without its closing boundary"),
    ],
)
def test_what_is_missing_is_said(name: str, problem: str) -> None:
    assert (problem,) == read(torture()[name], LIMITS).problems


def test_all_from_fields_count() -> None:
    expected = ["one@reporter.example", "two@reporter.example", "three@reporter.example"]
    assert expected == addresses_of(read(torture()["two-from"], LIMITS))


def test_names_of_fields_have_no_case() -> None:
    found = read(torture()["upper-case"], LIMITS)
    assert ["REPORTER@REPORTER.EXAMPLE"] == addresses_of(found)
    assert "LOUD" == found.subject


def test_only_so_many_loop_tokens_are_read() -> None:
    assert 20 == len(read(mail(b"", *[b"X-Gatekeeper-Loop: x"] * 99), LIMITS).loop_tokens)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"Precedence: Bulk (really)", ("bulk", False, False, False)),
        (b"List-Unsubscribe: <mailto:x@a.example>", ("", True, False, False)),
        (b"LIST-ID:", ("", True, False, False)),
        (b"Listen: x", ("", False, False, False)),
        (b"X-Auto-Response-Suppress: All", ("", False, True, False)),
        (b"Content-Type: multipart/report; boundary=a", ("", False, False, True)),
        (b"Content-Type: multipart/mixed; boundary=a", ("", False, False, False)),
    ],
)
def test_signs_of_a_program(field: bytes, expected: tuple[str, bool, bool, bool]) -> None:
    """What the rules on automatic answers need to know of a mail (RFC 3834 §2)."""
    found = read(field + b"\r\n\r\nx", LIMITS)
    assert expected == (found.precedence, found.listed, found.suppressed, found.report)
