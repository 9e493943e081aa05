"""The sealing codec: content columns are AES-256-GCM in their place, look-ups are keyed hashes."""

import hashlib
import hmac
import os
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatekeeper.domain.errors import Misconfigured, OurFault

KEY_ID_BYTES: Final = 8
SECRET_BYTES: Final = 32

_VERSION_WORD: Final = "gatekeeper-master-key-1"
_LINE: Final = re.compile(rb"(\S+) ([0-9a-f]{16}) ([A-Za-z0-9+/]{43}=)")
_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = len(_FORMAT) + KEY_ID_BYTES + _NONCE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """The one secret that opens the database; it lies outside the state folder.

    `key_id` is derived from `secret`, so a mistyped key is noticed before it seals anything.
    """

    key_id: bytes
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a secret of the wrong length or an id that is not this secret's."""
        if len(self.secret) != SECRET_BYTES:
            message = f"a master key has {SECRET_BYTES} bytes"
            raise ValueError(message)
        if not hmac.compare_digest(self.key_id, _key_id(self.secret)):
            message = "the master key's id is not that of its secret"
            raise ValueError(message)

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Return the master key with these 32 secret bytes."""
        return cls(key_id=_key_id(secret), secret=secret)

    @classmethod
    def generate(cls) -> Self:
        """Return a fresh master key from the system's random source."""
        return cls.of(os.urandom(SECRET_BYTES))

    @classmethod
    def load(cls, text: bytes) -> Self:
        """Return the key that `dump` wrote; anything else is Misconfigured, without a quote."""
        found = _LINE.fullmatch(text.strip())
        if not found:
            raise _broken("it is not one line of version word, id and secret")
        if found[1] != _VERSION_WORD.encode():
            raise _broken("this program does not know its version")
        try:
            return cls(key_id=bytes.fromhex(found[2].decode()), secret=b64decode(found[3]))
        except ValueError:
            reason = "its id and its secret do not belong together"
        raise _broken(reason)

    def dump(self) -> bytes:
        """Return the key as one ASCII line with a version word; keep it as secret as the key."""
        line = f"{_VERSION_WORD} {self.key_id.hex()} {b64encode(self.secret).decode()}\n"
        return line.encode()


def _key_id(secret: bytes) -> bytes:
    return _derive(secret, b"id", KEY_ID_BYTES)


def _broken(reason: str) -> Misconfigured:
    return Misconfigured(
        "the master key cannot be read",
        reason=reason,
        remedy="give the key file made by `gatekeeper init`, or its backup",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed value belongs; moved anywhere else it does not open.

    `row` is the primary key's bytes (for a chunk also its position).
    """

    table: str
    column: str
    row: bytes

    @property
    def name(self) -> str:
        """The place as it may be named to people: `table.column`, without the row."""
        return f"{self.table}.{self.column}"


class Codec:
    """Seals and opens with sub-keys (HKDF-SHA256, RFC 5869) of one master key.

    A sealed value is `01 | key id (8) | nonce (12) | AES-256-GCM ciphertext and tag`; the
    associated data is the key id and the place. Each column has its own sub-key, so that random
    nonces stay far below the 2^32 values of NIST SP 800-38D §8.3.
    """

    def __init__(self, master: MasterKey) -> None:
        self._key_id = master.key_id
        secret = master.secret

        @lru_cache(maxsize=256)
        def derived(info: bytes) -> bytes:
            return _derive(secret, info, 32)

        @lru_cache(maxsize=256)
        def cipher(info: bytes) -> AESGCM:
            return AESGCM(derived(info))

        self._derived = derived
        self._cipher = cipher

    def __repr__(self) -> str:
        return f"Codec(key_id={self._key_id.hex()})"

    def seal(self, place: Place, plaintext: bytes | memoryview) -> bytes:
        """Return `plaintext` sealed for `place`; 37 bytes longer."""
        return self._seal(_info(b"seal", place.table, place.column), place.row, plaintext)

    def open(self, place: Place, sealed: bytes) -> bytes:
        """Return what was sealed for `place`; a changed or moved value is OurFault."""
        info = _info(b"seal", place.table, place.column)
        return self._open(info, place.row, sealed, place.name)

    def wrap(self, name: str, data: bytes) -> bytes:
        """Return `data` sealed as the file called `name` (such as the alias's secret key)."""
        return self._seal(_info(b"file", name), b"", data)

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Return what `wrap` sealed under `name`; anything else is OurFault."""
        return self._open(_info(b"file", name), b"", wrapped, f"file {name}")

    def lookup(self, purpose: str, value: bytes) -> bytes:
        """Return 32 bytes, equal for equal values of one purpose and saying nothing else."""
        return hmac.digest(self._derived(_info(b"lookup", purpose)), value, hashlib.sha256)

    def key(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose` (such as tokens in addresses)."""
        return self._derived(_info(b"key", purpose))

    def _seal(self, info: bytes, row: bytes, plaintext: bytes | memoryview) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(info).encrypt(nonce, plaintext, self._associated(info, row))
        return b"".join((_FORMAT, self._key_id, nonce, sealed))

    def _open(self, info: bytes, row: bytes, sealed: bytes, name: str) -> bytes:
        if len(sealed) < _HEAD_BYTES + _TAG_BYTES or sealed[:1] != _FORMAT:
            raise _unopened(name, "it is not a sealed value")
        if sealed[1 : 1 + KEY_ID_BYTES] != self._key_id:
            raise OurFault(
                f"the sealed value of {name} does not open",
                reason="it was sealed with another master key",
                remedy="give the key file that was in use when it was sealed, or its backup",
            )
        nonce = sealed[1 + KEY_ID_BYTES : _HEAD_BYTES]
        try:
            cipher = self._cipher(info)
            return cipher.decrypt(
                nonce, memoryview(sealed)[_HEAD_BYTES:], self._associated(info, row)
            )
        except InvalidTag:
            reason = "it was changed or moved"
        raise _unopened(name, reason)

    def _associated(self, info: bytes, row: bytes) -> bytes:
        return self._key_id + len(info).to_bytes(4) + info + row


def _info(*parts: str | bytes) -> bytes:
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(2) + part for part in raw)


def _derive(secret: bytes, info: bytes, length: int) -> bytes:
    context = b"gatekeeper 1 " + info
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=context).derive(secret)


def _unopened(name: str, reason: str) -> OurFault:
    return OurFault(
        f"the sealed value of {name} does not open",
        reason=reason,
        remedy="run `gatekeeper doctor`; restore the database or the file from a backup",
    )
