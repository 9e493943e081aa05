"""Header fields inside the encryption are read where the payload declares them."""

import pytest
from hypothesis import given

from gatekeeper.domain.instants import rfc3339
from gatekeeper.mail.compose import inner
from gatekeeper.mail.protect import ProtectedHeaders, protected
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
