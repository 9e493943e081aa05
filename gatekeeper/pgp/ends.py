"""When certificates end: the primary key, the last subkey for mail, the last one for signatures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.instants import Instant
from gatekeeper.pgp import keys, listing
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keys import CertRefused
from gatekeeper.pgp.listing import Record, SubkeyRecord

_AT_ONCE: Final = 64
"""Certificates that one run of gpg looks at; each has at most 256 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEnd:
    """The end of one key or subkey, named by its own fingerprint."""

    fingerprint: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CertEnds:
    """When one certificate ends, past ends included; None for what has no end of its own.

    `whole` is the primary key's, with which all of it ends · `mail` is when mail can no longer be
    encrypted to it, `signing` when it can no longer sign, if that is before `whole` · `usable`
    whether mail can be encrypted to it at the instant it was looked at. Of a revoked key there is
    nothing to wait for.
    """

    fingerprint: str
    whole: KeyEnd | None
    mail: KeyEnd | None
    signing: KeyEnd | None
    usable: bool


def in_home(engine: Engine, now: Instant) -> Mapping[str, CertEnds]:
    """Return the ends of every certificate in the engine's home, by primary fingerprint.

    Of our own keys those sign whose secret is here: the primary key's may be elsewhere.
    """
    secret = engine.run("--list-secret-keys", now=now)
    secret.ensure_done("listing secret keys")
    records = listing.records(secret.output)
    held = frozenset(key.fingerprint for each in records for key in each.keys if key.secret)
    run = engine.run("--list-keys", now=now)
    run.ensure_done("listing keys")
    found = (_ends(record, now, held) for record in listing.records(run.output))
    return {ends.fingerprint: ends for ends in found}


def of_certificates(
    engine: Engine, blocks: Sequence[bytes], now: Instant
) -> tuple[CertEnds | None, ...]:
    """Return the ends of each certificate, armored or binary; None for one that gpg cannot read.

    Nothing is imported.
    """
    found: list[CertEnds | None] = []
    for start in range(0, len(blocks), _AT_ONCE):
        found += _looked_at(
            engine, [_single(each) for each in blocks[start : start + _AT_ONCE]], now
        )
    return tuple(found)


def _single(block: bytes) -> bytes:
    try:
        return keys.single(block)
    except CertRefused:
        return b""


def _looked_at(engine: Engine, blocks: Sequence[bytes], now: Instant) -> list[CertEnds | None]:
    """Look at many at once, and at each alone only if gpg does not return them all in order."""
    sound = [block for block in blocks if block]
    if not sound:
        return [None] * len(blocks)
    options = ("--import-options", f"{keys.IMPORT_OPTIONS},show-only", "--import")
    run = engine.run(*options, given=b"".join(sound), now=now)
    run.ensure_sound("reading certificates")
    records = listing.records(run.output)
    if [each.primary.fingerprint for each in records] == [*map(keys.primary_fingerprint, sound)]:
        found = iter([_ends(each, now) if each.user_ids else None for each in records])
        return [next(found) if block else None for block in blocks]
    if len(blocks) == 1:
        return [None]
    return [each for block in blocks for each in _looked_at(engine, [block], now)]


def _ends(record: Record, now: Instant, held: frozenset[str] = frozenset()) -> CertEnds:
    primary = record.primary
    own = [key for key in record.keys if key.fingerprint in held]
    whole = None
    if not primary.dead and primary.expires_at is not None:
        whole = KeyEnd(fingerprint=primary.fingerprint, at=primary.expires_at)
    return CertEnds(
        fingerprint=primary.fingerprint,
        whole=whole,
        mail=_last(record.keys, "e", whole) if not primary.dead else None,
        signing=_last(own or record.keys, "s", whole) if not primary.dead else None,
        usable=keys.info(record, now).can_encrypt,
    )


def _last(among: Sequence[SubkeyRecord], use: str, whole: KeyEnd | None) -> KeyEnd | None:
    """Return the last end of the keys for one use, None if it is that of the whole or never."""
    ends = [_end(key) for key in among if use in key.uses and not key.dead]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    last = max(known, key=lambda end: end.at)
    return last if whole is None or last.at < whole.at else None


def _end(key: SubkeyRecord) -> KeyEnd | None:
    return (
        None if key.expires_at is None else KeyEnd(fingerprint=key.fingerprint, at=key.expires_at)
    )
