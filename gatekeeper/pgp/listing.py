"""gpg's colon listing (GnuPG doc/DETAILS) as values: certificates and their subkeys."""

import re
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.pgp.engine import Run

BITS_MIN: Final = 2048
"""Of RSA and Elgamal keys that are used."""

BITS_MAX: Final = 8192
"""More take seconds for each signature; gpg makes none longer."""

_EXPONENT_MAX: Final = 64
_RSA: Final = frozenset({1, 2, 3})
_WITH_BITS: Final = _RSA | {16}
_OF_NUMBERS: Final = _WITH_BITS | {17}
"""RSA, Elgamal and DSA (RFC 9580 §9.1)."""

_ESCAPE: Final = re.compile(rb"\\x([0-9a-fA-F]{2})")
_PRIMARY: Final = frozenset({"pub", "sec"})
_SUBKEY: Final = frozenset({"sub", "ssb"})
_DEAD: Final = frozenset({"r", "i", "n"})
"""Validity letters: revoked, invalid (such as a binding without its signature), never valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubkeyRecord:
    """A primary key or subkey as listed; `uses` are the letters of what it is for.

    `dead` ones are revoked or invalid, `weak` ones are of RSA or Elgamal and too short.
    """

    key_id: str
    fingerprint: str
    created_at: Instant
    expires_at: Instant | None
    uses: frozenset[str]
    revoked: bool
    dead: bool
    secret: bool
    weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A certificate as listed: the primary key first, then its subkeys, then its user IDs.

    Revoked user IDs are left out while there is another.
    """

    keys: tuple[SubkeyRecord, ...]
    user_ids: tuple[str, ...]
    disabled: bool

    @property
    def primary(self) -> SubkeyRecord:
        """Return the primary key."""
        return self.keys[0]


@dataclass(slots=True, kw_only=True)
class _Draft:
    rows: list[tuple[list[bytes], str]] = field(default_factory=list)
    user_ids: list[tuple[str, str]] = field(default_factory=list)

    def record(self) -> Record:
        keys = tuple(_key(row, fingerprint) for row, fingerprint in self.rows if fingerprint)
        uses = self.rows[0][0][11] if len(self.rows[0][0]) > 11 else b""
        alive = [text for text, validity in self.user_ids if validity not in _DEAD]
        names = alive or [text for text, _ in self.user_ids]
        return Record(keys=keys, user_ids=tuple(names), disabled=b"D" in uses)


def records(output: bytes) -> tuple[Record, ...]:
    """Return the certificates of a listing; lines end at line feeds alone.

    gpg escapes the colon and the line feed in user IDs, so a user ID cannot pose as a line.
    """
    drafts: list[_Draft] = []
    for line in output.split(b"\n"):
        row = line.split(b":")
        kind = row[0].decode("ascii", "replace")
        if kind in _PRIMARY:
            drafts.append(_Draft(rows=[(row, "")]))
        elif not drafts or len(row) < 10:
            continue
        elif kind in _SUBKEY:
            drafts[-1].rows.append((row, ""))
        elif kind == "fpr" and not drafts[-1].rows[-1][1]:
            drafts[-1].rows[-1] = (drafts[-1].rows[-1][0], row[9].decode("ascii", "replace"))
        elif kind == "uid":
            drafts[-1].user_ids.append((_text(row[9]), row[1].decode("ascii", "replace")))
    return tuple(draft.record() for draft in drafts if draft.rows[0][1])


def secret_keys(run: Run) -> frozenset[str]:
    """Return the primary fingerprints of certificates that gpg-agent holds a secret part of.

    It may be a subkey's alone: then the primary key is offline, and gpg lists a stub of it. gpg
    says the same when there is none and when there is no agent: nothing, and success.
    """
    run.ensure_done("listing secret keys")
    found = (record for record in records(run.output) if any(key.secret for key in record.keys))
    return frozenset(record.primary.fingerprint for record in found)


def secret_parts(run: Run) -> frozenset[str]:
    """Return the fingerprints of the keys and subkeys whose secret gpg-agent holds."""
    run.ensure_done("listing secret keys")
    found = (key for record in records(run.output) for key in record.keys if key.secret)
    return frozenset(key.fingerprint for key in found)


def last_signature(output: bytes) -> Instant:
    """Return when the newest signature in such a listing was made, 0 if there is none."""
    rows = (line.split(b":") for line in output.split(b"\n") if line.startswith(b"sig:"))
    made = (_instant(row[5].decode("ascii", "replace")) for row in rows if len(row) > 5)
    return max((instant for instant in made if instant is not None), default=Instant(0))


def _key(row: list[bytes], fingerprint: str) -> SubkeyRecord:
    padded = [*(part.decode("ascii", "replace") for part in row), *[""] * 16]
    validity, secret = padded[1], padded[14]
    return SubkeyRecord(
        key_id=padded[4],
        fingerprint=fingerprint,
        created_at=_instant(padded[5]) or Instant(0),
        expires_at=_instant(padded[6]),
        uses=frozenset(letter for letter in padded[11] if letter.islower()),
        revoked=validity == "r",
        dead=validity in _DEAD,
        secret=padded[0] in {"sec", "ssb"} and secret in {"", "+"},
        weak=is_weak(_number(padded[3]), _number(padded[2])),
    )


def is_weak(algorithm: int, bits: int) -> bool:
    """Say whether a key of that algorithm (RFC 9580 §9.1) and length is too short to be used.

    Curves are listed by name and all long enough.
    """
    return algorithm in _WITH_BITS and bits < BITS_MIN


def is_slow(key: bytes) -> bool:
    """Say whether the body of a version 4 key packet holds numbers made to cost time.

    The first is the modulus or the prime; of RSA the second is the exponent (RFC 4880 §5.5.2).
    """
    algorithm, bits = key[5:6], int.from_bytes(key[6:8], "big")
    if not algorithm or algorithm[0] not in _OF_NUMBERS:
        return False
    second = 8 + (bits + 7) // 8
    exponent = int.from_bytes(key[second : second + 2], "big")
    return bits > BITS_MAX or (algorithm[0] in _RSA and exponent > _EXPONENT_MAX)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _instant(text: str) -> Instant | None:
    return Instant(int(text) * SECOND) if text.isdigit() else None


def _text(raw: bytes) -> str:
    plain = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), raw)
    return plain.decode("utf-8", "replace")
