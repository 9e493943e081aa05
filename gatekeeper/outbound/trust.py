"""How the relay is known and how we are known to it: TLS that is verified, never "if it offers it".

`never` is for a relay on this machine. Elsewhere the connection is encrypted and the relay proves
who it is, by a certificate for its name from an authority or by a certificate that is pinned;
otherwise nothing is said to it, and mail waits.
"""

import hashlib
import hmac
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PIN_BYTES: Final = 32
"""SHA-256 of a certificate in DER."""


class Tls(StrEnum):
    """How a connection to the relay is protected."""

    NEVER = "never"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user of the relay's (RFC 4954)."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what no SASL PLAIN message can hold (RFC 4616 §2)."""
        if not self.user or not self.password or "\0" in self.user + self.password:
            message = "a user and a password are not empty and hold no NUL"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a connection to the relay must prove before anything is said on it.

    `authorities` are certificates in PEM instead of the system's · `pins` are SHA-256 digests of
    certificates: with any, the relay's own has to be one of them, and neither its name, nor who
    issued it, nor its dates count · `login` is sent over TLS only, else ValueError.
    """

    tls: Tls = Tls.NEVER
    authorities: str = ""
    pins: frozenset[bytes] = frozenset()
    login: Login | None = None

    def __post_init__(self) -> None:
        """Refuse what could send a password in clear, and what would be ignored."""
        if self.tls is Tls.NEVER and (self.login or self.pins or self.authorities):
            message = "a password, pins and authorities need TLS"
            raise ValueError(message)
        if self.pins and self.authorities:
            message = "a certificate is pinned, or an authority vouches for it"
            raise ValueError(message)
        if any(len(pin) != PIN_BYTES for pin in self.pins):
            message = "a pin is a SHA-256 digest"
            raise ValueError(message)

    def context(self) -> ssl.SSLContext | None:
        """Return the one context for all connections, None without TLS; making it is expensive.

        ValueError when the authorities are no certificates.
        """
        if self.tls is Tls.NEVER:
            return None
        try:
            context = ssl.create_default_context(cadata=self.authorities or None)
        except ssl.SSLError:
            message = "the authorities are no certificates in PEM"
            raise ValueError(message) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.pins:
            # `objection` compares the certificate itself before anything else is said.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def objection(self, certificate: bytes | None) -> str:
        """Return why the certificate (DER) that the relay has is not to be trusted, "" when it is.

        Without pins the handshake has already decided.
        """
        if not self.pins:
            return ""
        found = hashlib.sha256(certificate or b"").digest()
        if certificate and any(hmac.compare_digest(found, pin) for pin in self.pins):
            return ""
        return f"its certificate is not the pinned one, its SHA-256 is {found.hex()}"
