"""Sealed mail is made of exactly session key packets and one encrypted packet, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.protection import Sealed
from gatekeeper.pgp import armor, assembly, fanout
from gatekeeper.pgp.assembly import SharedPacket
from gatekeeper.pgp.crc24 import crc24
from tests.keys import gpg, short_home
from tests.pgp import crafting

HEAD = b"Subject: [x]\r\n\r\n--b\r\n\r\n"
TAIL = b"\r\n--b--\r\n"
KEYS = crafting.packet(1, b"\x03" + bytes(8) + b"\x12" + bytes(80))
SHARED = crafting.packet(18, b"\x01" + bytes(range(256)) * 4)


def assemble(key_packets: bytes = KEYS, shared: bytes = SHARED) -> Sealed:
    return fanout.assemble(frame_head=HEAD, key_packets=key_packets, shared=shared, frame_tail=TAIL)


@given(
    st.lists(st.integers(min_value=1, max_value=700), min_size=1, max_size=4),
    st.integers(min_value=1, max_value=60_000),
)
def test_the_mail_holds_exactly_both_in_even_lines(sizes: list[int], size: int) -> None:
    """For every length of key packets, the armor is the one that is made in one go."""
    keys = b"".join(crafting.packet(1, bytes(length)) for length in sizes)
    shared = crafting.packet(18, b"\x01" + bytes(size))
    content = assemble(keys, shared).content
    block = armor.armor(armor.Kind.MESSAGE, keys + shared, newline=b"\r\n")
    assert HEAD + block + TAIL == content


def test_one_shared_packet_serves_recipients_with_different_keys() -> None:
    packet = SharedPacket(SHARED)
    for length in (20, 94, 271, 524, 94):
        keys = crafting.packet(1, bytes(length))
        once = packet.assemble(frame_head=HEAD, key_packets=keys, frame_tail=TAIL)
        assert assemble(keys).content == once.content


def test_equally_long_key_packets_share_the_lines_of_the_packet() -> None:
    packet = SharedPacket(SHARED)
    first, second, other = (
        packet.assemble(
            frame_head=HEAD, key_packets=crafting.packet(1, octet * length), frame_tail=TAIL
        )
        for octet, length in ((b"a", 94), (b"b", 94), (b"a", 95))
    )
    assert first.parts[1] is second.parts[1]
    assert first.parts[0].content != second.parts[0].content
    assert first.parts[1].content != other.parts[1].content


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "_KEPT_MAX", 3000)
    packet = SharedPacket(SHARED)
    for length in (20, 94, 271, 20):
        keys = crafting.packet(1, bytes(length))
        once = packet.assemble(frame_head=HEAD, key_packets=keys, frame_tail=TAIL)
        assert assemble(keys).content == once.content


def test_gpg_reads_what_is_assembled() -> None:
    content = assemble().content.removeprefix(HEAD).removesuffix(TAIL)
    with short_home() as home:
        assert KEYS + SHARED == gpg(home, "--dearmor", given=content)


@pytest.mark.parametrize(
    "key_packets",
    [
        b"",
        b"plain",
        KEYS[:-1],
        SHARED,
        KEYS + crafting.literal(b"secret"),
        crafting.literal(b"secret"),
        KEYS * 65,
    ],
)
def test_other_key_packets_are_no_mail(key_packets: bytes) -> None:
    with pytest.raises(OurFault, match="key packets"):
        assemble(key_packets=key_packets)


@pytest.mark.parametrize(
    "shared",
    [
        b"",
        b"plain text",
        crafting.literal(b"secret"),
        crafting.compressed(crafting.literal(b"secret")),
        crafting.packet(9, bytes(40)),
        crafting.packet(18, b"\x02" + bytes(40)),
        crafting.packet(18, b""),
        SHARED + SHARED,
        SHARED + crafting.literal(b"secret"),
        KEYS + SHARED,
        SHARED[:-1],
    ],
)
def test_other_data_is_no_mail(shared: bytes) -> None:
    with pytest.raises(OurFault, match="shared packet"):
        assemble(shared=shared)


def test_a_letter_of_a_mebibyte_is_armored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work that depends on the letter's size is done once, not for each recipient."""
    packet = SharedPacket(crafting.packet(18, b"\x01" + bytes(1 << 20)))
    worked: list[int] = []
    lines, checksum = armor.lines, crc24

    def counting_lines(data: bytes, newline: bytes) -> bytes:
        worked.append(len(data))
        return lines(data, newline)

    def counting_checksum(data: bytes, *before: int) -> int:
        worked.append(len(data))
        return checksum(data, *before)

    monkeypatch.setattr(armor, "lines", counting_lines)
    monkeypatch.setattr("gatekeeper.pgp.assembly.crc24", counting_checksum)
    sealed = {
        packet.assemble(frame_head=HEAD, key_packets=KEYS, frame_tail=TAIL).content
        for _ in range(20)
    }
    assert 1 == len(sealed)
    assert 2 == sum(octets > 1 << 19 for octets in worked)
    assert 2 * 20 == sum(octets <= len(KEYS) + 48 for octets in worked)
