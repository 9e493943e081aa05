"""Certificates: what one is good for at a given instant, and which are refused at the door."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.errors import TheirFault
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp import armor, listing, packets
from gatekeeper.pgp.armor import BadArmor
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.listing import BITS_MIN, Record, SubkeyRecord, is_slow, is_weak
from gatekeeper.pgp.process import End

BLOCK_MAX: Final = 256 * 1024
"""Bytes of one certificate (design: OpenPGP, "Keys")."""

KEYS_MAX: Final = 32
"""Keys in a certificate, the primary one included; ordinary ones have two to six."""

_NAMES_MAX: Final = 64
_NAMES: Final = frozenset({packets.USER_ID, packets.USER_ATTRIBUTE})
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
IMPORT_OPTIONS: Final = "import-minimal,self-sigs-only"
_PRIMARY: Final = frozenset({packets.PUBLIC_KEY, packets.SECRET_KEY})
_SECRET: Final = frozenset({packets.SECRET_KEY, packets.SECRET_SUBKEY})
_KEYS: Final = _PRIMARY | {packets.PUBLIC_SUBKEY, packets.SECRET_SUBKEY}


class CertRefused(TheirFault):
    """A key block that is not taken; the public text says why and quotes nothing of it."""


class SecretRefused(CertRefused):
    """A key block with a secret key in it, where a public one belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionKey:
    """A (sub)key that mail is encrypted to: 16 and 40 hex digits, and when it ends."""

    key_id: str
    fingerprint: str
    expires_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertInfo:
    """One certificate at one instant.

    `user_ids` only the printable ones · `encryption_keys` those usable at that instant ·
    `signing_keys` fingerprints likewise · `problems` sentences for people, which quote nothing of
    the certificate · `dead` why nothing in it is of use, "" when something may be ·
    `secret_parts` the fingerprints of the keys in it whose secret we hold · `parts` the primary
    key and all subkeys, usable or not.
    """

    fingerprint: str
    user_ids: tuple[str, ...]
    created_at: Instant
    expires_at: Instant | None
    can_sign: bool
    can_encrypt: bool
    encryption_keys: tuple[EncryptionKey, ...]
    signing_keys: tuple[str, ...]
    revoked: bool
    problems: tuple[str, ...]
    dead: str = ""
    secret_parts: frozenset[str] = frozenset()
    parts: tuple[SubkeyRecord, ...] = ()

    @property
    def secret(self) -> bool:
        """Say whether we hold the secret of any key in it."""
        return bool(self.secret_parts)

    @property
    def primary_offline(self) -> bool:
        """Say whether we hold secrets of subkeys alone: it works, but cannot be extended here."""
        return self.secret and self.fingerprint not in self.secret_parts

    @property
    def signs(self) -> bool:
        """Say whether we can sign by it now."""
        return not self.secret_parts.isdisjoint(self.signing_keys)

    @property
    def unopened(self) -> tuple[str, ...]:
        """The encryption subkeys, usable now, whose secret we do not hold."""
        known = (key.fingerprint for key in self.encryption_keys)
        return tuple(key for key in known if key not in self.secret_parts)

    @property
    def opens(self) -> bool:
        """Say whether we can open what is encrypted to it now."""
        return not self.secret_parts.isdisjoint(key.fingerprint for key in self.encryption_keys)


def inspect(engine: Engine, block: bytes, now: Instant) -> CertInfo:
    """Return what the one certificate in `block` (armored or binary) is, importing nothing.

    CertRefused for: more than 256 KiB, not exactly one certificate, secret packets, a version
    other than 4, what `screen` refuses, or nothing that gpg can use within its time.
    """
    binary = single(block)
    screen(binary)
    options = f"{IMPORT_OPTIONS},show-only"
    run = engine.run("--import-options", options, "--import", given=binary, now=now)
    run.ensure_sound("reading a certificate")
    if run.end is End.TOO_SLOW:
        raise CertRefused(TOO_SLOW, remedy=_EXPORT)
    found = listing.records(run.output)
    if run.end is not End.EXITED or len(found) != 1 or not found[0].user_ids:
        raise CertRefused("gpg finds no usable key in the block", remedy=_EXPORT)
    return info(found[0], now)


TOO_SLOW: Final = "it takes too long to check its signatures"
_ANOTHER: Final = "ask its owner for another key"
_ANEW: Final = "ask its owner to export it anew with gpg --armor --export-options export-minimal"
_EXPORT: Final = "export it anew with gpg --armor --export-options export-minimal --export"


def single(block: bytes, *, allow_secret: bool = False) -> bytes:
    """Return the one certificate in `block` as packets; CertRefused when it is not one."""
    if len(block) > BLOCK_MAX:
        size = BLOCK_MAX // 1024
        raise CertRefused(f"the key block is larger than {size} KiB", remedy=_EXPORT)
    binary = _binary(block)
    try:
        found = tuple(packets.walk(binary))
    except packets.NotPackets:
        raise CertRefused("the block is no OpenPGP key", remedy=_EXPORT) from None
    if not allow_secret and any(packet.tag in _SECRET for packet in found):
        raise SecretRefused(
            "the block holds a SECRET key",
            remedy="tell its owner that it must be replaced, and ask for the public key",
        )
    if not found or found[0].tag not in _PRIMARY or _count(found, _PRIMARY) != 1:
        raise CertRefused("the block does not hold exactly one key", remedy=_EXPORT)
    versions = {binary[p.body : p.end][:1] for p in found if p.tag in _KEYS}
    if versions != {b"\x04"}:
        raise CertRefused(
            "the key is not of version 4, the only one that gpg and most peers read",
            remedy="ask for a key of version 4 (RFC 4880)",
        )
    return binary


def screen(certificate: bytes) -> None:
    """Refuse, before gpg sees them, packets made to cost time or to be read as something else.

    CertRefused for more than 32 keys, more than 64 user IDs, or one with a control character or a
    line break in it (C0, C1, U+2028, U+2029); and for a primary key so short that anybody may come
    to own it.
    """
    found = tuple(packets.walk(certificate))
    primary = certificate[found[0].body : found[0].end]
    if is_weak(int.from_bytes(primary[5:6], "big"), int.from_bytes(primary[6:8], "big")):
        raise CertRefused(f"its primary key has less than {BITS_MIN} bits", remedy=_ANOTHER)
    if any(is_slow(certificate[p.body : p.end]) for p in found if p.tag in _KEYS):
        raise CertRefused("it has a key made to cost time", remedy=_ANOTHER)
    if _count(found, _KEYS) > KEYS_MAX:
        raise CertRefused(f"the key has more than {KEYS_MAX} keys in it", remedy=_ANEW)
    names = [packet for packet in found if packet.tag in _NAMES]
    if len(names) > _NAMES_MAX:
        raise CertRefused(f"the key has more than {_NAMES_MAX} user IDs", remedy=_ANEW)
    for name in names:
        text = certificate[name.body : name.end].decode("utf-8", "replace")
        if name.tag == packets.USER_ID and _CONTROL.search(text):
            raise CertRefused("a user ID holds control characters", remedy=_ANOTHER)


def primary_fingerprint(certificate: bytes) -> str:
    """Return the fingerprint of a version 4 certificate's packets (RFC 4880 §12.2)."""
    return fingerprint_of(certificate, next(packets.walk(certificate)))


def fingerprint_of(certificate: bytes, key: packets.Packet) -> str:
    """Return the fingerprint of one version 4 key packet of a certificate (RFC 4880 §12.2)."""
    body = certificate[key.body : key.end]
    hashed = b"\x99" + len(body).to_bytes(2, "big") + body
    return hashlib.sha1(hashed, usedforsecurity=False).hexdigest().upper()


def _binary(block: bytes) -> bytes:
    if armor.is_binary(block):
        return block
    try:
        blocks = armor.dearmor(block)
    except BadArmor as error:
        raise CertRefused(str(error), remedy=_EXPORT) from None
    if len(blocks) != 1:
        raise CertRefused("there is not exactly one key block", remedy=_EXPORT)
    return blocks[0].data


def _count(found: Iterable[packets.Packet], tags: frozenset[int]) -> int:
    return sum(packet.tag in tags for packet in found)


def info(record: Record, now: Instant) -> CertInfo:
    """Return what a listed certificate is good for at `now`."""
    primary = record.primary
    alive = [] if _dead(record, now) else [key for key in record.keys if not key.dead]
    usable = [key for key in alive if not _ended(key, now)]
    encrypting = [key for key in usable if key.uses & {"e", "r"}]
    if any(key.weak for key in encrypting):
        # which of several subkeys is encrypted to is gpg's choice
        encrypting = []
    encryption = tuple(
        EncryptionKey(key_id=key.key_id, fingerprint=key.fingerprint, expires_at=key.expires_at)
        for key in encrypting
    )
    can_encrypt = any("e" in key.uses for key in encrypting)
    signing = tuple(key.fingerprint for key in usable if "s" in key.uses and not key.weak)
    return CertInfo(
        fingerprint=primary.fingerprint,
        user_ids=tuple(text for text in record.user_ids if text.isprintable()),
        created_at=primary.created_at,
        expires_at=primary.expires_at,
        can_sign=bool(signing),
        can_encrypt=can_encrypt,
        encryption_keys=encryption,
        signing_keys=signing,
        revoked=primary.revoked,
        problems=tuple(_problems(record, now, can_encrypt=can_encrypt)),
        dead=_dead(record, now),
        secret_parts=frozenset(key.fingerprint for key in record.keys if key.secret),
        parts=record.keys,
    )


def _ended(key: SubkeyRecord, now: Instant) -> bool:
    return key.expires_at is not None and key.expires_at <= now


def _dead(record: Record, now: Instant) -> str:
    """Return why nothing of a certificate is of use, "" when something may be."""
    primary = record.primary
    reasons = {
        "the key is revoked": primary.revoked,
        "the key is invalid": primary.dead,
        f"its primary key has less than {BITS_MIN} bits": primary.weak,
        "the key has expired": _ended(primary, now),
        "the key is disabled": record.disabled,
    }
    return next((text for text, holds in reasons.items() if holds), "")


def _problems(record: Record, now: Instant, *, can_encrypt: bool) -> Iterable[str]:
    if dead := _dead(record, now):
        yield dead
    elif not can_encrypt:
        yield _no_encryption(record, now)
    if any(not text.isprintable() for text in record.user_ids):
        yield "a user ID holds characters that cannot be printed"


def _no_encryption(record: Record, now: Instant) -> str:
    candidates = [key for key in record.keys if "e" in key.uses]
    if not candidates:
        return "the key has no encryption subkey"
    if all(key.revoked for key in candidates):
        return "its encryption subkey is revoked"
    if any(key.weak and not key.dead and not _ended(key, now) for key in candidates):
        return f"its encryption subkey has less than {BITS_MIN} bits"
    if any(_ended(key, now) for key in candidates):
        return "its encryption subkey has expired"
    return "its encryption subkey is invalid"
