"""Work grows with the length of the input and not with its square, whatever is repeated in it.

What Python does is counted in calls, twice the input against once; what its regular expressions do
inside is not counted, but an input of this length would keep one that grows with the square busy
until the time of the test is up.
"""

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail import offers, openpgp, parse, pieces, structure
from gatekeeper.pgp import armor, opening, packets
from gatekeeper.pgp.cleartext import unframed
from tests.fuzz import seeds
from tests.fuzz.changing import INTERESTING

LIMITS = ReadingLimits()
ONCE = 8_000
LONG = 300_000
"""Octets of the longest input: its square is more than any machine does within the time."""

pytestmark = pytest.mark.timeout(100)


def _read_mail(raw: bytes) -> None:
    mail = parse.read(raw, LIMITS)
    openpgp.layer(mail.root)
    pieces.pieces(mail.root, LIMITS)
    list(pieces.signed_parts(mail.root))
    offers.offered(mail.root, mail)


def _walk(data: bytes) -> None:
    for packet in packets.walk(data):
        list(packets.spans(data, packet))


def _dearmor(text: bytes) -> None:
    armor.dearmor(text)


READERS: dict[str, Callable[[bytes], object]] = {
    "walk": _walk,
    "screen": packets.screen,
    "dearmor": _dearmor,
    "digest": opening.digest_of,
    "frame": unframed,
    "scan": lambda raw: structure.scan(raw, LIMITS),
    "mail": _read_mail,
}

_BLOCK = seeds.armored()[0]
_HEAD = b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n"
UNITS: tuple[tuple[bytes, bytes, bytes], ...] = (
    *((b"", token, b"") for token in INTERESTING),
    (_HEAD, b"--b1\r\n\r\n", b""),
    (_HEAD, b"--b1\r\n" + _HEAD, b""),
    (_HEAD, b"\r\n--b1", b"--"),
    (b"", _BLOCK, b""),
    (b"", b"> " + _BLOCK.replace(b"\n", b"\n> "), b""),
    (b"", b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n", b""),
    (b"-----BEGIN PGP MESSAGE-----\n", b"A: b\n", b"-----END PGP MESSAGE-----\n"),
    (b"-----BEGIN PGP MESSAGE-----\n\n", b"A", b"\n-----END PGP MESSAGE-----\n"),
    (b"-----BEGIN PGP MESSAGE-----\n\n", b"A \t", b"\n-----END PGP MESSAGE-----\n"),
    (b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"Hash: SHA512\n", b"\n"),
    (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: ", b"A, ", b"\n\n"),
    (b"-----BEGIN PGP SIGNED MESSAGE-----\n\n", b"- -a \t", b"\n-----BEGIN PGP SIGNATURE-----\n"),
    (b"-----BEGIN PGP SIGNED MESSAGE-----\n\n", b"-----BEGIN PGP SIGNATURE-----\n", b""),
    (b"", b"-----BEGIN PGP " + b"A" * 30, b""),
    (b"\xd2", b"\xe0a", b"\x00"),
    (b"", b"\xc1\x00", b""),
    (b"", b"\x84\x00", b"\xd2\x01\x01"),
    (b"Subject: ", b"=?utf-8?q?a?= ", b"\r\n\r\n"),
    (b"From: ", b"a@example.org, ", b"\r\n\r\n"),
    (b"From: ", b'"(<', b"\r\n\r\n"),
    (b"Content-Type: text/plain", b"; a*0*=b", b"\r\n\r\n"),
    (b"References: ", b"<a@b> ", b"\r\n\r\n"),
    (b"", b"A: b\r\n", b"\r\n"),
    (b"A: ", b"\r\n b", b"\r\n\r\n"),
    (b"Content-Type: text/html\r\n\r\n", b"<a><!--", b""),
)


def calls(read: Callable[[bytes], object], data: bytes) -> int:
    """Return how many functions are called, of Python and in C, while `data` is read."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        _attempt(read, data)
    finally:
        sys.setprofile(before)
    return counted


def _attempt(read: Callable[[bytes], object], data: bytes) -> None:
    """Read, or be refused: NotPackets and BadArmor are ValueErrors."""
    try:
        read(data)
    except ValueError:
        return


def repeated(unit: tuple[bytes, bytes, bytes], length: int) -> bytes:
    head, middle, tail = unit
    return head + middle * (length // len(middle)) + tail


@pytest.mark.parametrize("name", READERS)
def test_twice_the_input_is_at_most_little_more_than_twice_the_work(name: str) -> None:
    read = READERS[name]
    for unit in UNITS:
        once, twice = (calls(read, repeated(unit, ONCE * times)) for times in (1, 2))
        assert twice <= 2.5 * once + 200, (unit, once, twice)


def test_work_that_grows_with_the_square_is_seen() -> None:
    def compare(data: bytes) -> None:
        for _ in data:
            [data.startswith(b"x") for _ in range(len(data) // 100)]

    once, twice = (calls(compare, b"a" * 1000 * times) for times in (1, 2))
    assert twice > 3 * once


@pytest.mark.parametrize("name", READERS)
def test_long_inputs_are_read_within_the_time(name: str) -> None:
    for unit in UNITS:
        _attempt(READERS[name], repeated(unit, LONG))
