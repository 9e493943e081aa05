"""Packets of OpenPGP without cryptography: where each begins and ends, the screen and the split."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from gatekeeper.domain.protection import UnreadableReason

SESSION_KEY: Final = 1
SIGNATURE: Final = 2
PASSWORD_KEY: Final = 3
SECRET_KEY: Final = 5
PUBLIC_KEY: Final = 6
SECRET_SUBKEY: Final = 7
UNPROTECTED: Final = 9
MARKER: Final = 10
USER_ID: Final = 13
PUBLIC_SUBKEY: Final = 14
USER_ATTRIBUTE: Final = 17
PROTECTED: Final = 18
AEAD: Final = 20
"""Packet tags: RFC 4880 §4.3; 20 is gpg's own (draft-koch-librepgp §5.16)."""

_R: Final = UnreadableReason

DATA: Final = frozenset({UNPROTECTED, PROTECTED, AEAD})
_MAY_BE_PARTIAL: Final = DATA | {8, 11}
"""RFC 4880 §4.2.2.4: only data packets come in partial lengths."""

CERTIFICATE: Final = frozenset(
    {SIGNATURE, PUBLIC_KEY, PUBLIC_SUBKEY, USER_ID, USER_ATTRIBUTE},
)
"""What a certificate consists of (RFC 4880 §11.1)."""

_CHUNKS_MAX: Final = 100_000
"""Pieces of one packet; gpg makes them of 8 KiB."""

PACKETS_MAX: Final = 1_000
"""Packets of a message, with those for passwords and the markers that are dropped."""

_KEY_ID: Final = slice(1, 9)
ANONYMOUS: Final = "0" * 16

KEY_PACKETS_MAX: Final = 200
ANONYMOUS_MAX: Final = 4
SAME_KEY_MAX: Final = 2
"""A hundred junk packets for one RSA key hold the agent for seconds (design: "Believing")."""


class NotPackets(ValueError):
    """Bytes that do not divide into whole packets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """Where one packet lies: `start`, its first body octet `body`, and `end`, as offsets."""

    tag: int
    start: int
    body: int
    end: int
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPacket:
    """One public-key encrypted session key packet: whose (16 hex digits), and its bytes."""

    key_id: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitMessage:
    """An encrypted message taken apart: session keys, and the one data packet."""

    key_packets: tuple[KeyPacket, ...]
    data: bytes

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return whom the message claims to be encrypted to, in its order."""
        return tuple(packet.key_id for packet in self.key_packets)

    def joined(self) -> bytes:
        """Return the message again, of these packets alone."""
        return b"".join((*(packet.raw for packet in self.key_packets), self.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsound:
    """A message that is not shown to gpg, and why."""

    reason: UnreadableReason
    key_ids: tuple[str, ...] = ()


def walk(data: bytes) -> Iterator[Packet]:
    """Yield the packets that `data` consists of; NotPackets where it does not (RFC 4880 §4.2)."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise NotPackets("no packet begins here")
        packet = _new(data, at) if head & 0x40 else _old(data, at)
        if packet.end > len(data):
            raise NotPackets("the last packet is cut short")
        if packet.partial and packet.tag not in _MAY_BE_PARTIAL:
            raise NotPackets("a packet of this kind has one length")
        yield packet
        at = packet.end


def _old(data: bytes, at: int) -> Packet:
    tag, kind = (data[at] >> 2) & 0x0F, data[at] & 3
    if kind == 3:
        return Packet(tag=tag, start=at, body=at + 1, end=len(data), partial=True)
    body = at + 1 + (1, 2, 4)[kind]
    length = int.from_bytes(data[at + 1 : body], "big")
    return Packet(tag=tag, start=at, body=body, end=body + length)


def _new(data: bytes, at: int) -> Packet:
    tag = data[at] & 0x3F
    body, length, partial = _length(data, at + 1)
    end, more, chunks = body + length, partial, 1
    while more:
        start, length, more = _length(data, end)
        end, chunks = start + length, chunks + 1
        if chunks > _CHUNKS_MAX:
            raise NotPackets("a packet in too many pieces")
    return Packet(tag=tag, start=at, body=body, end=end, partial=partial)


def _length(data: bytes, at: int) -> tuple[int, int, bool]:
    """Return where the body begins, how long it is, and whether more of it follows."""
    if at >= len(data):
        raise NotPackets("a length is missing")
    first = data[at]
    if first < 192:
        return at + 1, first, False
    if first < 224:
        if at + 1 >= len(data):
            raise NotPackets("a length is cut short")
        return at + 2, ((first - 192) << 8) + data[at + 1] + 192, False
    if first < 255:
        return at + 1, 1 << (first & 0x1F), True
    return at + 5, int.from_bytes(data[at + 1 : at + 5], "big"), False


def only(data: bytes, tags: frozenset[int]) -> bytes:
    """Return those packets of `data` that have one of these tags; NotPackets as `walk`."""
    return b"".join(data[one.start : one.end] for one in walk(data) if one.tag in tags)


def spans(data: bytes, packet: Packet) -> Iterator[tuple[int, int]]:
    """Yield where a packet's body lies, piece by piece when it comes in partial lengths."""
    if not packet.partial or not data[packet.start] & 0x40:
        yield packet.body, packet.end
        return
    at, more = packet.start + 1, True
    while more:
        start, length, more = _length(data, at)
        at = start + length
        yield start, at


def screen(message: bytes) -> SplitMessage | Unsound:
    """Return a message's packets, or why it is not worth showing to gpg.

    Sound is: session key packets, then exactly one data packet with integrity protection, and
    nothing after it. Password packets beside key packets are dropped; markers are skipped.
    """
    try:
        found = list(islice(walk(message), PACKETS_MAX + 1))
    except NotPackets:
        return Unsound(reason=_R.MALFORMED)
    packets = [packet for packet in found if packet.tag != MARKER]
    keys = [_key_packet(message, packet) for packet in packets if packet.tag == SESSION_KEY]
    known = tuple(key for key in keys if key is not None)
    ids = tuple(key.key_id for key in known)
    reason = _flood(found) or _unsound(message, packets, keys)
    if reason is not None:
        return Unsound(reason=reason, key_ids=ids[:KEY_PACKETS_MAX])
    return SplitMessage(key_packets=known, data=message[packets[-1].start : packets[-1].end])


def _flood(found: list[Packet]) -> UnreadableReason | None:
    if len(found) <= PACKETS_MAX:
        return None
    keys = sum(packet.tag == SESSION_KEY for packet in found)
    return _R.TOO_MANY_KEYS if keys > KEY_PACKETS_MAX else _R.MALFORMED


def _unsound(
    message: bytes, packets: list[Packet], keys: list[KeyPacket | None]
) -> UnreadableReason | None:
    tags = [packet.tag for packet in packets]
    data = [tag for tag in tags if tag in DATA]
    if len(data) > 1 or (data and tags[-1] not in DATA):
        return _R.AMBIGUOUS
    if not data or not set(tags) <= DATA | {SESSION_KEY, PASSWORD_KEY} or None in keys:
        return _R.MALFORMED
    if not keys:
        password = PASSWORD_KEY in tags
        return _R.PASSWORD_ONLY if password else _R.MALFORMED
    if UNPROTECTED in tags:
        return _R.NO_INTEGRITY
    if message[packets[-1].body : packets[-1].body + 1] != b"\x01":
        return _R.MALFORMED
    return _R.TOO_MANY_KEYS if _too_many(keys) else None


def _key_packet(message: bytes, packet: Packet) -> KeyPacket | None:
    body = message[packet.body : packet.end]
    if len(body) < 10 or body[0] != 3:
        return None
    key_id = body[_KEY_ID].hex().upper()
    return KeyPacket(key_id=key_id, raw=message[packet.start : packet.end])


def _too_many(keys: list[KeyPacket | None]) -> bool:
    counts = Counter(key.key_id for key in keys if key is not None)
    anonymous = counts.pop(ANONYMOUS, 0)
    return (
        len(keys) > KEY_PACKETS_MAX
        or anonymous > ANONYMOUS_MAX
        or max(counts.values(), default=0) > SAME_KEY_MAX
    )
