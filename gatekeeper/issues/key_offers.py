"""Look at the keys that came with a message, and say which of them may be its sender's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Coverage, Protection, Signature, SignatureState
from gatekeeper.mail.reading import Reading
from gatekeeper.pgp import guests
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.guests import Guest
from gatekeeper.pgp.keys import CertRefused

NOT_THE_SIGNERS: Final = "it is not the key of who signed"
NOT_THE_ONE_INSIDE: Final = "another key came inside"
"""Why a key from outside is set aside."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """The keys that may be the sender's, and one from outside that is not taken, with the reason.

    `reason` is "" when none was set aside.
    """

    eligible: tuple[Guest, ...]
    aside: Guest | None = None
    reason: str = ""


def weighed(offers: Sequence[KeyOffer], protection: Protection) -> Weighed:
    """Return the keys that can be used, without those that whoever carried the mail may have added.

    A header stands outside of encryption and signature (Autocrypt 1.1, "Deriving": there is one
    at most). What came inside wins over it, be it usable or not, and so does who signed, except
    that the key of a good signature over the whole is proven wherever it stood. A mail that has
    neither whole encryption nor a signature has no inside: its keys are all alike.
    """
    inside = tuple(each.guest for each in offers if each.covered and each.guest is not None)
    outside = [each.guest for each in offers if not each.covered and each.guest is not None]
    known = {guest.info.fingerprint for guest in inside}
    others = [guest for guest in outside if guest.info.fingerprint not in known]
    if not others:
        return Weighed(eligible=inside)
    reason = _against(others[0], protection, any(each.covered for each in offers))
    if reason:
        return Weighed(eligible=inside, aside=others[0], reason=reason)
    return Weighed(eligible=(*inside, *others))


def _against(guest: Guest, protection: Protection, with_inside: bool) -> str:
    signatures = protection.signatures
    if signatures and not any(_may_be_by(guest, each) for each in signatures):
        return NOT_THE_SIGNERS
    opened = protection.encrypted is Coverage.ALL and protection.unreadable is None
    proven = any(
        each.state is SignatureState.GOOD and each.fingerprint == guest.info.fingerprint
        for each in signatures
    )
    return NOT_THE_ONE_INSIDE if with_inside and (opened or signatures) and not proven else ""


def _may_be_by(guest: Guest, signature: Signature) -> bool:
    """Say whether a signature is by this key, or else names it and gpg could not tell.

    A signer that stays unknown although the key was lent to gpg is another one: a stranger's
    certificate can carry anybody's key, of which its owner knows nothing.
    """
    if signature.fingerprint is not None:
        return signature.fingerprint == guest.info.fingerprint
    if signature.state is SignatureState.UNKNOWN_SIGNER:
        return False
    return signature.key_id in guests.key_ids(guest.certificate)


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
