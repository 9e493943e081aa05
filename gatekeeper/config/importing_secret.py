"""The alias's secret subkeys taken into the configuration, as they come from an offline primary.

Only the alias's own key comes in, without a passphrase, and no secret that opens mail may be lost
by it. Where the file holds subkeys alone, the primary key is offline from then on.
"""

from contextlib import ExitStack
from typing import Final

from gatekeeper.config.alias_section import require_unchanged
from gatekeeper.config.importing import Imported, require_working
from gatekeeper.config.judging import ALIAS, Standing, end_of, require_sound, scratch_engine
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.config.replacing import changing, put
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertInfo, CertRefused, screen, single

_EXPORT: Final = "export them with gpg --export-secret-subkeys FINGERPRINT"
_ALL: Final = f"{_EXPORT}, which exports all of them"
_LOCKED: Final = (
    "take a passphrase off a copy before (gpg --change-passphrase), in a home in memory that you "
    "remove afterwards: here the master key protects the secret"
)


def take_secret(settings: Settings, block: bytes, *, now: Instant) -> Imported:
    """Replace the alias's wrapped secret by the one in `block`, and join its certificate.

    The secret is written before the certificate: with a subkey that is new in it, no certificate is
    in use whose mail could not be opened. Refusal for whatever may not come in; then nothing is
    changed.
    """
    alias, codec = settings.alias, codec_of(settings)
    with ExitStack() as stack:
        stack.enter_context(changing(settings.folder))
        require_unchanged(settings)
        old, new, trial = (Keyring(stack.enter_context(scratch_engine(settings))) for _ in range(3))
        old.load_secret(codec.unwrap(ALIAS_SECRET, alias.secret.read()))
        old.load_sound([alias.certificate])
        before = _found(old, alias.fingerprint, now)
        _load(new, block, settings)
        after = _found(new, alias.fingerprint, now)
        _require_no_loss(before, after)
        require_working(after, signing=_signing(after), opening=_ALL)
        secret = _opened(new, trial, after, now)
        certificate = new.export(alias.fingerprint)
        require_sound(settings, certificate, now, remedy="give it another: gatekeeper key rotate")
        put(alias.secret.path, codec.wrap(ALIAS_SECRET, secret), secret=True)
        put(alias.certificate_file, certificate)
    return Imported(
        owner=ALIAS,
        standing=Standing.CURRENT,
        fingerprint=alias.fingerprint,
        path=alias.secret.path,
        before=end_of(before, Standing.CURRENT),
        after=end_of(after, Standing.CURRENT),
        offline=after.primary_offline,
    )


def _load(keyring: Keyring, block: bytes, settings: Settings) -> None:
    """Load the new secret beside the certificate that is known; Refusal if it is another key."""
    try:
        binary = single(block, allow_secret=True)
        screen(binary)
        found = keyring.load_secret(binary)
    except CertRefused as error:
        raise Refusal(error.public, remedy=error.remedy) from None
    if found != settings.alias.fingerprint:
        message = f"the file holds the key {found}, which is not the alias's"
        raise Refusal(message, remedy="to give the alias another key: gatekeeper key rotate")
    keyring.load_sound([settings.alias.certificate])


def _found(keyring: Keyring, fingerprint: str, now: Instant) -> CertInfo:
    cert = keyring.find(fingerprint, now)
    if cert is None or not cert.secret:
        message = "gpg takes no secret key from the file: it holds none, or one with a passphrase"
        raise Refusal(message, remedy=f"{_EXPORT}; {_LOCKED}")
    return cert


def _require_no_loss(before: CertInfo, after: CertInfo) -> None:
    lost = sorted(before.secret_parts - after.secret_parts - {before.fingerprint})
    if lost:
        message = (
            f"the file lacks the secret of the subkey {lost[0]}, which opens or signs mail now"
        )
        raise Refusal(message, remedy=_ALL)


def _signing(after: CertInfo) -> str:
    """Return how the file comes to hold a secret that signs: there may be no such subkey yet."""
    if set(after.signing_keys) - {after.fingerprint}:
        return _ALL
    add = f"gpg --quick-add-key {after.fingerprint} ed25519 sign"
    return f"where the primary key is, add a signing subkey first: {add}; then {_EXPORT}"


def _opened(new: Keyring, trial: Keyring, after: CertInfo, now: Instant) -> bytes:
    """Return the secret as it will be wrapped, once another home has it all without a question."""
    try:
        secret = new.export_secret(after.fingerprint)
        trial.load_secret(secret)
        held = _found(trial, after.fingerprint, now).secret_parts
    except NotThere:
        held, secret = frozenset(), b""
    if held != after.secret_parts:
        raise Refusal("the secret key has a passphrase, which nobody could enter", remedy=_LOCKED)
    return secret
