"""Transfer encodings are undone; broken ones give what can be read."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.transfer import decode


@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "x-unknown"]))
def test_nothing_raises(body: bytes, encoding: str) -> None:
    assert isinstance(decode(body, encoding), bytes)


@given(st.binary(max_size=300))
def test_base64_comes_back(data: bytes) -> None:
    assert data == decode(base64.encodebytes(data), "base64")


@given(st.binary(max_size=300))
def test_quoted_printable_comes_back(data: bytes) -> None:
    assert data == decode(quopri.encodestring(data, quotetabs=True), "quoted-printable")


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"QUJD*RE\r\nVG", b"ABCDEF"),
        (b"QUJDRA", b"ABCD"),
        (b"QUJDR", b"ABC"),
        (b"QUJDRA=", b"ABCD"),
        (b"Q", b""),
        (b"", b""),
    ],
)
def test_broken_base64_gives_what_is_there(body: bytes, data: bytes) -> None:
    assert data == decode(body, "base64")


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "binary", "x-rot-26"])
def test_other_encodings_change_nothing(encoding: str) -> None:
    assert b"=41\x00\xff" == decode(b"=41\x00\xff", encoding)
