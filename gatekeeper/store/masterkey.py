"""The master keys as they stand in their file: the one in use first, those of before below it."""

import hmac
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatekeeper.domain.errors import Misconfigured

KEY_ID_BYTES: Final = 8
SECRET_BYTES: Final = 32
KEYS_MAX: Final = 16
"""Lines of one file; whoever needs more keeps the keys of old backups elsewhere."""

_ALONE: Final = "gatekeeper-master-key-1"
_ROOTED: Final = "gatekeeper-master-key-2"
_BASE64: Final = r"([A-Za-z0-9+/]{43}=)"
_LINE: Final = re.compile(rf"(\S+) ([0-9a-f]{{16}}) {_BASE64}(?: {_BASE64})?".encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """A secret that opens the database; it lies outside the state folder.

    `key_id` is derived from all of it, so a mistyped key is noticed before it seals anything.
    `root` is the secret behind look-ups and derived keys, which outlives the keys that seal: what
    was hashed, and the tokens in our addresses, stay what they are. None where, in files of the
    first version, the secret is its own root.
    """

    key_id: bytes
    secret: bytes = field(repr=False)
    root: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse secrets of the wrong length or an id that is not theirs."""
        if {len(self.secret), len(self.roots)} != {SECRET_BYTES}:
            message = f"a master key has {SECRET_BYTES} bytes"
            raise ValueError(message)
        if not hmac.compare_digest(self.key_id, _key_id(self.secret, self.root)):
            message = "the master key's id is not that of its secret"
            raise ValueError(message)

    @property
    def roots(self) -> bytes:
        """The secret of look-ups and derived keys."""
        return self.root if self.root is not None else self.secret

    @property
    def name(self) -> str:
        """The id in hexadecimal digits, as people read it."""
        return self.key_id.hex()

    @classmethod
    def of(cls, secret: bytes, root: bytes | None = None) -> Self:
        """Return the master key with these 32 secret bytes, and 32 of the root."""
        return cls(key_id=_key_id(secret, root), secret=secret, root=root)

    @classmethod
    def generate(cls) -> Self:
        """Return a fresh master key with a root of its own, from the system's random source."""
        return cls.of(os.urandom(SECRET_BYTES), os.urandom(SECRET_BYTES))

    def successor(self) -> Self:
        """Return a fresh master key for the same database: a new secret, the same root."""
        return type(self).of(os.urandom(SECRET_BYTES), self.roots)

    @classmethod
    def load(cls, text: bytes) -> Self:
        """Return the key of a file with one line; anything else is Misconfigured."""
        keys = load_all(text)
        if len(keys) > 1:
            raise _broken("it has more than one line")
        return cls(key_id=keys[0].key_id, secret=keys[0].secret, root=keys[0].root)

    def dump(self) -> bytes:
        """Return the key as one ASCII line with a version word; keep it as secret as the key."""
        parts = [_ALONE if self.root is None else _ROOTED, self.name, _text(self.secret)]
        if self.root is not None:
            parts.append(_text(self.root))
        return f"{' '.join(parts)}\n".encode()


def load_all(text: bytes) -> tuple[MasterKey, ...]:
    """Return the keys that `dump_all` wrote; anything else is Misconfigured, without a quote.

    All of them have one root, or some would not find what others hashed.
    """
    keys = tuple(map(_of_line, text.strip().split(b"\n")))
    if len({key.key_id for key in keys}) != len(keys):
        raise _broken("a key stands in it twice")
    if len(keys) > KEYS_MAX:
        raise _broken(f"it has more than {KEYS_MAX} lines")
    if len({key.roots for key in keys}) != 1:
        raise _broken("its lines are keys of different installations")
    return keys


def dump_all(keys: Sequence[MasterKey]) -> bytes:
    """Return keys as a file, one a line."""
    return b"".join(key.dump() for key in keys)


def derive(secret: bytes, info: bytes, length: int) -> bytes:
    """Return bytes derived from a secret for one use (HKDF-SHA256, RFC 5869)."""
    context = b"gatekeeper 1 " + info
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=context).derive(secret)


def _of_line(line: bytes) -> MasterKey:
    found = _LINE.fullmatch(line)
    if not found:
        raise _broken("a line of it is not version word, id and secrets")
    if found[1] != (_ALONE if found[4] is None else _ROOTED).encode():
        raise _broken("this program does not know its version")
    try:
        return MasterKey(
            key_id=bytes.fromhex(found[2].decode()),
            secret=b64decode(found[3]),
            root=b64decode(found[4]) if found[4] is not None else None,
        )
    except ValueError:
        reason = "its id and its secret do not belong together"
    raise _broken(reason)


def _text(secret: bytes) -> str:
    return b64encode(secret).decode()


def _key_id(secret: bytes, root: bytes | None) -> bytes:
    return derive(secret, b"id" if root is None else b"id of two" + root, KEY_ID_BYTES)


def _broken(reason: str) -> Misconfigured:
    return Misconfigured(
        "the master key cannot be read",
        reason=reason,
        remedy="give the key file made by `gatekeeper init`, or its backup",
    )
