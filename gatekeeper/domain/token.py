"""Tokens in addresses: stateless, keyed, lower case; they route and prove nothing more."""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from typing import Final

from gatekeeper.domain.identity import ROW_ID_BYTES, RowId, row_id

_MAC_BYTES: Final = 15
"""120 bits of HMAC-SHA256: 24 base32 letters, so `bounces+<26>.<24>` fits a local part."""

_FORM: Final = re.compile(r"[a-z2-7]{26}\.[a-z2-7]{24}")
TOKEN_LENGTH: Final = 26 + 1 + 24
"""Characters of every token."""

_REPLY_PURPOSE: Final = "reply address"
_REPLY_MAC_BYTES: Final = 9
"""72 bits: it saves look-ups of made-up addresses; what is secret is the route, 128 bits."""
_REPLY_FORM: Final = re.compile(r"[a-z2-7]{40}")
REPLY_LENGTH: Final = 40
"""Characters of a reply token: 25 bytes, which base32 writes without spare bits."""


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


def mint_reply(key: bytes, route: RowId) -> str:
    """Return the token of a correspondent's reply address, as short as a local part needs it.

    Lower-case base32 without a dot, so that it is never a token of another purpose; `route` is
    drawn by chance for each correspondent, reveals nothing, and is replaced to revoke the token.
    """
    return _text(route + _mac(key, _REPLY_PURPOSE, route)[:_REPLY_MAC_BYTES])


def check_reply(key: bytes, token: str) -> RowId | None:
    """Return the route a reply token names, or None when it was not minted with `key`.

    Case does not matter, as for `check`. The token only routes: it proves nothing about who
    wrote to the address.
    """
    lower = token.lower()
    if not token.isascii() or _REPLY_FORM.fullmatch(lower) is None:
        return None
    raw = _bytes(lower)
    route = row_id(raw[:ROW_ID_BYTES])
    expected = _mac(key, _REPLY_PURPOSE, route)[:_REPLY_MAC_BYTES]
    return route if hmac.compare_digest(raw[ROW_ID_BYTES:], expected) else None


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
