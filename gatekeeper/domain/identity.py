"""Names of things: 128-bit row ids, issue ids, opaque tags and fingerprints."""

import re
from base64 import b32encode
from dataclasses import dataclass
from typing import Final, NewType, Self

RowId = NewType("RowId", bytes)
"""128 bits made by the application, the primary key of every row."""

ROW_ID_BYTES: Final = 16

_ISSUE_ID: Final = re.compile(r"([A-Z][A-Z0-9]{0,15})-([0-9]{4})-([0-9]{4,9})")
_NUMBER_MAX: Final = 999_999_999
_PREFIX: Final = re.compile(r"[A-Z][A-Z0-9]{0,15}")
_FINGERPRINT: Final = re.compile(r"[0-9A-F]{40}")


def row_id(raw: bytes) -> RowId:
    """Return `raw` as a row id; anything but 16 bytes is refused with ValueError."""
    if len(raw) != ROW_ID_BYTES:
        message = f"a row id has {ROW_ID_BYTES} bytes, not {len(raw)}"
        raise ValueError(message)
    return RowId(raw)


def short_tag(raw: bytes) -> str:
    """Return an opaque lower-case tag (RFC 4648 base32, no padding) of random bytes."""
    return b32encode(raw).decode("ascii").rstrip("=").lower()


def fingerprint(text: str) -> str:
    """Return a v4 fingerprint as 40 upper-case hex digits; spaces are allowed, else ValueError."""
    plain = text.replace(" ", "").upper()
    # upper() turns some ligatures into ASCII letters: FF may have been one character.
    if not text.isascii() or not _FINGERPRINT.fullmatch(plain):
        message = "a fingerprint has 40 hexadecimal digits"
        raise ValueError(message)
    return plain


def prefix(text: str) -> str:
    """Return `text` if it may stand before an issue's number (`SEC`), else ValueError."""
    if not _PREFIX.fullmatch(text):
        message = "a prefix has 1 to 16 upper-case letters or digits and starts with a letter"
        raise ValueError(message)
    return text


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class IssueId:
    """The private id of an issue, `PREFIX-YYYY-NNNN`; numbers above 9999 simply get longer."""

    prefix: str
    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse ids that could not be read back."""
        prefix(self.prefix)
        if not 1970 <= self.year <= 9999 or not 1 <= self.number <= _NUMBER_MAX:
            message = f"not an issue id: {self.prefix}-{self.year}-{self.number}"
            raise ValueError(message)

    def __str__(self) -> str:
        """Return the id as people write it."""
        return f"{self.prefix}-{self.year:04d}-{self.number:04d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the id written in `text` (case does not matter), else ValueError."""
        found = _ISSUE_ID.fullmatch(text.strip().upper()) if text.isascii() else None
        if not found:
            message = "an issue id looks like SEC-2026-0007"
            raise ValueError(message)
        return cls(prefix=found[1], year=int(found[2]), number=int(found[3]))
