"""Tokens in addresses: stateless, keyed, lower case; they route and prove nothing more."""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from typing import Final

from gatekeeper.domain.identity import RowId, row_id

_MAC_BYTES: Final = 15
"""120 bits of HMAC-SHA256: 24 base32 letters, so `bounces+<26>.<24>` fits a local part."""

_FORM: Final = re.compile(r"[a-z2-7]{26}\.[a-z2-7]{24}")
TOKEN_LENGTH: Final = 26 + 1 + 24
"""Characters of every token."""


def mint(key: bytes, purpose: str, target: RowId) -> str:
    """Return `<id>.<mac>` in base32 for the row `target`, valid for `purpose` only."""
    return f"{_text(target)}.{_text(_mac(key, purpose, target))}"


def is_token(text: str) -> bool:
    """Say whether `text` has the form of a token, whoever minted it."""
    return _FORM.fullmatch(text) is not None


def check(key: bytes, purpose: str, token: str) -> RowId | None:
    """Return the row id a token names, or None when it was not minted with `key` for `purpose`.

    Mail systems may change the case of a local part, so that does not matter; there is no other
    second spelling.
    """
    name, dot, mac = token.lower().partition(".")
    if not dot or not token.isascii():
        return None
    try:
        target = row_id(_bytes(name))
        given = _bytes(mac)
    except ValueError:
        return None
    return target if hmac.compare_digest(given, _mac(key, purpose, target)) else None


def _mac(key: bytes, purpose: str, target: RowId) -> bytes:
    message = purpose.encode() + b"\0" + target
    return hmac.new(key, message, hashlib.sha256).digest()[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return b32encode(raw).decode("ascii").rstrip("=").lower()


def _bytes(text: str) -> bytes:
    raw = b32decode(text.upper() + "=" * (-len(text) % 8))
    if _text(raw) != text:
        message = "not the one spelling of these bytes"
        raise ValueError(message)
    return raw
