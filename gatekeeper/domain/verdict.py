"""What may be said of a message's encryption and signature, in words that are true."""

from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.protection import Coverage, Protection, Signature, SignatureState
from gatekeeper.domain.team import Person, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The finding on one message: two sentences for people, and the signer for rules.

    `signer` is set only when exactly one signature covers the whole content, it is good, and its
    primary key is a team member's in our own table; `from_confirmed` only when that person's
    address is also the one in From.
    """

    encryption: str
    signature: str
    signer: Person | None = None
    from_confirmed: bool = False


def verdict(protection: Protection, sender: Address | None, team: Team) -> Verdict:
    """Return what was verified; `sender` is the one address in From, None if there is not one."""
    signer = _signer(protection, team)
    confirmed = signer is not None and sender is not None and signer.address.key == sender.key
    return Verdict(
        encryption=_encryption(protection),
        signature=_signature(protection, team, confirmed=confirmed),
        signer=signer,
        from_confirmed=confirmed,
    )


def _signer(protection: Protection, team: Team) -> Person | None:
    if len(protection.signatures) != 1:
        return None
    return _behind(protection.signatures[0], team)


def _behind(signature: Signature, team: Team) -> Person | None:
    if signature.state is not SignatureState.GOOD or signature.fingerprint is None:
        return None
    return team.by_key().get(signature.fingerprint)


def _encryption(protection: Protection) -> str:
    if protection.unreadable is not None:
        return f"encrypted, NOT READABLE: {protection.unreadable}"
    if protection.encrypted is Coverage.ALL and protection.own_key is not None:
        return f"all of it, to our key {spaced(protection.own_key)}"
    if protection.encrypted is Coverage.PART:
        return "PART of it; the rest travelled in clear"
    return "none: the message travelled in clear"


def _signature(protection: Protection, team: Team, *, confirmed: bool) -> str:
    if not protection.signatures:
        return "none"
    if len(protection.signatures) > 1:
        states = ", ".join(_plain(signature, team) for signature in protection.signatures)
        return f"{len(protection.signatures)} signatures, none counts alone: {states}"
    signer = _behind(protection.signatures[0], team)
    if signer is None:
        return _plain(protection.signatures[0], team)
    confirmation = "From confirmed" if confirmed else "From NOT confirmed"
    return f"good, by {signer.name} of the response team; {confirmation}"


_WORDS: Final = {
    SignatureState.GOOD: "good, by a key that is nobody's here",
    SignatureState.BAD: "BAD: the content was changed, or the signature is not its own",
    SignatureState.UNKNOWN_SIGNER: "not checked: the signer's key is unknown here",
    SignatureState.EXPIRED_KEY: "by a key that has expired; counts as none",
    SignatureState.EXPIRED_SIGNATURE: "expired; counts as none",
    SignatureState.REVOKED_KEY: "by a REVOKED key; counts as none",
    SignatureState.WEAK: "with a digest that is no longer safe; counts as none",
    SignatureState.UNCHECKED: "could not be checked; counts as none",
}


def _plain(signature: Signature, team: Team) -> str:
    key = signature.fingerprint or signature.key_id
    person = _behind(signature, team)
    words = f"good, by {person.name}" if person else _WORDS[signature.state]
    return words + (f" ({spaced(key)})" if key else "")


def spaced(digits: str) -> str:
    """Return hex digits in groups of four, as people compare fingerprints."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
