"""The checksum of OpenPGP armor (RFC 4880 §6.1), over many megabytes without a loop per octet."""

from functools import cache, lru_cache
from typing import Final

INITIAL: Final = 0xB704CE
_POLYNOMIAL: Final = 0x1864CFB
_TOP: Final = 1 << 24
_LANES: Final = 4096
_SHORT: Final = 16 * 1024


def crc24(data: bytes, start: int = INITIAL) -> int:
    """Return the 24-bit checksum of `data`, continued from `start`."""
    if len(data) < _SHORT:
        return _octet_by_octet(data, start)
    return shift(start, len(data)) ^ _in_lanes(data)


def shift(value: int, octets: int) -> int:
    """Return the checksum `value` as it is after that many zero octets.

    The checksum is linear: crc24(a + b) = shift(crc24(a), len(b)) ^ crc24(b, 0).
    """
    return _multiply(value, _power_of_x(8 * octets))


def _octet_by_octet(data: bytes, start: int) -> int:
    table, crc = _table(), start
    for octet in data:
        crc = ((crc << 8) & 0xFFFFFF) ^ table[(crc >> 16) ^ octet]
    return crc


def _in_lanes(data: bytes) -> int:
    """Return the checksum from 0: equal slices side by side, one step of all at a time.

    The three octets of every slice's state lie in three long integers, so one step is three
    table look-ups by `bytes.translate` and three exclusive ors. Leading zeros change nothing.
    """
    length = -(-len(data) // _LANES)
    padded = bytes(length * _LANES - len(data)) + data
    high_table, middle_table, low_table = _translations()
    high = middle = low = 0
    for step in range(length):
        column = int.from_bytes(padded[step::length], "big")
        index = (high ^ column).to_bytes(_LANES, "big")
        high = middle ^ int.from_bytes(index.translate(high_table), "big")
        middle = low ^ int.from_bytes(index.translate(middle_table), "big")
        low = int.from_bytes(index.translate(low_table), "big")
    states = zip(*(part.to_bytes(_LANES, "big") for part in (high, middle, low)), strict=True)
    one_slice, crc = _multiplier(length), 0
    for a, b, c in states:
        moved = one_slice[0][crc >> 16] ^ one_slice[1][crc >> 8 & 255] ^ one_slice[2][crc & 255]
        crc = moved ^ (a << 16 | b << 8 | c)
    return crc


@cache
def _table() -> tuple[int, ...]:
    return tuple(_times_x(octet << 16, 8) for octet in range(256))


@cache
def _translations() -> tuple[bytes, bytes, bytes]:
    table = _table()
    return (
        bytes(entry >> 16 for entry in table),
        bytes(entry >> 8 & 255 for entry in table),
        bytes(entry & 255 for entry in table),
    )


def _multiplier(octets: int) -> tuple[tuple[int, ...], ...]:
    factor = _power_of_x(8 * octets)
    bits = [_multiply(1 << bit, factor) for bit in range(24)]
    return tuple(_combinations(bits[low : low + 8]) for low in (16, 8, 0))


def _combinations(bits: list[int]) -> tuple[int, ...]:
    sums = [0]
    for bit in bits:
        sums += [known ^ bit for known in sums]
    return tuple(sums)


def _times_x(value: int, times: int) -> int:
    for _ in range(times):
        value <<= 1
        if value & _TOP:
            value ^= _POLYNOMIAL
    return value


def _multiply(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = _times_x(left, 1)
        right >>= 1
    return product


@lru_cache(maxsize=64)  # the copies of one letter ask for the same few
def _power_of_x(exponent: int) -> int:
    power, base = 1, 2
    while exponent:
        if exponent & 1:
            power = _multiply(power, base)
        base = _multiply(base, base)
        exponent >>= 1
    return power
