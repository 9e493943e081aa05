"""The certificate for STARTTLS: read, read again when its files change, and its dates."""

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.inbound.rates import monotonic

_log = logging.getLogger("gatekeeper.inbound")

_LOOK_EVERY: Final = SECOND
_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name."""

_ROUNDS: Final = 10
"""A handshake of TLS 1.2 needs three."""

_Seen = tuple[tuple[int, int, int], ...]
"""Inode, time of change and size of each file."""


def make_context(*, certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server's context for TLS 1.2 and later; Misconfigured when the files are no pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # No sessions are resumed: nothing is kept with which an old one could be opened.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    try:
        # An empty password: without one OpenSSL would ask at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        wrong = "KEY_VALUES_MISMATCH" in str(error.reason)
        public = (
            f"{key} is not the key of {certificate}" if wrong else _unreadable(certificate, key)
        )
        raise Misconfigured(public, reason=_reason(error), remedy=_REMEDY) from None
    except OSError as error:
        public = _unreadable(certificate, key)
        raise Misconfigured(public, reason=error.strerror or "", remedy=_REMEDY) from None
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when until when a certificate is valid."""

    begins: Instant
    ends: Instant


def validity(context: ssl.SSLContext, *, certificate: Path) -> Validity:
    """Return how long the certificate in `context` is valid, as a client sees it.

    Found out in a handshake without a socket, because that is how the standard library reads a
    certificate. Misconfigured when the certificate is not for a server.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags = (
        client.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    )
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        client.load_verify_locations(certificate)
        found = _shown(context, client)
    except OSError as error:
        public = f"{certificate} holds no certificate for a server"
        reason = _reason(error) if isinstance(error, ssl.SSLError) else error.strerror or ""
        raise Misconfigured(public, reason=reason, remedy=_REMEDY) from None
    begins, ends = (
        Instant(ssl.cert_time_to_seconds(str(found[name])) * SECOND)
        for name in ("notBefore", "notAfter")
    )
    return Validity(begins=begins, ends=ends)


class Certificate:
    """A certificate in use; it follows its files, and stays as it is while they are broken."""

    def __init__(
        self, *, certificate: Path, key: Path, ticks: Callable[[], int] = monotonic
    ) -> None:
        """Read it; Misconfigured when the files are no pair. `ticks` counts microseconds."""
        self._certificate = certificate
        self._key = key
        self._ticks = ticks
        self._looked_at = ticks()
        self._seen = self._look()
        self._context = make_context(certificate=certificate, key=key)

    def context(self) -> ssl.SSLContext:
        """Return the context for a new session; looks at the files once a second at most."""
        at = self._ticks()
        if at - self._looked_at >= _LOOK_EVERY:
            self._looked_at = at
            seen = self._look()
            if seen != self._seen:
                self._read_again()
                self._seen = seen
        return self._context

    def _read_again(self) -> None:
        try:
            self._context = make_context(certificate=self._certificate, key=self._key)
        except Misconfigured as error:
            _log.error("the certificate in use stays: %s", error.diagnostics())
        else:
            _log.info("a new certificate is in use: %s", self._certificate)

    def _look(self) -> _Seen:
        return tuple(_signature(path) for path in (self._certificate, self._key))


_REMEDY: Final = "put certificate (chain) and private key there in PEM, without a passphrase"


def _unreadable(certificate: Path, key: Path) -> str:
    both = str(certificate) if certificate == key else f"{certificate} and {key}"
    return f"{both}: no certificate with its private key can be read there"


def _reason(error: ssl.SSLError) -> str:
    return str(getattr(error, "verify_message", "") or error.reason or "").lower().replace("_", " ")


def _signature(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _shown(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, object]:
    """Return what `client` reads in the certificate of `server`; SSLError when it refuses it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asked = client.wrap_bio(to_client, to_server)
    asking = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_ROUNDS):
        if _goes_on(asked):
            return dict(asked.getpeercert() or {})
        _goes_on(asking)
    message = "the handshake comes to no end"
    raise ssl.SSLError(message)


def _goes_on(side: ssl.SSLObject) -> bool:
    """Take the handshake as far as it goes; True when this side is through."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
