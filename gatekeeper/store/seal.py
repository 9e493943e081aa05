"""The sealing codec: content columns are AES-256-GCM in their place, look-ups are keyed hashes."""

import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatekeeper.domain.errors import GatekeeperError, OurFault
from gatekeeper.store.masterkey import KEY_ID_BYTES, MasterKey, derive, load_all

__all__ = ["KEY_ID_BYTES", "Codec", "MasterKey", "Place", "key_id_of"]

_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = len(_FORMAT) + KEY_ID_BYTES + _NONCE_BYTES


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


class _Source:
    """The keys at hand, and where they can be read anew; shared by all codecs of one process."""

    def __init__(self, keys: tuple[MasterKey, ...], read: Callable[[], bytes] | None) -> None:
        self.keys: Mapping[bytes, MasterKey] = {key.key_id: key for key in keys}
        self._roots = keys[0].roots
        self._read = read
        self._seen = b""
        self._lock = threading.Lock()

        @lru_cache(maxsize=512)
        def cipher(key: MasterKey, info: bytes) -> AESGCM:
            return AESGCM(derive(key.secret, info, 32))

        @lru_cache(maxsize=256)
        def derived(info: bytes) -> bytes:
            return derive(self._roots, info, 32)

        self.cipher = cipher
        self.derived = derived

    def refresh(self) -> None:
        """Read the keys anew; those at hand stay when that fails or shows another database's."""
        if self._read is None:
            return
        with self._lock:
            try:
                text = self._read()
                if text == self._seen:
                    return
                found = load_all(text)
            except GatekeeperError:
                return
            if found[0].roots == self._roots:
                # one that was taken out stays at hand: what is held in memory may need it
                self.keys = {key.key_id: key for key in found} | dict(self.keys)
                self._seen = text


class Codec:
    """Seals with one master key, and opens with every one that is at hand.

    A sealed value is `01 | key id (8) | nonce (12) | AES-256-GCM ciphertext and tag`; the
    associated data is the key id and the place. Each column has its own sub-key (HKDF-SHA256,
    RFC 5869), so that random nonces stay far below the 2^32 values of NIST SP 800-38D §8.3.
    """

    def __init__(self, *keys: MasterKey, read: Callable[[], bytes] | None = None) -> None:
        """Take the keys, the one that seals first, and what reads their file anew.

        It is read when a value was sealed with a key that is not known yet: so a running process
        learns of a new one.
        """
        self._source = _Source(keys, read)
        self._sealing = keys[0]

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids, in hex, of the master keys that it opens with, the one it seals with first.

        Their file is read anew for this, where there is one.
        """
        self._source.refresh()
        others = (key.name for key in self._source.keys.values() if key != self._sealing)
        return (self._sealing.name, *others)

    @property
    def sealing(self) -> bytes:
        """The id of the master key that it seals with."""
        return self._sealing.key_id

    def sealing_with(self, key_id: bytes) -> "Codec":
        """Return this codec, sealing with another of its keys; OurFault if that is not known."""
        if key_id == self._sealing.key_id:
            return self
        other = Codec.__new__(Codec)
        other._source = self._source  # noqa: SLF001 - another of the same class
        other._sealing = self._known(key_id, "the database")  # noqa: SLF001 - as above
        return other

    def __repr__(self) -> str:
        return f"Codec(key_id={self._sealing.name})"

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
        return hmac.digest(self._source.derived(_info(b"lookup", purpose)), value, hashlib.sha256)

    def key(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose` (such as tokens in addresses)."""
        return self._source.derived(_info(b"key", purpose))

    def _seal(self, info: bytes, row: bytes, plaintext: bytes | memoryview) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        key = self._sealing
        about = _associated(key.key_id, info, row)
        sealed = self._source.cipher(key, info).encrypt(nonce, plaintext, about)
        return b"".join((_FORMAT, key.key_id, nonce, sealed))

    def _open(self, info: bytes, row: bytes, sealed: bytes, name: str) -> bytes:
        key_id = key_id_of(sealed)
        if key_id is None:
            raise _unopened(name, "it is not a sealed value")
        cipher = self._source.cipher(self._known(key_id, name), info)
        nonce = sealed[1 + KEY_ID_BYTES : _HEAD_BYTES]
        try:
            return cipher.decrypt(
                nonce, memoryview(sealed)[_HEAD_BYTES:], _associated(key_id, info, row)
            )
        except InvalidTag:
            reason = "it was changed or moved"
        raise _unopened(name, reason)

    def _known(self, key_id: bytes, name: str) -> MasterKey:
        if key_id not in self._source.keys:
            self._source.refresh()
        key = self._source.keys.get(key_id)
        if key is None:
            raise OurFault(
                f"the sealed value of {name} does not open",
                reason="it was sealed with another master key",
                remedy="give the key file that was in use when it was sealed, or its backup",
            )
        return key


def key_id_of(sealed: bytes) -> bytes | None:
    """Return the id of the master key that sealed a value; None if it is no sealed value."""
    if len(sealed) < _HEAD_BYTES + _TAG_BYTES or sealed[:1] != _FORMAT:
        return None
    return bytes(sealed[1 : 1 + KEY_ID_BYTES])


def _associated(key_id: bytes, info: bytes, row: bytes) -> bytes:
    return key_id + len(info).to_bytes(4) + info + row


@lru_cache(maxsize=512)  # few columns, and each value of one asks
def _info(*parts: str | bytes) -> bytes:
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(2) + part for part in raw)


def _unopened(name: str, reason: str) -> OurFault:
    return OurFault(
        f"the sealed value of {name} does not open",
        reason=reason,
        remedy="run `gatekeeper doctor`; restore the database or the file from a backup",
    )
