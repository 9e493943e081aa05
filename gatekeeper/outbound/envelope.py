"""What is said to the relay before a message: MAIL and RCPT, with what it offers (RFC 5321, 3461).

Where the relay knows delivery status notifications, it is asked to report what did not get there,
with the header of the message alone; what is sent from <> asks for no report at all.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.protection import Lines
from gatekeeper.outbound.job import Job

Offers = Callable[[str], bool]
"""Says whether the relay offers an extension."""

SLICE: Final = 256 * 1024
"""Bytes of a message that are handed to the socket at once."""

_PLAIN: Final = frozenset(range(0x21, 0x7F)) - set(b"+=\\")
_AS_IT_IS: Final = re.compile(r"[!-*,-<>-\[\]-~]*")


def mail(job: Job, offers: Offers) -> tuple[bytes, ...]:
    """Return MAIL with the parameters that the relay offers or the addresses need."""
    words = [b"MAIL", b"FROM:" + _path(str(job.sender or ""))]
    if offers("SIZE"):
        words.append(b"SIZE=%d" % job.what.size)
    addresses = (job.recipient, *((job.sender,) if job.sender else ()))
    if any(address.needs_smtputf8 for address in addresses):
        words.append(b"SMTPUTF8")
    if offers("DSN") and job.sender is not None:
        words.append(b"RET=HDRS")
        if job.envelope_id:
            words.append(b"ENVID=" + _xtext(job.envelope_id))
    return tuple(words)


def rcpt(job: Job, offers: Offers) -> tuple[bytes, ...]:
    """Return RCPT; a relay that knows reports is told which ones are wanted."""
    words = [b"RCPT", b"TO:" + _path(str(job.recipient))]
    if not offers("DSN"):
        return tuple(words)
    if job.sender is None:
        return (*words, b"NOTIFY=NEVER")
    return (*words, b"NOTIFY=FAILURE,DELAY", b"ORCPT=" + _original(job.recipient))


def stuffed(lines: Lines) -> bytes:
    """Return the lines with each leading dot doubled (RFC 5321 §4.5.2)."""
    if not lines.dotted:
        return lines.content
    doubled = lines.content.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled


def slices(pieces: Sequence[bytes]) -> Iterator[bytes | memoryview]:
    """Yield a message in slices: the transport copies whatever the socket does not take at once.

    A short one goes in one, so that it is one packet; a long one is not copied for that.
    """
    if sum(map(len, pieces)) <= SLICE:
        yield b"".join(pieces)
        return
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), SLICE):
            yield view[start : start + SLICE]


def _path(address: str) -> bytes:
    return b"<" + address.encode() + b">"


def _original(recipient: Address) -> bytes:
    """Return the address with its type (RFC 3461 §4.2; beyond ASCII RFC 6533 §3)."""
    if recipient.needs_smtputf8:
        return b"utf-8;" + b"".join(_escaped(letter) for letter in str(recipient))
    return b"rfc822;" + _xtext(str(recipient))


def _xtext(text: str) -> bytes:
    """Return RFC 3461 §4 xtext."""
    if _AS_IT_IS.fullmatch(text):
        return text.encode()
    return b"".join(
        b"%c" % octet if octet in _PLAIN else b"+%02X" % octet for octet in text.encode()
    )


def _escaped(letter: str) -> bytes:
    """Return RFC 6533 §3 utf-8-addr-xtext, which any relay can carry."""
    return letter.encode() if ord(letter) in _PLAIN else b"\\x{%X}" % ord(letter)
