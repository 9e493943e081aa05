"""The first bytes tell whether binary data begins like an encrypted message or like a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.packet_start import are_signatures, starts_encrypted, starts_key


@given(st.binary(max_size=20))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert starts_encrypted(data) in {True, False}
    assert starts_key(data) in {True, False}
    assert are_signatures(data) in {True, False}


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


@pytest.mark.parametrize(
    "head",
    [
        b"\x98\x33\x04....\x16",
        b"\x99\x01\x0d\x04....\x01",
        b"\xc6\x33\x04....\x16",
        b"\xc6\xff\x00\x00\x00\x33\x06....\x1b",
        b"\x94\x33\x04....\x16",
        b"\xc5\xc1\x20\x04....\x01",
        b"\x99\x01\x0d\x03......\x01",
    ],
)
def test_primary_keys(head: bytes) -> None:
    """Public and secret ones, of every version, also those that are refused later."""
    assert starts_key(head + bytes(20))
    assert not starts_encrypted(head + bytes(20))


@pytest.mark.parametrize(
    "head",
    [
        b"\x98\x33\x04....\x63",
        b"\x98\x33\x09....\x16",
        b"\xb8\x33\x04....\x16",
        b"\x85\x01\x0c\x03....\x01",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0........",
        b"-----BEGIN",
        b"",
    ],
)
def test_what_is_no_key(head: bytes) -> None:
    assert not starts_key(head + bytes(20))


@pytest.mark.parametrize(
    "head",
    [
        b"\xc2\x64",
        b"\xc2\xc0\x08",
        b"\xc2\xff\x00\x00\x00\x64",
        b"\x88\x64",
        b"\x89\x01\x00",
        b"\x8a\x00\x00\x01\x00",
    ],
)
def test_signature_packets_alone_are_signatures(head: bytes) -> None:
    """Each kind of length (RFC 9580 §4.2) is counted, and a byte more or less is no signature."""
    size = {0x64: 100, 0xC0: 200}.get(head[1], 100 if head[1] == 0xFF else 256)
    packet = head + b"\x04" + bytes(size - 1)
    assert are_signatures(packet)
    assert are_signatures(packet * 2)
    assert not are_signatures(packet[:-1])
    assert not are_signatures(packet + b"x")


@pytest.mark.parametrize("data", [b"", b"\x8b\x04" + bytes(20), b"\xc2\xe4\x04" + bytes(20)])
def test_packets_without_a_length_are_no_signatures(data: bytes) -> None:
    assert not are_signatures(data)
