"""Look at the keys that came with a message, before the transaction that handles it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatekeeper.domain.address import Address
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


def belonging(offered: Sequence[Guest], *, address: Address, signed_by: str | None) -> Guest | None:
    """Return which of the keys in one mail is its sender's own, None when that is not clear.

    The one that signed the whole mail; else the only one that names `address`; else the only one
    at all. People also send keys of others: to ask about them, or within what they forward.
    """
    signing = [guest for guest in offered if guest.info.fingerprint == signed_by]
    naming = [guest for guest in offered if guest.names(address)]
    for few in (signing, naming, offered):
        if len({guest.info.fingerprint for guest in few}) == 1:
            return few[0]
    return None
