"""Mail addresses: read strictly, compared safely, and routed by the envelope alone."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from gatekeeper.domain.token import REPLY_LENGTH, TOKEN_LENGTH

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LOCAL_MAX: Final = 64
BOUNCES_MAX: Final = _LOCAL_MAX - len("+") - TOKEN_LENGTH
"""Octets of the bounce address's name, so that `+` and a token fit behind it."""
SECURITY_MAX: Final = _LOCAL_MAX - len("+") - REPLY_LENGTH
"""Octets of the security alias's local part, so that `+` and a reply token fit behind it."""
_DOMAIN_MAX: Final = 255
_KELVIN: Final = "\u212a"
_SMTPUTF8_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\s<>@,;:\\\"\[\]()]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mailbox `local@domain` (RFC 5321 §4.1.2 dot-string and domain, RFC 6531 letters).

    Quoted local parts and address literals are refused: no role mailbox needs them, and every
    second implementation reads them differently.
    """

    local: str
    domain: str

    def __post_init__(self) -> None:
        """Refuse what is not one plain mailbox."""
        if not _is_local(self.local):
            message = "not a plain local part"
            raise ValueError(message)
        if not _is_domain(self.domain):
            message = "not a domain name"
            raise ValueError(message)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address written in `text`, else ValueError (never quotes the text)."""
        local, at, domain = text.rpartition("@")
        if not at:
            message = "an address needs one @"
            raise ValueError(message)
        return cls(local=local, domain=domain)

    def __str__(self) -> str:
        """Return `local@domain` as it was written."""
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """Return the form under which two spellings of one mailbox are equal: lower case."""
        return _lower(f"{self.local}@{self.domain}")

    @property
    def needs_smtputf8(self) -> bool:
        """Say whether the peer must speak RFC 6531 to receive it."""
        return not (self.local.isascii() and self.domain.isascii())


def _lower(text: str) -> str:
    """Return `text` in lower case, but never a letter beyond ASCII as one within.

    Unicode has one that would pass: KELVIN SIGN, whose lower case is `k`. A mailbox written with
    it is another mailbox, however alike the two look.
    """
    return _KELVIN.join(piece.lower() for piece in text.split(_KELVIN))


def _is_local(text: str) -> bool:
    if not text or len(text.encode("utf-8", "surrogatepass")) > _LOCAL_MAX:
        return False
    if text.isascii():
        return _LOCAL.fullmatch(text) is not None
    return _is_printable_utf8(text) and not text.startswith(".") and not text.endswith(".")


def _is_domain(text: str) -> bool:
    if not text or len(text.encode("utf-8", "surrogatepass")) > _DOMAIN_MAX:
        return False
    if text.isascii():
        return _DOMAIN.fullmatch(text) is not None
    return _is_printable_utf8(text) and all(text.split("."))


def _is_printable_utf8(text: str) -> bool:
    return text.isprintable() and _SMTPUTF8_CONTROL.search(text) is None


class Route(StrEnum):
    """What stands behind one of our own addresses (design: mail, "Addresses")."""

    SECURITY = "security"
    BOUNCES = "bounces"
    POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where an accepted recipient leads: the route, and the token after `+`, if any."""

    route: Route
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAddresses:
    """Our own mailboxes; the one place that says which recipients exist.

    `bounces_local` in lower case, at most BOUNCES_MAX octets; the local part of `security` at
    most SECURITY_MAX octets.
    """

    security: Address
    bounces_local: str = "bounces"

    def __post_init__(self) -> None:
        """Refuse addresses that could not be written with a token, or not be told apart."""
        if len(self.security.local.encode()) > SECURITY_MAX:
            message = f"the security alias's local part has at most {SECURITY_MAX} octets"
            raise ValueError(message)
        if self.bounces_local != _lower(self.bounces_local) or "+" in self.bounces_local:
            message = "the bounce address is written in lower case and without +"
            raise ValueError(message)
        if self.bounces_local in {"", "postmaster", "abuse", _lower(self.security.local)}:
            message = "the bounce address needs a name that no other of our addresses has"
            raise ValueError(message)
        self.bounce_address("t" * TOKEN_LENGTH)

    def route(self, recipient: Address) -> Destination | None:
        """Return where `recipient` leads, or None when it does not exist here.

        Case does not matter. The security alias and the bounce address take a `+token`; whether
        it is one of ours is for its key to say (domain/token).
        """
        if _lower(recipient.domain) != _lower(self.security.domain):
            return None
        local = _lower(recipient.local)
        security = _lower(self.security.local)
        if local == security:
            return Destination(route=Route.SECURITY)
        if local.startswith(f"{security}+") and local != f"{security}+":
            return Destination(route=Route.SECURITY, token=local.removeprefix(f"{security}+"))
        if local in {"postmaster", "abuse"}:
            return Destination(route=Route.POSTMASTER)
        base, plus, token = local.partition("+")
        if plus and token and base == self.bounces_local:
            return Destination(route=Route.BOUNCES, token=token)
        return None

    def bounce_address(self, token: str) -> Address:
        """Return the envelope sender that carries a delivery's bounce token."""
        return Address(local=f"{self.bounces_local}+{token}", domain=self.security.domain)

    def reply_address(self, token: str) -> Address:
        """Return the address that a correspondent answers to, which carries a reply token."""
        return Address(local=f"{self.security.local}+{token}", domain=self.security.domain)
