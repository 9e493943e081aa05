"""Certificates of reporters and participants: judged, and lent to gpg for one run at a time.

They never enter our key ring. What is lent is cut down to the keys that it is lent for, and
nothing of it may share a key id with a certificate of ours: a stranger can put anybody's public
key below an own primary key, and a search for that key may then end at the stranger's certificate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.pgp import keys, listing, packets
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keys import CertInfo, CertRefused
from gatekeeper.pgp.listing import Record, SubkeyRecord
from gatekeeper.pgp.process import End

RINGS_MAX: Final = 32
"""Runs of gpg for one message whose guests claim each other's keys; else there is one."""

_WAIT: Final = 10 * SECOND
"""For gpg to check a certificate's signatures: a flood of them is no reason to wait."""

_KEYS: Final = frozenset({packets.PUBLIC_KEY, packets.PUBLIC_SUBKEY})
_ASK: Final = "ask its owner for another key"
_ANEW: Final = "ask its owner to export it anew with gpg --armor --export-options export-minimal"
NOT_OURS: Final = "it carries a key of another certificate that is known here"
AMONG_GUESTS: Final = "it carries a key of another correspondent's certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A certificate that mail may be encrypted to: what it is, and its minimal packets."""

    info: CertInfo
    certificate: bytes

    def names(self, address: Address) -> bool:
        """Say whether a user ID of it is for `address`; anybody can make such a one."""
        wanted = f"<{address.key}>"
        return any(wanted in f"<{user.lower()}>" for user in self.info.user_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Certificates to lend for one run: `packets` for gpg, what they are, and who stays out.

    `refused` holds the reason by primary fingerprint.
    """

    packets: bytes = b""
    certs: tuple[CertInfo, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def examine(engine: Engine, block: bytes, now: Instant) -> Guest:
    """Return the one certificate in `block`, armored or binary, if mail can be encrypted to it.

    CertRefused, with the reason in words that quote nothing of it, for whatever `keys.inspect`
    refuses, for one that cannot be encrypted to at `now`, is our own, carries a key of another
    certificate that is known here, is weak, or is made to cost time. Nothing is imported.
    """
    binary = keys.single(block)
    keys.screen(binary)
    fingerprint = keys.primary_fingerprint(binary)
    secret = listing.secret_keys(engine.run("--list-secret-keys"))
    if fingerprint in secret:
        raise CertRefused("it is the key of this address itself", remedy=_ASK)
    certificate = _minimal(engine, binary, now)
    if _key_ids(certificate) & _at_home(engine, but=fingerprint):
        raise CertRefused(NOT_OURS, remedy=_ASK)
    info = keys.inspect(engine, certificate, now)
    if info.fingerprint != fingerprint or not info.can_encrypt:
        raise CertRefused((*info.problems, "the key cannot be encrypted to")[0], remedy=_ASK)
    return Guest(info=info, certificate=certificate)


def key_ids(certificate: bytes) -> tuple[str, ...]:
    """Return the 16 hex digits of every key in a certificate that `examine` returned.

    They find whose signature a message may hold; gpg decides whether it is theirs.
    """
    return tuple(sorted(_key_ids(certificate)))


def for_verifying(
    engine: Engine, guests: Sequence[bytes], now: Instant | None
) -> tuple[bytes, ...]:
    """Return what to lend for signatures, one run after the other until all of them are good.

    Each guest is lent with its primary key and what it says are its signing subkeys. One that
    cannot be told from a certificate of ours is not lent. Two that claim one key are never lent
    together: gpg looks at the first it finds, and takes the owner's signature for a broken one
    when that is the other (CVE-2025-30258). There is always one ring, perhaps empty.
    """
    known = _read(engine, guests, now)
    ours = _at_home(engine) if known else frozenset[str]()
    rings: list[tuple[set[str], list[bytes]]] = [(set(), [])]
    for record, certificate in known:
        own = {key.fingerprint for key in record.keys if key is record.primary or _may_sign(key)}
        ids = {key[-16:] for key in own}
        if ids & ours:
            continue
        free = next((ring for ring in rings if not ids & ring[0]), None)
        if free is None:
            free = (set(), [])
            rings.append(free)
        free[0].update(ids)
        free[1].append(_cut(certificate, own))
    return tuple(b"".join(lent) for _, lent in rings[:RINGS_MAX])


def _may_sign(key: SubkeyRecord) -> bool:
    return "s" in key.uses and not key.dead


def for_encrypting(engine: Engine, guests: Sequence[bytes], now: Instant) -> Ring:
    """Return what to lend for encryption: each guest's primary key and its encryption subkeys.

    A certificate that is known here itself is not lent: ours is used. One that carries the key
    of another certificate, ours or the primary of another guest, is refused.
    """
    known = _read(engine, guests, now)
    if not known:
        return Ring()
    at_home = listing.records(_listed(engine))
    loaded = {record.primary.fingerprint for record in at_home}
    ours = {key.key_id for record in at_home for key in record.keys}
    strangers = [pair for pair in known if pair[0].primary.fingerprint not in loaded]
    primaries = {record.primary.key_id for record, _ in strangers}
    lent: list[tuple[CertInfo, bytes]] = []
    refused: dict[str, str] = {}
    for record, certificate in strangers:
        info = keys.info(record, now)
        subkeys = {key.fingerprint for key in info.encryption_keys} - {info.fingerprint}
        ids = {key[-16:] for key in subkeys}
        if ids & ours or record.primary.key_id in ours:
            refused[info.fingerprint] = NOT_OURS
        elif ids & primaries:
            refused[info.fingerprint] = AMONG_GUESTS
        else:
            lent.append((info, _cut(certificate, subkeys | {info.fingerprint})))
    return Ring(
        packets=b"".join(part for _, part in lent),
        certs=tuple(info for info, _ in lent),
        refused=refused,
    )


def _minimal(engine: Engine, certificate: bytes, now: Instant) -> bytes:
    """Return a certificate with its newest own signatures alone, as gpg would import it."""
    options = ("--import-options", f"{keys.IMPORT_OPTIONS},import-export", "--import")
    run = engine.run(*options, given=certificate, now=now, wait=min(_WAIT, engine.wait))
    run.ensure_sound("reading a certificate")
    if run.end is End.TOO_SLOW:
        raise CertRefused(keys.TOO_SLOW, remedy=_ANEW)
    if run.end is not End.EXITED or not run.output:
        raise CertRefused("gpg finds no usable key in the block", remedy=_ANEW)
    return keys.single(run.output)


def _key_ids(certificate: bytes) -> frozenset[str]:
    found = (packet for packet in packets.walk(certificate) if packet.tag in _KEYS)
    return frozenset(keys.fingerprint_of(certificate, packet)[-16:] for packet in found)


def _listed(engine: Engine) -> bytes:
    run = engine.run("--list-keys")
    run.ensure_done("listing keys")
    return run.output


def _at_home(engine: Engine, *, but: str = "") -> frozenset[str]:
    """Return the key ids in the home, without those of the certificate `but`."""
    records = listing.records(_listed(engine))
    kept = (record for record in records if record.primary.fingerprint != but)
    return frozenset(key.key_id for record in kept for key in record.keys)


def _read(
    engine: Engine, guests: Sequence[bytes], now: Instant | None
) -> tuple[tuple[Record, bytes], ...]:
    """Return each certificate once, with what gpg makes of it; what is none is passed over.

    One person can be a guest of several issues, with copies of one key that are not of one age:
    a revoked one counts before the others, then the one that ends last.
    """
    copies: dict[str, list[tuple[Record, bytes]]] = {}
    for record, block in _records(engine, _sound(guests), now):
        copies.setdefault(record.primary.fingerprint, []).append((record, block))
    return tuple(max(found, key=_rank) for found in copies.values())


def _records(
    engine: Engine, blocks: Sequence[bytes], now: Instant | None
) -> tuple[tuple[Record, bytes], ...]:
    if not blocks:
        return ()
    options = ("--import-options", f"{keys.IMPORT_OPTIONS},show-only", "--import")
    run = engine.run(*options, given=b"".join(blocks), now=now)
    run.ensure_sound("reading certificates")
    found = listing.records(run.output)
    if [one.primary.fingerprint for one in found] == [*map(keys.primary_fingerprint, blocks)]:
        pairs = zip(found, blocks, strict=True)
        return tuple(pair for pair in pairs if pair[0].user_ids)
    if len(blocks) == 1:
        return ()
    return tuple(pair for block in blocks for pair in _records(engine, [block], now))


def _sound(guests: Sequence[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for block in dict.fromkeys(guests):
        try:
            found.append(keys.single(block))
        except CertRefused:
            continue
    return found


def _rank(copy: tuple[Record, bytes]) -> tuple[bool, bool, int]:
    primary = copy[0].primary
    return primary.revoked, primary.expires_at is None, primary.expires_at or 0


def _cut(certificate: bytes, fingerprints: Iterable[str]) -> bytes:
    """Return a certificate without the subkeys, and their signatures, that are not named."""
    wanted = frozenset(fingerprints)
    kept: list[bytes] = []
    keeping = True
    for packet in packets.walk(certificate):
        if packet.tag in _KEYS:
            keeping = keys.fingerprint_of(certificate, packet) in wanted
        if keeping:
            kept.append(certificate[packet.start : packet.end])
    return b"".join(kept)
