"""Undo transfer encodings (RFC 2045 §6); what is broken gives what can still be read."""

import binascii
from typing import Final

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(set(range(256)) - set(_ALPHABET))


def decode(body: bytes, encoding: str) -> bytes:
    """Return `body` without `encoding` (lower case); an unknown encoding changes nothing."""
    if encoding == "base64":
        return decode_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body


def decode_base64(body: bytes) -> bytes:
    """Return what `body` holds in base64, passing over what is not of its alphabet."""
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        clean = body.translate(None, delete=_NOT_BASE64)
        clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
