"""A certificate cut down to one address: what a Web Key Directory may hand out for it."""

from collections.abc import Iterator
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.pgp import packets
from gatekeeper.pgp.keys import CertRefused

_USER_ID: Final = 13
_ATTRIBUTE: Final = 17
"""RFC 4880 §5.11, §5.12."""

_OPENERS: Final = frozenset({_USER_ID, _ATTRIBUTE, packets.PUBLIC_KEY, packets.PUBLIC_SUBKEY})


def trimmed(certificate: bytes, address: Address) -> bytes:
    """Return a certificate's packets with the user IDs of this address only, their order kept.

    CertRefused when none is: programs refuse such a key for the address.
    """
    kept = tuple(_kept(certificate, address))
    if not any(packet.tag == _USER_ID for packet in kept):
        message = f"no user ID of the key is for {address}"
        raise CertRefused(message, remedy="add one with gpg --quick-add-uid, and export the key")
    return b"".join(certificate[packet.start : packet.end] for packet in kept)


def _kept(certificate: bytes, address: Address) -> Iterator[packets.Packet]:
    wanted = True
    for packet in packets.walk(certificate):
        if packet.tag in _OPENERS:
            body = certificate[packet.body : packet.end]
            wanted = packet.tag not in {_USER_ID, _ATTRIBUTE} or (
                packet.tag == _USER_ID and _mailbox(body) == address.key
            )
        if wanted:
            yield packet


def _mailbox(user_id: bytes) -> str:
    """Return the key of the address in `Name <address>`, or that is all there is; "" if none."""
    text = user_id.decode("utf-8", "replace").strip()
    inner = text.rpartition("<")[2].removesuffix(">") if text.endswith(">") else text
    try:
        return Address.parse(inner).key
    except ValueError:
        return ""
