"""Look at the keys that came with a message, before the transaction that handles it."""

from dataclasses import dataclass

from gatekeeper.domain.instants import Instant
from gatekeeper.mail.reading import Reading
from gatekeeper.pgp import guests
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.guests import Guest
from gatekeeper.pgp.keys import CertRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOffer:
    """A key that came with a message: a certificate to encrypt answers to, or why it is none.

    `covered` says that it lay inside the content, where a signature over the whole covers it.
    """

    label: str
    guest: Guest | None
    problem: str = ""
    covered: bool = True


def examined(engine: Engine, reading: Reading, now: Instant) -> tuple[KeyOffer, ...]:
    """Return the keys that `reading` offers; one that cannot be used is said, never raised.

    OurFault when gpg cannot be run.
    """
    return tuple(
        _examined(engine, each.label, each.block, each.covered, now) for each in reading.offers
    )


def _examined(engine: Engine, label: str, block: bytes, covered: bool, now: Instant) -> KeyOffer:
    try:
        guest = guests.examine(engine, block, now)
    except CertRefused as error:
        return KeyOffer(label=label, guest=None, problem=error.public, covered=covered)
    return KeyOffer(label=label, guest=guest, covered=covered)
