"""Sign once, encrypt once, and give each recipient its own session key packets alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import MIB
from gatekeeper.domain.protection import Sealed
from gatekeeper.pgp import assembly, packets
from gatekeeper.pgp.engine import Engine, Run
from gatekeeper.pgp.guests import Ring, for_encrypting
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertInfo
from gatekeeper.pgp.packets import KeyPacket, SplitMessage

_STRENGTH: Final = ("--cipher-algo=AES256", "--digest-algo=SHA512", "--compress-algo=none")
"""Set for all: a single member's old preferences would turn everyone's mail into 3DES."""

_AES256: Final = 9
_SHA512: Final = 10
_RETRIES: Final = 50
_KEY_PACKETS_MAX: Final = 4096
"""Octets of the session key packets for one certificate; RSA-4096 takes 524."""

_REPORT: Final = "nothing was sent; run `gatekeeper doctor`"
MISSING: Final = "no certificate for it is loaded"
COLLISION: Final = "its encryption subkey has the key id of another member's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom to seal to: the caller's name for it, and fingerprints of primary keys."""

    ref: str
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fanout:
    """A sealed letter: the data packet for all, each recipient's key packets, who is blocked.

    `fingerprints` names the primary keys each recipient's copy is for; `partly` says of a
    recipient that is not blocked which of its keys were left out, and why.
    """

    shared: bytes
    key_packets: Mapping[str, bytes]
    blocked: Mapping[str, str]
    fingerprints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    partly: Mapping[str, str] = field(default_factory=dict)


def assemble(*, frame_head: bytes, key_packets: bytes, shared: bytes, frame_tail: bytes) -> Sealed:
    """Return one recipient's mail: the frame around the armored message, in CRLF lines.

    Only exactly session key packets and one encrypted data packet become mail, else OurFault.
    To many recipients of one letter, `assembly.SharedPacket` saves most of the work.
    """
    return assembly.SharedPacket(shared).assemble(
        frame_head=frame_head, key_packets=key_packets, frame_tail=frame_tail
    )


@dataclass(slots=True, kw_only=True)
class _Choice:
    """The keys that are to be used, and why others are not."""

    usable: dict[str, CertInfo]
    unusable: dict[str, str]

    def drop(self, fingerprint: str, reason: str) -> None:
        self.usable.pop(fingerprint, None)
        self.unusable[fingerprint] = reason


def seal(
    engine: Engine,
    keyring: Keyring,
    *,
    plaintext: bytes,
    recipients: Sequence[Recipient],
    signer: str,
    now: Instant,
    guests: Sequence[bytes] = (),
) -> Fanout:
    """Sign `plaintext` by `signer` and encrypt it, in one run, to all recipients' usable keys.

    `guests` are certificates of recipients that are not in the key ring, for this letter alone;
    none of them replaces one that is. A recipient without a usable key is blocked with the
    reason. OurFault when gpg cannot sign, or when what it made is not exactly what was asked for;
    then nothing is sealed.
    """
    certs = {cert.fingerprint: cert for cert in keyring.list(now)}
    signing = certs.get(signer)
    if signing is None or not signing.can_sign:
        raise OurFault("the alias key cannot sign", remedy="run `gatekeeper doctor`")
    ring = for_encrypting(engine, guests, now)
    choice = _choose({cert.fingerprint: cert for cert in ring.certs} | certs, recipients, ring)
    message = _encrypt(engine, plaintext, choice, signer=signing, ring=ring, now=now)
    if message is None:
        return Fanout(shared=b"", key_packets={}, blocked=_blocked(recipients, choice))
    owned = _owned(message.key_packets, choice)
    used = {one.ref: _used(one, choice) for one in recipients if _used(one, choice)}
    return Fanout(
        shared=message.data,
        key_packets={ref: b"".join(owned[key] for key in keys) for ref, keys in used.items()},
        blocked=_blocked(recipients, choice),
        fingerprints=used,
        partly=_partly(recipients, choice),
    )


def _used(one: Recipient, choice: _Choice) -> tuple[str, ...]:
    return tuple(key for key in dict.fromkeys(one.fingerprints) if key in choice.usable)


def _choose(certs: Mapping[str, CertInfo], recipients: Iterable[Recipient], ring: Ring) -> _Choice:
    choice = _Choice(usable={}, unusable={})
    for fingerprint in dict.fromkeys(key for one in recipients for key in one.fingerprints):
        cert = certs.get(fingerprint)
        if cert is None:
            choice.unusable[fingerprint] = ring.refused.get(fingerprint, MISSING)
        elif not cert.can_encrypt:
            choice.unusable[fingerprint] = cert.problems[0]
        else:
            choice.usable[fingerprint] = cert
    owners: dict[str, set[str]] = {}
    for cert in choice.usable.values():
        for key in cert.encryption_keys:
            owners.setdefault(key.key_id, set()).add(key.fingerprint)
    for fingerprint, cert in list(choice.usable.items()):
        if any(len(owners[key.key_id]) > 1 for key in cert.encryption_keys):
            choice.drop(fingerprint, COLLISION)
    return choice


def _encrypt(
    engine: Engine,
    plaintext: bytes,
    choice: _Choice,
    *,
    signer: CertInfo,
    ring: Ring,
    now: Instant,
) -> SplitMessage | None:
    """Return the one message to all usable keys; None when no key is usable."""
    for _ in range(_RETRIES):
        if not choice.usable:
            return None
        to = [word for key in choice.usable for word in ("--recipient", key)]
        options = (*_STRENGTH, "--sign", "--encrypt", "--local-user", signer.fingerprint, *to)
        # What is encrypted is ours: its bound is its own size, not that of what may be opened.
        limit = 2 * len(plaintext) + MIB + len(choice.usable) * _KEY_PACKETS_MAX
        run = engine.run(*options, given=plaintext, ring=ring.packets, limit=limit, now=now)
        run.ensure_sound("encrypting")
        named = _named(run, choice)
        for fingerprint in named:
            choice.drop(fingerprint, "gpg cannot encrypt to the key")
        if not named:
            run.ensure_done("encrypting")
            return _checked(run, signer)
    raise OurFault("gpg refused keys again and again", remedy="run `gatekeeper key list`")


def _named(run: Run, choice: _Choice) -> list[str]:
    """Return the usable keys that gpg stopped at: INV_RECP <reason> <as it was asked for>."""
    asked = [line.arguments[1:2] for line in run.status.all("INV_RECP")]
    return [words[0] for words in asked if words and words[0] in choice.usable]


def _checked(run: Run, signer: CertInfo) -> SplitMessage:
    begun = run.status.only("BEGIN_ENCRYPTION")
    signed = run.status.only("SIG_CREATED")
    if begun is None or signed is None or begun.number(1) != _AES256:
        raise OurFault("gpg did not encrypt as it was told", remedy=_REPORT)
    by = (*signed.arguments, *[""] * 6)[5]
    if signed.number(2) != _SHA512 or by not in signer.signing_keys:
        raise OurFault("gpg did not sign as it was told", remedy=_REPORT)
    return _split(run.output)


def _split(message: bytes) -> SplitMessage:
    """Return the packets of our own message; unlike foreign ones it may have any number of keys."""
    try:
        found = tuple(packets.walk(message))
    except packets.NotPackets:
        raise OurFault("gpg's message is cut short", remedy=_REPORT) from None
    key_packets = tuple(
        KeyPacket(
            key_id=message[packet.body + 1 : packet.body + 9].hex().upper(),
            raw=message[packet.start : packet.end],
        )
        for packet in found[:-1]
        if packet.tag == packets.SESSION_KEY
    )
    if not key_packets or len(key_packets) != len(found) - 1:
        raise OurFault("gpg's message has other packets than it should", remedy=_REPORT)
    data = message[found[-1].start : found[-1].end]
    assembly.ensure_data_packet(data)
    return SplitMessage(key_packets=key_packets, data=data)


def _owned(key_packets: Iterable[KeyPacket], choice: _Choice) -> Mapping[str, bytes]:
    """Return each key's packets, by key id: their order is not the order of recipients.

    One subkey bound to two certificates is one key: each owner gets the first packet for it.
    """
    by_id: dict[str, bytes] = {}
    for packet in key_packets:
        by_id.setdefault(packet.key_id, packet.raw)
    owned = {
        fingerprint: b"".join(
            by_id[key.key_id] for key in cert.encryption_keys if key.key_id in by_id
        )
        for fingerprint, cert in choice.usable.items()
    }
    known = {key.key_id for cert in choice.usable.values() for key in cert.encryption_keys}
    if not by_id.keys() <= known or not all(owned.values()):
        raise OurFault("gpg encrypted to other keys than it was asked to", remedy=_REPORT)
    return owned


def _blocked(recipients: Iterable[Recipient], choice: _Choice) -> Mapping[str, str]:
    return {
        one.ref: _reasons(one, choice) or "it has no key"
        for one in recipients
        if not _used(one, choice)
    }


def _partly(recipients: Iterable[Recipient], choice: _Choice) -> Mapping[str, str]:
    return {
        one.ref: _reasons(one, choice)
        for one in recipients
        if _used(one, choice) and _reasons(one, choice)
    }


def _reasons(one: Recipient, choice: _Choice) -> str:
    keys = dict.fromkeys(one.fingerprints)
    return "; ".join(f"{key}: {choice.unusable[key]}" for key in keys if key in choice.unusable)
