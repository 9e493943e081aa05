"""Tell by the first bytes whether binary data begins like an encrypted OpenPGP message."""

from typing import Final

_VERSIONS: Final = {1: (3, 6), 3: (4, 5, 6)}
"""Versions of session key packets: by public key (RFC 9580 §5.1), by password (§5.3)."""


def starts_encrypted(data: bytes) -> bool:
    """Return whether `data` begins with a session key packet of a known version (RFC 9580 §4.2)."""
    if len(data) < 8 or not data[0] & 0x80:
        return False
    if data[0] & 0x40:
        tag = data[0] & 0x3F
        length = 1 if data[1] < 192 else 2 if data[1] < 224 else 5
    else:
        tag = (data[0] >> 2) & 0x0F
        length = (1, 2, 4, 0)[data[0] & 0x03]
    return data[1 + length] in _VERSIONS.get(tag, ())
