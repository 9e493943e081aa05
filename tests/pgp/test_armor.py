"""Armor is what gpg reads and writes; its checksum is never ignored."""

import binascii
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.pgp import armor, crc24
from gatekeeper.pgp.armor import BadArmor, Kind
from tests.keys import gpg, short_home
from tests.sampling import tries

_SMALL = armor.armor(Kind.MESSAGE, b"\x80hello armor")


@tries(40)
@given(st.binary(min_size=1, max_size=400), st.sampled_from([b"\n", b"\r\n"]))
def test_gpg_reads_our_armor(data: bytes, newline: bytes) -> None:
    text = armor.armor(Kind.MESSAGE, data, newline=newline)
    with short_home() as home:
        assert data == gpg(home, "--dearmor", given=text)


@tries(40)
@given(st.binary(min_size=1, max_size=400))
def test_we_read_the_armor_of_gpg(data: bytes) -> None:
    with short_home() as home:
        text = gpg(home, "--enarmor", given=data)
    (block,) = armor.dearmor(text)
    assert (data, "ARMORED FILE") == (block.data, block.kind)
    assert block.headers.keys() == {"Comment"}


@given(
    st.binary(max_size=300),
    st.sampled_from(list(Kind)),
    st.sampled_from([b"\n", b"\r\n", b" \t\r\n"]),
    st.binary(max_size=50).filter(lambda text: b"-" not in text),
)
def test_line_ends_and_leading_text_do_not_matter(
    data: bytes, kind: Kind, newline: bytes, before: bytes
) -> None:
    text = armor.armor(kind, data).replace(b"\n", newline)
    (block,) = armor.dearmor(before + b"\n" + text + b"after")
    assert (kind, data) == (block.kind, block.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """One way to write a block of armor; `checksum` may be right, wrong or absent."""

    kind: Kind
    newline: bytes
    blanks: bytes
    header: bytes
    before: bytes
    width: int
    blank_line: bool
    checksum: bool | None

    def text(self, data: bytes) -> bytes:
        """Return the block, and text before it."""
        base64 = binascii.b2a_base64(data, newline=False)
        body = [base64[at : at + self.width] for at in range(0, len(base64), self.width)]
        name = b"PGP " + self.kind.encode() + b"-----"
        head = [line for line in (self.before, b"-----BEGIN " + name, self.header) if line]
        empty = [b""] if self.blank_line else []
        lines = [*head, *empty, *body, *self._sum(data), b"-----END " + name]
        return b"".join(line + self.blanks + self.newline for line in lines)

    def _sum(self, data: bytes) -> list[bytes]:
        if self.checksum is None:
            return []
        number = crc24.crc24(data) ^ (not self.checksum)
        return [b"=" + binascii.b2a_base64(number.to_bytes(3, "big"), newline=False)]


SPELLINGS = st.builds(
    Spelling,
    kind=st.sampled_from(list(Kind)),
    newline=st.sampled_from([b"\n", b"\r\n"]),
    blanks=st.sampled_from([b"", b" ", b"\t "]),
    header=st.sampled_from([b"", b"Version: x", b"Comment: a: b", b"Charset: utf-8"]),
    before=st.sampled_from([b"", b"hello", b"> quoted", b"Header: value"]),
    width=st.sampled_from([4, 60, 64, 76]),
    blank_line=st.booleans(),
    checksum=st.sampled_from([True, False, None]),
)


@pytest.fixture(scope="module")
def empty_home() -> Iterator[Path]:
    with short_home() as home:
        yield home


@tries(100)
@given(data=st.binary(min_size=1, max_size=300), spelling=SPELLINGS)
def test_every_spelling_is_read_as_gpg_reads_it_but_for_three(
    empty_home: Path, data: bytes, spelling: Spelling
) -> None:
    """Where gpg is content we read the same. It differs from us in these three, and in no more.

    - a wrong checksum: we refuse the block, gpg writes the data and ends with 2;
    - no line between headers and data: we read it, gpg reads it and ends with 2;
    - no checksum behind whole groups of three octets: we read it, gpg 2.2 loses the end.
    """
    text = spelling.text(data)
    if spelling.checksum is False:
        with pytest.raises(BadArmor, match="checksum"):
            armor.dearmor(text)
    else:
        (block,) = armor.dearmor(text)
        assert (spelling.kind, data) == (block.kind, block.data)
    command = ["gpg", "--homedir", str(empty_home), "--batch", "--no-options", "--dearmor"]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    if spelling.checksum and spelling.blank_line:
        assert (0, data) == (done.returncode, done.stdout)
    if done.returncode == 0:
        assert data == done.stdout


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"=", b"*="), "not base64"),
        ((b"END PGP MESSAGE", b"END PGP SIGNATURE"), "no end"),
        ((b"\n=", b"\nAAAA\n="), "checksum"),
    ],
)
def test_what_gpg_forgives_and_we_do_not(
    empty_home: Path, change: tuple[bytes, bytes], reason: str
) -> None:
    """Strange characters, another end, more data: gpg writes something all the same."""
    text = _SMALL.replace(*change)
    assert _SMALL != text
    with pytest.raises(BadArmor, match=reason):
        armor.dearmor(text)
    command = ["gpg", "--homedir", str(empty_home), "--batch", "--no-options", "--dearmor"]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    assert done.stdout.startswith(b"\x80hello armor"[:12])


@given(st.binary(min_size=1, max_size=90), st.data())
def test_one_changed_octet_of_base64_is_noticed(data: bytes, draw: st.DataObject) -> None:
    text = bytearray(armor.armor(Kind.MESSAGE, data))
    start = text.index(b"\n\n") + 2
    length = len(armor.lines(data, b"\n").rstrip(b"=\n"))
    at = draw.draw(st.integers(min_value=start, max_value=start + length - 1))
    others = [octet for octet in b"ABCDwxyz0189+/" if octet != text[at]]
    text[at] = draw.draw(st.sampled_from(others))
    if _ignored_bits_only(bytes(text), data):
        return
    with pytest.raises(BadArmor):
        armor.dearmor(bytes(text))


def _ignored_bits_only(text: bytes, data: bytes) -> bool:
    """Say whether only the bits changed that base64 leaves unused before its padding."""
    without_checksum = b"\n".join(line for line in text.split(b"\n") if line[:1] != b"=")
    return armor.dearmor(without_checksum)[0].data == data


@given(st.binary(max_size=500))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    try:
        assert armor.dearmor(data) == ()
    except BadArmor:
        pytest.fail("no block begins here")


@given(st.binary(max_size=200))
def test_any_octets_inside_a_block_are_read_or_refused(data: bytes) -> None:
    text = b"-----BEGIN PGP MESSAGE-----\n\n" + data + b"\n-----END PGP MESSAGE-----\n"
    try:
        found = armor.dearmor(text)
    except BadArmor:
        return
    assert found[0].kind == Kind.MESSAGE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_SMALL.partition(b"-----END")[0], id="no end"),
        pytest.param(_SMALL.replace(b"END PGP MESSAGE", b"END PGP SIGNATURE"), id="other end"),
        pytest.param(_SMALL.replace(b"\n\n", b"\n\n*"), id="not base64"),
        pytest.param(_SMALL.replace(b"\n\n", b"\n\nA"), id="a letter too many"),
    ],
)
def test_a_broken_block_is_refused(text: bytes) -> None:
    with pytest.raises(BadArmor):
        armor.dearmor(text)


def test_armor_without_a_checksum_is_read() -> None:
    text = b"\n".join(line for line in _SMALL.split(b"\n") if line[:1] != b"=")
    assert b"\x80hello armor" == armor.dearmor(text)[0].data


def test_several_blocks_and_the_frame_of_a_cleartext_signature() -> None:
    clear = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\ntext\n"
    text = clear + armor.armor(Kind.SIGNATURE, b"\x88s") + b"between\n" + _SMALL
    kinds = [block.kind for block in armor.dearmor(text)]
    assert [Kind.SIGNATURE, Kind.MESSAGE] == kinds


def test_headers_are_kept_and_a_missing_blank_line_is_forgiven() -> None:
    text = _SMALL.replace(b"-----\n\n", b"-----\nVersion: 1\nComment: a: b\n", 1)
    (block,) = armor.dearmor(text)
    assert {"Version": "1", "Comment": "a: b"} == block.headers
    assert b"\x80hello armor" == block.data


@pytest.mark.parametrize("headers", [b"Key: v\n" * 60, b"Key: v\n" * 49])
def test_endless_headers_are_given_up(headers: bytes) -> None:
    text = b"-----BEGIN PGP MESSAGE-----\n" + headers + b"-----END PGP MESSAGE-----\n"
    if len(headers) // 7 < 50:
        assert b"" == armor.dearmor(text)[0].data
    else:
        with pytest.raises(BadArmor):
            armor.dearmor(text)


def test_empty_data_is_a_block_without_lines() -> None:
    assert b"" == armor.lines(b"", b"\n")
    assert b"" == armor.dearmor(armor.armor(Kind.MESSAGE, b""))[0].data


def test_binary_is_told_from_armor_by_its_first_octet() -> None:
    assert [True, False, False] == [armor.is_binary(one) for one in (b"\x85\x01", b"-----", b"")]


def _plain_crc24(data: bytes, crc: int) -> int:
    """The reference of RFC 4880 §6.1, one bit at a time."""
    for octet in data:
        crc ^= octet << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc & 0xFFFFFF


@given(
    st.binary(min_size=1, max_size=64),
    st.integers(min_value=0, max_value=40_000),
    st.integers(min_value=0, max_value=0xFFFFFF),
)
def test_the_checksum_is_the_reference_at_every_length(
    seed: bytes, length: int, start: int
) -> None:
    data = (seed * (length // len(seed) + 1))[:length]
    assert _plain_crc24(data, start) == crc24.crc24(data, start)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_checksums_of_two_parts_make_that_of_both(left: bytes, right: bytes) -> None:
    joined = crc24.shift(crc24.crc24(left), len(right)) ^ crc24.crc24(right, 0)
    assert crc24.crc24(left + right) == joined
