"""Header blocks are split into fields byte for byte."""

import pytest
from hypothesis import given

from gatekeeper.mail.fields import HeaderField, block_at
from tests.mail.samples import mail_bytes


@given(raw=mail_bytes)
def test_any_block_lies_before_its_body_and_holds_its_fields(raw: bytes) -> None:
    block = block_at(raw, 0, is_boundary=lambda text: text == b"a", at_most=5)
    assert 0 <= block.body_start <= len(raw)
    assert len(block.fields) <= 5
    for each in block.fields:
        assert each.raw in raw[: block.body_start]
        assert each.name.encode() in raw[: block.body_start]


def test_after_so_many_fields_the_text_begins() -> None:
    block = block_at(b"A: 1\n x\nB: 2\nC: 3\n\nbody", 0, is_boundary=bool, at_most=1)
    assert (HeaderField(name="A", raw=b" 1\n x"),) == block.fields
    assert len(b"A: 1\n x\n") == block.body_start


def test_a_boundary_line_ends_the_block() -> None:
    raw = b"A: 1\r\n--a:b\r\nB: 2\r\n\r\n"
    block = block_at(raw, 0, is_boundary=lambda text: text == b"a:b", at_most=9)
    assert [b" 1"] == [each.raw for each in block.fields]
    assert len(b"A: 1\r\n") == block.body_start
    assert not block.problem


def test_a_block_may_begin_in_the_middle() -> None:
    block = block_at(b"skipped\nA: 1\n\nbody", 8, is_boundary=bool, at_most=9)
    assert (HeaderField(name="A", raw=b" 1"),) == block.fields
    assert 14 == block.body_start


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("A", b" x\nB: y"),
        ("A", b" x\n"),
        ("A", b" x\r\n\r\nbody"),
        ("A B", b" x"),
        ("A:B", b" x"),
        ("", b" x"),
        ("Ä", b" x"),
        ("A\n", b" x"),
    ],
)
def test_what_would_be_more_than_one_field_is_refused(name: str, raw: bytes) -> None:
    with pytest.raises(ValueError, match="not one header field"):
        HeaderField(name=name, raw=raw)
