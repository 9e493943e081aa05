"""Open a message and verify signatures; hostile input is an answer, never an exception."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import fingerprint
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Integrity, Signature, SignatureState, UnreadableReason
from gatekeeper.pgp import armor, listing, packets, signatures, soundness
from gatekeeper.pgp.armor import BadArmor
from gatekeeper.pgp.cleartext import unframed
from gatekeeper.pgp.engine import ATTACHED, Engine, Run
from gatekeeper.pgp.guests import for_verifying
from gatekeeper.pgp.packets import SplitMessage, Unsound
from gatekeeper.pgp.process import End
from gatekeeper.pgp.status import SIGNATURES

_R: Final = UnreadableReason
_SMOOTH: Final = frozenset({SignatureState.GOOD, SignatureState.WEAK})
"""States of a signature that gpg has nothing to complain of."""

_BINARY: Final = b"\x00"
"""The type of a signature of octets, after its version (RFC 4880 §5.2.3, §5.2.1)."""

_LINE_MAX: Final = 19_990
"""Octets of a line, with its end, that gpg always takes in whole under a signature of text."""

_SIGNATURES_MAX: Final = 8
_SIGNATURE_ALONE: Final = {packets.SIGNATURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message that was sound: its content, our (sub)key's fingerprint, its signatures.

    Of content in text mode, which its sender or whoever sealed it again chose, gpg gives the lines
    without any carriage return.
    `cipher` names what its data was encrypted with (RFC 9580 §9.3), such as "AES256", `integrity`
    how it was protected against changes; `digest` tells the encrypted data again, in whatever
    armor and to whatever keys it comes.
    """

    plaintext: bytes
    own_key: str
    signatures: tuple[Signature, ...]
    cipher: str
    integrity: Integrity
    digest: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A message that stays closed, why, and the key ids that it names; `digest` as if opened."""

    reason: UnreadableReason
    key_ids: tuple[str, ...] = ()
    digest: bytes | None = None


def open_message(
    engine: Engine,
    ciphertext: bytes,
    *,
    guests: Sequence[bytes] = (),
    limit: int | None = None,
    now: Instant | None = None,
) -> Opened | Closed:
    """Decrypt one message, armored or binary, and verify the signatures inside it.

    `guests` are certificates to verify by beside those of the home, for this message alone.
    `limit` is how many bytes it may hold, at most the engine's own bound.
    `now` is the time at which keys and signatures are judged, else the system's. OurFault when
    it is not the message's fault: gpg killed, no gpg-agent, no memory, no secret key in the home.
    """
    binary = _message(ciphertext)
    if isinstance(binary, Closed):
        return binary
    bound = engine.output_limit if limit is None else min(limit, engine.output_limit)
    opened = _opened(engine, binary, guests=guests, limit=bound, now=now)
    return replace(opened, digest=_digest(binary))


def digest_of(ciphertext: bytes) -> bytes | None:
    """Return what `open_message` would give as the digest, without opening; None if there is none.

    It tells the same ciphertext again, however it is armored or framed.
    """
    binary = _message(ciphertext)
    return None if isinstance(binary, Closed) else _digest(binary)


def _opened(
    engine: Engine, binary: bytes, *, guests: Sequence[bytes], limit: int, now: Instant | None
) -> Opened | Closed:
    message = packets.screen(binary)
    if isinstance(message, Unsound):
        return Closed(reason=message.reason, key_ids=message.key_ids)
    whole = message.joined()
    tries = _Tries(engine=engine, message=whole, now=now, left=engine.wait, limit=limit)
    run, ring = tries.best(for_verifying(engine, guests, now))
    found = signatures.read(run.status)
    hidden = packets.ANONYMOUS in message.key_ids
    reason = soundness.unsound(run, signed=bool(found), hidden=hidden)
    if reason is not None and not _all_good(found):
        # gpg stops at a bad or expired signature, before the integrity check.
        run = tries.run("--skip-verify", ring=ring)
        reason = soundness.unsound(run, signed=False, hidden=hidden)
    if reason is _R.NO_KEY and not soundness.tried(run.status):
        _ensure_not_ours(engine, message)
    key = run.status.only("DECRYPTION_KEY")
    if reason is not None or key is None:
        return Closed(reason=reason or _R.MALFORMED, key_ids=message.key_ids)
    cipher, integrity = soundness.protection(run.status)
    return Opened(
        plaintext=run.output,
        own_key=fingerprint(key.arguments[0]),
        signatures=found,
        cipher=cipher,
        integrity=integrity,
    )


def _digest(message: bytes) -> bytes | None:
    """Return the SHA-256 of a message's encrypted data, None when it has none.

    The session keys and the lengths in which the data packet comes can be changed by anybody who
    passes the message on; its content cannot.
    """
    try:
        walked = list(islice(packets.walk(message), packets.PACKETS_MAX))
    except packets.NotPackets:
        return None
    found = [packet for packet in walked if packet.tag in packets.DATA]
    hashed = hashlib.sha256()
    for packet in found:
        for start, end in packets.spans(message, packet):
            hashed.update(memoryview(message)[start:end])
    return hashed.digest() if found else None


def _message(ciphertext: bytes) -> bytes | Closed:
    if armor.is_binary(ciphertext):
        return ciphertext
    try:
        blocks = armor.dearmor(ciphertext)
    except BadArmor:
        return Closed(reason=_R.MALFORMED)
    if len(blocks) > 1:
        return Closed(reason=_R.AMBIGUOUS)
    if not blocks or blocks[0].kind != armor.Kind.MESSAGE:
        return Closed(reason=_R.MALFORMED)
    return blocks[0].data


@dataclass(slots=True, kw_only=True)
class _Tries:
    """Runs of gpg on one message, which share its time: `left` of it, in microseconds.

    `limit` bounds the output of each, in bytes.
    """

    engine: Engine
    message: bytes
    now: Instant | None
    left: int
    limit: int

    def best(self, rings: Sequence[bytes]) -> tuple[Run, bytes]:
        """Return the first run in which every signature is good, else the first; and its ring."""
        first = self.run(ring=rings[0])
        if first.end is End.TOO_SLOW and not first.status.count("BEGIN_DECRYPTION"):
            raise OurFault(
                "gpg did not begin to decrypt within its time",
                remedy="it is tried again; check the machine's load and gpg-agent",
            )
        if _all_good(signatures.read(first.status)):
            return first, rings[0]
        for ring in rings[1:]:
            if self.left <= 0:
                break
            run = self.run(ring=ring)
            if _all_good(signatures.read(run.status)) and run.end is End.EXITED:
                return run, ring
        return first, rings[0]

    def run(self, *more: str, ring: bytes) -> Run:
        """Decrypt once, with what time is left; OurFault when gpg or the machine failed."""
        run = self.engine.run(
            *(*more, "--decrypt"),
            given=self.message,
            ring=ring,
            now=self.now,
            wait=max(self.left, 0),
            limit=self.limit,
        )
        self.left -= run.spent
        run.ensure_sound("decrypting")
        return run


def _all_good(found: Sequence[Signature]) -> bool:
    return all(one.state is SignatureState.GOOD for one in found)


def _ensure_not_ours(engine: Engine, message: SplitMessage) -> None:
    """Raise OurFault when the key that is missing is one of ours: gpg tells no other way.

    A key of which there is only a stub is none: anybody can write its id into a message.
    """
    held = listing.secret_parts(engine.run("--list-secret-keys"))
    if not held:
        raise OurFault(
            "gpg-agent holds no secret key",
            remedy="it is tried again; run `gatekeeper doctor`",
        )
    if {key[-16:] for key in held} & set(message.key_ids):
        raise OurFault(
            "gpg-agent did not use our key",
            remedy="it is tried again; check memory and gpg-agent",
        )


def verify_detached(
    engine: Engine,
    content: bytes,
    signature: bytes,
    *,
    guests: Sequence[bytes] = (),
    now: Instant | None = None,
) -> tuple[Signature, ...]:
    """Return what each signature over `content` is worth; the block is armored or binary.

    A block that is no signature, or more than eight, is one that could not be checked. `guests`,
    `now` and OurFault as for `open_message`.
    """
    found = _signature_packets(signature)
    if not found:
        return (signatures.UNCHECKED,)
    left = engine.wait
    first: tuple[Signature, ...] = ()
    for ring in for_verifying(engine, guests, now):
        states: list[Signature] = []
        for packet in found:
            if _is_cut(content, packet):
                states.append(signatures.UNCHECKED)
                continue
            run = engine.run(
                *("--enable-special-filenames", "--verify", "--", ATTACHED, "-"),
                given=content,
                attached=packet,
                ring=ring,
                now=now,
                wait=max(left, 0),
            )
            left -= run.spent
            states.append(_verified(run))
        first = first or tuple(states)
        if _all_good(states):
            return tuple(states)
        if left <= 0:
            break
    return first


def _verified(run: Run) -> Signature:
    """Return what a run says of the one signature it was given.

    One at a time: gpg ends alike when one has an unknown signer, and when it had trouble with the
    content or with another. One that took too long could not be checked: who sent it chose the
    key that it takes so long with, and would choose it again.
    """
    run.ensure_sound("verifying a signature")
    found = signatures.read(run.status)
    if run.end is not End.EXITED or len(found) != 1 or not run.status.within(SIGNATURES):
        return signatures.UNCHECKED
    return signatures.UNCHECKED if run.exit_code != 0 and found[0].state in _SMOOTH else found[0]


def _is_cut(content: bytes, signature: bytes) -> bool:
    """Say whether gpg would check a signature of text without the ends of very long lines.

    Anybody could then write anything there. It says so only by an exit code that has other causes.
    """
    (packet,) = packets.walk(signature)
    kind = signature[packet.body : packet.end][1:2]
    return kind != _BINARY and any(len(line) > _LINE_MAX for line in io.BytesIO(content))


def _signature_packets(block: bytes) -> tuple[bytes, ...]:
    """Return the packets of a block of one to eight signatures; none for anything else."""
    try:
        if not armor.is_binary(block):
            blocks = armor.dearmor(block)
            if len(blocks) != 1 or blocks[0].kind != armor.Kind.SIGNATURE:
                return ()
            block = blocks[0].data
        found = list(islice(packets.walk(block), _SIGNATURES_MAX + 1))
    except ValueError:
        return ()
    sound = len(found) <= _SIGNATURES_MAX and {packet.tag for packet in found} == _SIGNATURE_ALONE
    return tuple(block[packet.start : packet.end] for packet in found) if sound else ()


def verify_inline(
    engine: Engine,
    text: bytes,
    *,
    guests: Sequence[bytes] = (),
    now: Instant | None = None,
) -> tuple[bytes, tuple[Signature, ...]]:
    """Return the text of a cleartext-signed message (RFC 4880 §7) and its signatures.

    The text returned is exactly what the signatures are checked against: without the frame and
    dash escapes, without blanks at line ends, in CRLF lines. Anything but one whole frame comes
    back as it is, with a signature that could not be checked.
    """
    frame = unframed(text)
    if frame is None:
        return text, (signatures.UNCHECKED,)
    content, signature = frame
    return content, verify_detached(engine, content, signature, guests=guests, now=now)
