"""Header fields inside the encryption are read where the payload declares them."""

import pytest
from hypothesis import given

from gatekeeper.domain.instants import rfc3339
from gatekeeper.mail import parse
from gatekeeper.mail.compose import inner
from gatekeeper.mail.protect import OUTER_MAX, ProtectedHeaders, differences, protected
from tests.hostile.making import mail
from tests.mail.samples import LIMITS, letterhead, mail_bytes, part_of


@given(raw=mail_bytes)
def test_any_payload_is_read(raw: bytes) -> None:
    assert isinstance(protected(part_of(raw), LIMITS), ProtectedHeaders | None)


@pytest.mark.parametrize(
    "mark",
    ['hp="cipher"', "hp=clear", 'protected-headers="v1"', "HP=Cipher", "Protected-Headers=V1"],
)
def test_declared_fields_are_read(mark: str) -> None:
    raw = mail(b"", f"Content-Type: text/plain; {mark}".encode(), b"References: <2@x.example>")
    found = protected(part_of(raw), LIMITS)
    assert found is not None
    assert "A report" == found.subject
    assert ["reporter@reporter.example"] == [str(each.address) for each in found.from_]
    assert found.date is not None
    assert "2026-09-03T12:00:00Z" == rfc3339(found.date)
    assert "<1@reporter.example>" == found.message_id
    assert ("<2@x.example>",) == found.references


@pytest.mark.parametrize("mark", ["hp=none", "protected-headers=v2", "x=y"])
def test_undeclared_fields_are_not_read(mark: str) -> None:
    assert (
        protected(part_of(mail(b"", f"Content-Type: text/plain; {mark}".encode())), LIMITS) is None
    )


def test_what_is_not_there_is_none() -> None:
    found = protected(part_of(b"Content-Type: text/plain; hp=cipher\r\n\r\n"), LIMITS)
    assert ProtectedHeaders() == found


def test_an_empty_subject_is_a_subject() -> None:
    found = protected(part_of(b"Content-Type: text/plain; hp=cipher\r\nSubject:\r\n\r\n"), LIMITS)
    assert ProtectedHeaders(subject="") == found


def test_our_own_letters_are_read_back() -> None:
    head = letterhead(subject="Ein Loch im Zaun – größer als gedacht")
    raw = inner(head=head, outer_subject="x", block="b", content=None, header_block=b"")
    found = protected(part_of(raw), LIMITS)
    assert found is not None
    assert head.subject == found.subject
    assert head.date == found.date
    assert head.message_id == found.message_id
    assert head.references == found.references


def payload(*fields: str) -> ProtectedHeaders:
    raw = "".join(f"{each}\r\n" for each in ("Content-Type: text/plain; hp=cipher", *fields))
    found = protected(part_of(f"{raw}\r\n".encode()), LIMITS)
    assert found is not None
    return found


def test_recipients_and_answers_are_read() -> None:
    found = payload("To: a@x.example, B <b@x.example>", "Cc: c@x.example", "Reply-To: d@x.example")
    read = (found.to, found.cc, found.reply_to)
    assert [["a@x.example", "b@x.example"], ["c@x.example"], ["d@x.example"]] == [
        [str(box.address) for box in boxes] for boxes in read
    ]


def test_what_stood_outside_is_read_as_the_sender_says_it() -> None:
    named = "HP-Outer: To: =?utf-8?q?J=C3=B6?=\r\n <j@x.example>"
    spoiled = ("HP-Outer:", "HP-Outer: none", "HP-Outer: X: a: b")
    found = payload("HP-Outer: Subject: [...]", named, *spoiled)
    expected = (("Subject", "[...]"), ("To", "Jö <j@x.example>"), ("X", "a: b"))
    assert expected == found.outer
    assert OUTER_MAX == len(payload(*["HP-Outer: A: b"] * 500).outer)


def told(inside: ProtectedHeaders, *outside: str) -> list[str]:
    raw = "".join(f"{each}\r\n" for each in outside).encode() + b"\r\n"
    return list(differences(parse.read(raw, LIMITS), inside))


FROM = "From: Robin <robin@x.example>"
DATE = "Date: Thu, 03 Sep 2026 12:00:00 +0000"


@pytest.mark.parametrize("inside", [(), (FROM,), (DATE,), ("From: ROBIN@X.example", DATE)])
def test_what_agrees_is_not_told(inside: tuple[str, ...]) -> None:
    assert [] == told(payload(*inside), FROM, "Date: Thu, 03 Sep 2026 14:00:00 +0200")


@pytest.mark.parametrize(
    ("inside", "shown"),
    [
        ("From: Eve <eve@x.example>", '"eve@x.example"'),
        ("From: robin@x.example, eve@x.example", '"robin@x.example"'),
        ("From:", '""'),
        ("From: nobody", '"nobody"'),
        ('From: "a\\"b" <no address>', '"a\'b"'),
        ("From: =?utf-8?q?a=0D=0ASignature=3A_good?= <>", '"a Signature: good"'),
        (f"From: {'x' * 500}", f'"{"x" * 99}…"'),
    ],
)
def test_another_sender_inside_is_told_in_one_bounded_line(inside: str, shown: str) -> None:
    (line,) = told(payload(inside), FROM)
    assert f"inside it says that it is from another sender than outside: {shown}" == line


@pytest.mark.parametrize("outside", ["From: robin@x.example, eve@x.example", f"{FROM}\r\n{FROM}"])
def test_several_senders_outside_agree_with_none(outside: str) -> None:
    assert 1 == len(told(payload(FROM), outside))


def test_another_date_inside_is_told() -> None:
    (line,) = told(payload("Date: Thu, 03 Sep 2026 12:00:01 +0000"), FROM, DATE)
    assert "inside it says that it was written at another time than outside" == line
    assert [] == told(payload(DATE), FROM)
