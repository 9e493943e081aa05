"""What may be said of a message's encryption and signature, in words that are true."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import (
    Coverage,
    PartSignature,
    Protection,
    Signature,
    SignatureState,
)
from gatekeeper.domain.team import Person, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody outside the team whose key is pinned, and the address that is stored for them.

    `label` are words such as "the reporter of SEC-2026-0007".
    """

    label: str
    address: Address

    def __post_init__(self) -> None:
        """Refuse words that could pose as another finding."""
        if not self.label.strip() or not self.label.isprintable():
            message = "somebody known is named in one printable line"
            raise ValueError(message)


IN_CLEAR: Final = "none: the message travelled in clear"
"""What is said, and kept, of the encryption of a mail that had none."""

NOBODY: Final[Mapping[str, Known]] = MappingProxyType({})


class Inside(Enum):
    """That a payload says nothing of its sender, which is not the same as naming nobody."""

    ABSENT = "absent"


ABSENT: Final = Inside.ABSENT
"""Given for the protected From of a mail that has none."""

Claimed: TypeAlias = Address | Literal[Inside.ABSENT] | None
"""The one address that a protected From names; None when it names several, or none that is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The finding on one message: sentences for people, and the signer for rules.

    `parts` has a sentence for each signature over a part of it, which counts for nothing.
    `signer` is set only when exactly one signature covers the whole content, it is good, and its
    primary key is a team member's in our own table; `from_confirmed` only when the one address in
    From is that of whoever signed, of the team or known by a pinned key, and a protected From
    says the same. `key` is the primary fingerprint of that one good signature, whoever's it is,
    and `made_at` when it says that it was made; somebody of the team stands behind it only when
    `signer` is set.
    """

    encryption: str
    signature: str
    parts: tuple[str, ...] = ()
    signer: Person | None = None
    from_confirmed: bool = False
    key: str | None = None
    made_at: Instant | None = None


def verdict(
    protection: Protection,
    sender: Address | None,
    team: Team,
    known: Mapping[str, Known] = NOBODY,
    *,
    inside: Claimed = ABSENT,
) -> Verdict:
    """Return what was verified; `sender` is the one address in From, None if there is not one.

    `known` holds those outside the team by the fingerprint of their pinned key. A key of the
    team is the team's, whatever `known` says of it. `inside` is the protected From likewise,
    ABSENT when the payload has none.
    """
    single = _single(protection)
    key = single.fingerprint if single else None
    signer = team.by_key().get(key) if key else None
    confirmed = single is not None and from_agrees(
        single, outer=sender, protected=inside, team=team, known=known
    )
    return Verdict(
        encryption=_encryption(protection),
        signature=_signature(protection, team, known, confirmed=confirmed),
        parts=tuple(_part(part, team, known) for part in protection.parts),
        signer=signer,
        from_confirmed=confirmed,
        key=key,
        made_at=single.made_at if single else None,
    )


def from_agrees(
    signature: Signature,
    *,
    outer: Address | None,
    protected: Claimed = ABSENT,
    team: Team,
    known: Mapping[str, Known] = NOBODY,
) -> bool:
    """Say whether From is the address of the person whose good signature this is.

    `outer` is the one address of the one From field, None when there is not exactly one;
    `protected` likewise of the From inside the payload, ABSENT when it has none: when there is
    one, it must agree as well (RFC 9788 §4.4). Whether the signature covers the whole is not asked.
    """
    key = signature.fingerprint
    if signature.state is not SignatureState.GOOD or key is None or outer is None:
        return False
    who = team.by_key().get(key) or known.get(key)
    if who is None or who.address.key != outer.key:
        return False
    return protected is ABSENT or (protected is not None and protected.key == who.address.key)


def known_as(signature: Signature, team: Team, known: Mapping[str, Known] = NOBODY) -> str:
    """Return whose good signature it is, "" when it is not good or nobody's here."""
    return _name(signature, team, known)


def _part(part: PartSignature, team: Team, known: Mapping[str, Known]) -> str:
    name = known_as(part.signature, team, known)
    words = f"good, by {name}" if name else _plain(part.signature, team, known)
    return f"{part.label} only: {words}; covers nothing else"


def _single(protection: Protection) -> Signature | None:
    """Return the one signature when it is good and its key is named."""
    if len(protection.signatures) != 1:
        return None
    signature = protection.signatures[0]
    good = signature.state is SignatureState.GOOD and signature.fingerprint is not None
    return signature if good else None


def _encryption(protection: Protection) -> str:
    if protection.unreadable is not None:
        return f"encrypted, NOT READABLE: {protection.unreadable}"
    if protection.encrypted is Coverage.ALL and protection.own_key is not None:
        return f"all of it, to our key {spaced(protection.own_key)}"
    if protection.encrypted is Coverage.PART:
        return "PART of it; the rest travelled in clear"
    return IN_CLEAR


def _signature(
    protection: Protection, team: Team, known: Mapping[str, Known], *, confirmed: bool
) -> str:
    if not protection.signatures:
        return "none"
    if len(protection.signatures) > 1:
        states = ", ".join(_plain(signature, team, known) for signature in protection.signatures)
        return f"{len(protection.signatures)} signatures, none counts alone: {states}"
    signature = protection.signatures[0]
    name = _name(signature, team, known, of_the_team=" of the response team")
    if not name:
        return _plain(signature, team, known)
    confirmation = "From confirmed" if confirmed else "From NOT confirmed"
    return f"good, by {name}; {confirmation}"


def _name(
    signature: Signature, team: Team, known: Mapping[str, Known], *, of_the_team: str = ""
) -> str:
    key = signature.fingerprint
    if signature.state is not SignatureState.GOOD or key is None:
        return ""
    person = team.by_key().get(key)
    if person is not None:
        return f"{person.name}{of_the_team}"
    return f"the key of {known[key].label}" if key in known else ""


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


def _plain(signature: Signature, team: Team, known: Mapping[str, Known]) -> str:
    key = signature.fingerprint or signature.key_id
    name = _name(signature, team, known)
    words = f"good, by {name}" if name else _WORDS[signature.state]
    return words + (f" ({spaced(key)})" if key else "")


def spaced(digits: str) -> str:
    """Return hex digits in groups of four, as people compare fingerprints."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
