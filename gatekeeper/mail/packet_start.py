"""Tell by its packets whether binary data looks like an encrypted message, a key, signatures."""

from collections.abc import Mapping
from typing import Final

_MESSAGE: Final = {1: (3, 6), 3: (4, 5, 6)}
"""Versions of session key packets: by public key (RFC 9580 §5.1), by password (§5.3)."""

_KEY: Final = {5: (3, 4, 5, 6), 6: (3, 4, 5, 6)}
"""Versions of secret and public primary keys (RFC 9580 §5.5; 5 is LibrePGP's)."""

_WAYS: Final = frozenset({1, 2, 3, 16, 17, 18, 19, 22, 25, 26, 27, 28})
"""Public-key algorithms that a primary key can have (RFC 9580 §9.1)."""


_SIGNATURE: Final = {2: (3, 4, 5, 6)}
"""Versions of signature packets (RFC 9580 §5.2; 5 is LibrePGP's)."""


def starts_encrypted(data: bytes) -> bool:
    """Return whether `data` begins with a session key packet of a known version (RFC 9580 §4.2)."""
    return _starts(data, _MESSAGE) is not None


def starts_key(data: bytes) -> bool:
    """Return whether `data` begins with a primary key packet of a known version and algorithm."""
    at = _starts(data, _KEY)
    if at is None:
        return False
    algorithm = at + (7 if data[at] == 3 else 5)
    return data[algorithm : algorithm + 1] in {bytes([way]) for way in _WAYS}


def are_signatures(data: bytes) -> bool:
    """Return whether `data` is signature packets from its first to its last byte, and no other."""
    at = 0
    while at < len(data):
        packet = data[at : at + 8]
        found = _starts(packet, _SIGNATURE)
        if found is None or found == 1:
            return False
        length = packet[1:found]
        if not packet[0] & 0x40 or len(length) == 1:
            size = int.from_bytes(length)
        elif len(length) == 2:
            size = ((length[0] - 192) << 8) + length[1] + 192
        elif length[0] == 0xFF:
            size = int.from_bytes(length[1:])
        else:
            return False
        at += found + size
    return at == len(data) and at > 0


def _starts(data: bytes, versions: Mapping[int, tuple[int, ...]]) -> int | None:
    """Return where the version stands in a first packet of these kinds, None without one."""
    if len(data) < 8 or not data[0] & 0x80:
        return None
    if data[0] & 0x40:
        tag = data[0] & 0x3F
        length = 1 if data[1] < 192 else 2 if data[1] < 224 else 5
    else:
        tag = (data[0] >> 2) & 0x0F
        length = (1, 2, 4, 0)[data[0] & 0x03]
    return 1 + length if data[1 + length] in versions.get(tag, ()) else None
