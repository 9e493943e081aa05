"""The first bytes tell whether binary data begins like an encrypted OpenPGP message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.packet_start import starts_encrypted


@given(st.binary(max_size=20))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert starts_encrypted(data) in {True, False}


@pytest.mark.parametrize(
    "head",
    [
        b"\xc1\x5e\x03",
        b"\xc1\xc0\x20\x03",
        b"\xc1\xff\x00\x00\x00\x5e\x03",
        b"\x84\x5e\x03",
        b"\x85\x01\x0c\x03",
        b"\x86\x00\x00\x01\x0c\x03",
        b"\xc1\x5e\x06",
        b"\xc3\x0d\x04",
        b"\x8c\x0d\x04",
    ],
)
def test_session_key_packets(head: bytes) -> None:
    assert starts_encrypted(head + bytes(20))
    assert not starts_encrypted(head)


@pytest.mark.parametrize(
    "head",
    [
        b"-----BEGIN",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"PK\x03\x04",
        b"\x1f\x8b\x08\x00",
        b"\x99\x01\x0d\x04",
        b"\xc6\x33\x04",
        b"\xc1\x5e\x09",
        b"\xd2\xc0\x01\x01",
        b"",
    ],
)
def test_other_data(head: bytes) -> None:
    assert not starts_encrypted(head + bytes(20))
