"""Put a recipient's key packets before a letter's shared packet: the only maker of Sealed."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.protection import SEALED_MINT, Lines, Sealed
from gatekeeper.pgp import armor, packets
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.crc24 import crc24, shift

_NEWLINE: Final = b"\r\n"
_LINE_OCTETS: Final = armor.LINE // 4 * 3
_KEPT_MAX: Final = 64 * 1024 * 1024
_PACKETS_MAX: Final = 64
_REMEDY: Final = "nothing was sent; run `gatekeeper doctor`"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """The shared packet from some offset on: its base64 lines, and its checksum from 0.

    None in the place of no lines at all.
    """

    text: Lines | None
    crc: int
    octets: int


class SharedPacket:
    """A letter's encrypted data packet, armored once for all recipients.

    Safe to use from several threads; keeps up to 64 MiB of base64 as long as it lives.
    """

    __slots__ = ("_lock", "_rests", "_shared")

    def __init__(self, shared: bytes) -> None:
        """Take the packet; OurFault when it is not exactly one."""
        ensure_data_packet(shared)
        self._shared = shared
        self._rests: OrderedDict[int, _Rest] = OrderedDict()
        self._lock = threading.Lock()

    def assemble(self, *, frame_head: bytes, key_packets: bytes, frame_tail: bytes) -> Sealed:
        """Return the frame around the message of `key_packets` and this packet, in CRLF lines.

        Those of this packet are the same Lines for all whose key packets are equally long.
        """
        _ensure_key_packets(key_packets)
        offset = -len(key_packets) % _LINE_OCTETS
        head, rest = key_packets + self._shared[:offset], self._rest(offset)
        crc = shift(crc24(head), rest.octets) ^ rest.crc
        begin, end = armor.edges(Kind.MESSAGE, crc, _NEWLINE)
        first = armor.lines(head, _NEWLINE)
        above, below = frame_head + begin + first, end + frame_tail
        if rest.text is None:
            return Sealed(above, below, mint=SEALED_MINT)
        return Sealed(above, rest.text, below, mint=SEALED_MINT)

    def _rest(self, offset: int) -> _Rest:
        """Return what follows after whole lines; recipients differ in few offsets."""
        with self._lock:
            found = self._rests.get(offset)
            if found is None:
                rest = self._shared[offset:]
                text = armor.lines(rest, _NEWLINE)
                kept = Lines(text) if text else None
                found = _Rest(text=kept, crc=crc24(rest, 0), octets=len(rest))
                while self._rests and (len(self._rests) + 1) * len(text) > _KEPT_MAX:
                    self._rests.popitem(last=False)
                self._rests[offset] = found
            return found


def ensure_data_packet(shared: bytes) -> None:
    """Raise OurFault unless `shared` is exactly one data packet with integrity protection."""
    found = _walk(shared)
    sound = len(found) == 1 and found[0].tag in {packets.PROTECTED, packets.AEAD}
    if not sound or shared[found[0].body : found[0].body + 1] != b"\x01":
        raise OurFault("a letter's shared packet is not one encrypted packet", remedy=_REMEDY)


def _ensure_key_packets(key_packets: bytes) -> None:
    found = _walk(key_packets)
    tags = {packet.tag for packet in found}
    if tags != {packets.SESSION_KEY} or len(found) > _PACKETS_MAX:
        raise OurFault("a delivery's key packets are not session key packets", remedy=_REMEDY)


def _walk(data: bytes) -> tuple[packets.Packet, ...]:
    try:
        return tuple(packets.walk(data))
    except packets.NotPackets:
        return ()
