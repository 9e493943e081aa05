"""Packets are divided as gpg divides them, and only sound messages pass the screen."""

import re
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.protection import UnreadableReason
from gatekeeper.pgp import packets
from gatekeeper.pgp.packets import NotPackets, SplitMessage, Unsound
from tests.keys import Key, gpg, short_home
from tests.pgp import crafting
from tests.pgp.conftest import Desk
from tests.sampling import tries

_LISTED = re.compile(rb"^# off=(\d+) ctb=[0-9a-f]+ tag=(\d+) hlen=(\d+) plen=(\d+)", re.MULTILINE)
_KEY_ID = "0123456789ABCDEF"


def _header(tag: int, length: int, form: str) -> bytes:
    forms = {
        "old1": lambda: bytes([0x80 | tag << 2]) + length.to_bytes(1, "big"),
        "old2": lambda: bytes([0x81 | tag << 2]) + length.to_bytes(2, "big"),
        "old4": lambda: bytes([0x82 | tag << 2]) + length.to_bytes(4, "big"),
        "new1": lambda: bytes([0xC0 | tag, length]),
        "new2": lambda: bytes([0xC0 | tag]) + (length - 192 + 0xC000).to_bytes(2, "big"),
        "new5": lambda: bytes([0xC0 | tag, 255]) + length.to_bytes(4, "big"),
    }
    return forms[form]()


_BODIES = st.one_of(
    st.tuples(st.sampled_from(["old1", "old2", "old4", "new1", "new5"]), st.binary(max_size=191)),
    st.tuples(st.sampled_from(["old2", "new2", "new5"]), st.binary(min_size=192, max_size=1500)),
)


@tries(40)
@given(st.lists(_BODIES, min_size=1, max_size=12))
def test_every_length_form_is_read_as_gpg_reads_it(drawn: list[tuple[str, bytes]]) -> None:
    stream = b"".join(_header(13, len(body), form) + body for form, body in drawn)
    with short_home() as home:
        listed = _LISTED.findall(gpg(home, "--list-packets", given=stream))
    theirs = [tuple(int(number) for number in row) for row in listed]
    ours = [(p.start, p.tag, p.body - p.start, p.end - p.body) for p in packets.walk(stream)]
    assert theirs == ours


@pytest.fixture(scope="module")
def empty_home() -> Iterator[Path]:
    with short_home() as home:
        yield home


def listed(home: Path, stream: bytes) -> list[tuple[int, ...]]:
    """Return gpg's offset, tag, octets of header and of body of each packet it lists."""
    command = ["gpg", "--homedir", str(home), "--batch", "--no-options", "--list-packets"]
    done = subprocess.run(command, input=stream, capture_output=True, check=False)
    return [tuple(int(number) for number in row) for row in _LISTED.findall(done.stdout)]


_TAGS = st.sampled_from([13, 21, 40, 60, 61])
"""A user ID, and kinds that gpg does not know; it wants sense in the others."""


@tries(60)
@given(
    rows=st.lists(st.tuples(_BODIES, _TAGS), max_size=8),
    octets=st.integers(min_value=4096, max_value=9000),
    power=st.none() | st.integers(min_value=9, max_value=12),
)
def test_packets_of_every_kind_are_divided_as_gpg_divides_them(
    empty_home: Path,
    rows: list[tuple[tuple[str, bytes], int]],
    octets: int,
    power: int | None,
) -> None:
    """Old and new headers, known tags and unknown, and at the end what tells no length before it.

    After a packet in partial lengths gpg's listing ends; that we go on is shown below.
    """
    stream = _header(13, 1, "new1") + b"u"
    for (form, body), tag in rows:
        stream += _header(13 if form.startswith("old") else tag, len(body), form) + body
    content = b"b\x00" + bytes(4 + octets)
    end = b"\xaf" + content if power is None else crafting.partial(11, content, power)
    ours = list(packets.walk(stream + end))
    told = [(p.start, p.tag, p.body - p.start, p.end - p.body) for p in ours[:-1]]
    theirs = listed(empty_home, stream + end)
    assert theirs[:-1] == told
    assert theirs[-1][:2] == (ours[-1].start, ours[-1].tag)
    assert ours[-1].partial
    assert len(stream + end) == ours[-1].end


@tries(40)
@given(st.binary(max_size=5000), st.none() | st.integers(min_value=9, max_value=12))
def test_the_pieces_of_a_packet_hold_what_gpg_takes_out_of_them(
    empty_home: Path, text: bytes, power: int | None
) -> None:
    content = b"b\x00" + bytes(4) + text
    stream = crafting.packet(11, content) if power is None else crafting.partial(11, content, power)
    (packet,) = packets.walk(stream)
    pieces = [stream[start:end] for start, end in packets.spans(stream, packet)]
    assert content == b"".join(pieces)
    assert text == gpg(empty_home, "--decrypt", given=stream)


@tries(60)
@given(st.binary(min_size=1024, max_size=5000), st.integers(min_value=0, max_value=10))
def test_partial_lengths_are_followed_to_the_last(body: bytes, power: int) -> None:
    stream = crafting.partial(11, body, power) + crafting.packet(13, b"after")
    first, second = packets.walk(stream)
    assert (11, 0, True) == (first.tag, first.start, first.partial)
    assert (first.end, len(stream)) == (second.start, second.end)


@given(st.binary(max_size=300))
def test_any_octets_are_walked_or_refused(data: bytes) -> None:
    try:
        found = list(packets.walk(data))
    except NotPackets:
        return
    spans = [(packet.start, packet.end) for packet in found]
    assert b"".join(data[start:end] for start, end in spans) == data


@given(st.binary(max_size=300))
def test_the_screen_never_raises(data: bytes) -> None:
    assert isinstance(packets.screen(data), SplitMessage | Unsound)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x41text", id="no packet"),
        pytest.param(b"\xc1", id="no length"),
        pytest.param(b"\xc1\xc0", id="half a length"),
        pytest.param(b"\xc1\x05abc", id="cut body"),
        pytest.param(b"\xc1\xe0a", id="partial length without an end"),
        pytest.param(b"\xc1\xe0a\x00", id="partial lengths for a key packet"),
        pytest.param(b"\x87abc", id="open-ended key packet"),
    ],
)
def test_what_is_not_whole_packets_is_refused(raw: bytes) -> None:
    with pytest.raises(NotPackets):
        list(packets.walk(raw))


def test_a_packet_of_old_format_may_be_open_ended() -> None:
    (only,) = packets.walk(b"\xa7abc")
    assert (9, 1, 4) == (only.tag, only.body, only.end)


def test_endless_tiny_pieces_are_given_up() -> None:
    stream = b"\xd2" + b"\xe0a" * 100_001 + b"\x00"
    with pytest.raises(NotPackets):
        list(packets.walk(stream))


def _keys(count: int, key_id: str = "", tag: int = 1) -> bytes:
    ids = [key_id or f"{number:016X}" for number in range(1, count + 1)]
    return b"".join(
        crafting.packet(tag, b"\x03" + bytes.fromhex(one) + b"\x01\x00\x08\xff") for one in ids
    )


_DATA = crafting.packet(18, b"\x01" + bytes(40))
_PASSWORD = crafting.packet(3, b"\x04\x09\x00\x08")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", UnreadableReason.MALFORMED),
        (b"hello", UnreadableReason.MALFORMED),
        (_keys(1), UnreadableReason.MALFORMED),
        (_DATA, UnreadableReason.MALFORMED),
        (_PASSWORD + _DATA, UnreadableReason.PASSWORD_ONLY),
        (_keys(1) + crafting.packet(9, bytes(40)), UnreadableReason.NO_INTEGRITY),
        (_keys(1) + crafting.packet(18, b"\x02" + bytes(40)), UnreadableReason.MALFORMED),
        (_keys(1) + crafting.packet(18, b""), UnreadableReason.MALFORMED),
        (_keys(1) + _DATA + _DATA, UnreadableReason.AMBIGUOUS),
        (_keys(1) + _DATA + crafting.literal(b"more"), UnreadableReason.AMBIGUOUS),
        (_keys(1) + _DATA + _keys(1), UnreadableReason.AMBIGUOUS),
        (_keys(1) + crafting.literal(b"posing"), UnreadableReason.MALFORMED),
        (crafting.literal(b"before") + _keys(1) + _DATA, UnreadableReason.MALFORMED),
        (crafting.packet(1, b"\x06" + bytes(20)) + _DATA, UnreadableReason.MALFORMED),
        (crafting.packet(1, b"\x03short") + _DATA, UnreadableReason.MALFORMED),
        (_keys(201) + _DATA, UnreadableReason.TOO_MANY_KEYS),
        (_keys(5, packets.ANONYMOUS) + _DATA, UnreadableReason.TOO_MANY_KEYS),
        (_keys(3, _KEY_ID) + _DATA, UnreadableReason.TOO_MANY_KEYS),
    ],
)
def test_an_unsound_message_is_refused_with_its_reason(
    message: bytes, reason: UnreadableReason
) -> None:
    refused = packets.screen(message)
    assert isinstance(refused, Unsound)
    assert reason is refused.reason


@pytest.mark.parametrize(
    "keys",
    [_keys(200), _keys(4, packets.ANONYMOUS), _keys(2, _KEY_ID)],
    ids=["many", "anonymous", "same"],
)
def test_as_many_keys_as_allowed_pass(keys: bytes) -> None:
    assert isinstance(packets.screen(keys + _DATA), SplitMessage)


def test_a_refused_message_still_names_its_keys() -> None:
    refused = packets.screen(_keys(1, _KEY_ID) + _DATA + _DATA)
    assert isinstance(refused, Unsound)
    assert (_KEY_ID,) == refused.key_ids


@pytest.mark.parametrize(
    ("flood", "reason"),
    [
        pytest.param(b"\xca\x00", UnreadableReason.MALFORMED, id="markers"),
        pytest.param(b"\xc3\x00", UnreadableReason.MALFORMED, id="passwords"),
        pytest.param(b"\xfc\x00", UnreadableReason.MALFORMED, id="private"),
        pytest.param(b"\xc1\x00", UnreadableReason.TOO_MANY_KEYS, id="keys"),
    ],
)
def test_a_flood_of_packets_is_not_read_to_its_end(flood: bytes, reason: UnreadableReason) -> None:
    """A megabyte of packets of two octets would be a hundred as values."""
    message = flood * 500_000 + _keys(1) + _DATA
    tracemalloc.start()
    refused = packets.screen(message)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refused, Unsound)
    assert reason is refused.reason
    assert peak < 1_000_000


def test_a_thousand_packets_are_read() -> None:
    fits = b"\xca\x00" * (packets.PACKETS_MAX - 2) + _keys(1) + _DATA
    assert isinstance(packets.screen(fits), SplitMessage)
    assert isinstance(packets.screen(b"\xca\x00" + fits), Unsound)


def test_packets_of_one_kind_are_picked_out() -> None:
    stream = _keys(1) + crafting.packet(12, b"\x00\x03") + _DATA + crafting.packet(12, b"")
    assert _keys(1) + _DATA == packets.only(stream, packets.DATA | {packets.SESSION_KEY})
    with pytest.raises(NotPackets):
        packets.only(stream + b"x", packets.DATA)


def test_password_packets_and_markers_beside_key_packets_are_dropped() -> None:
    marker = crafting.packet(10, b"PGP")
    message = packets.screen(marker + _PASSWORD + _keys(1, _KEY_ID) + _DATA)
    assert isinstance(message, SplitMessage)
    assert _keys(1, _KEY_ID) + _DATA == message.joined()


def test_a_message_of_gpg_comes_apart_and_together_again(
    reporter: Desk, alias_key: Key, reporter_key: Key
) -> None:
    to = ("--recipient", alias_key.fingerprint, "--recipient", reporter_key.fingerprint)
    message = reporter.engine.run("--encrypt", *to, given=b"x" * 100_000).output
    split = packets.screen(message)
    assert isinstance(split, SplitMessage)
    assert message == split.joined()
    assert len(set(split.key_ids)) == len(split.key_packets) == len(to) // 2
