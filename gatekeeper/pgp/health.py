"""The state of the alias's own key: what is wrong now, and what soon will be."""

from typing import Final, TypeGuard

from gatekeeper.domain.instants import DAY, Instant, spoken
from gatekeeper.pgp.keyring import Keyring

PRIMARY_OFFLINE: Final = "the primary key is offline"
NO_SIGNER: Final = "gpg-agent does not hold the secret of a signing key"

WARN_BEFORE: Final = 60 * DAY
"""The first of the warnings before a key ends (design: OpenPGP, "Keys")."""


def check(keyring: Keyring, fingerprint: str, *, now: Instant) -> tuple[str, ...]:
    """Return the problems of the alias's key as sentences, () when it can sign and open mail."""
    cert = keyring.find(fingerprint, now)
    if cert is None:
        return (f"the alias key {fingerprint} is not loaded",)
    problems = list(cert.problems)
    if not cert.secret:
        problems.append("gpg-agent does not hold its secret key")
    elif cert.can_encrypt and not cert.opens:
        problems.append("gpg-agent does not hold the secret of its encryption subkey")
    if not cert.can_sign and not cert.problems:
        problems.append("the key has no usable signing key")
    elif cert.can_sign and cert.secret and not cert.signs:
        problems.append(NO_SIGNER)
    return tuple(problems)


def notes(keyring: Keyring, fingerprint: str, *, now: Instant) -> tuple[str, ...]:
    """Return what is good to know of the alias's key and no problem: that its primary is offline.

    Then mail is opened and signed by its subkeys, and it is extended where the primary key is.
    """
    cert = keyring.find(fingerprint, now)
    return (PRIMARY_OFFLINE,) if cert is not None and cert.primary_offline else ()


def warnings(keyring: Keyring, fingerprint: str, *, now: Instant) -> tuple[str, ...]:
    """Return what will be a problem within 60 days, of the alias's key or a member's."""
    cert = keyring.find(fingerprint, now)
    if cert is None or cert.problems:
        return ()
    found: list[str] = []
    if _is_near(cert.expires_at, now):
        found.append(f"the key expires {spoken(cert.expires_at)}")
    ends = [key.expires_at for key in cert.encryption_keys]
    last = max((end for end in ends if end is not None), default=None)
    if None not in ends and _is_near(last, now) and last != cert.expires_at:
        found.append(f"the encryption subkey expires {spoken(last)}")
    return tuple(found)


def _is_near(end: Instant | None, now: Instant) -> TypeGuard[Instant]:
    return end is not None and end <= now + WARN_BEFORE
