"""The alias's key made to last longer: the same key, with a later end."""

from dataclasses import dataclass

from gatekeeper.config.alias_section import require_unchanged
from gatekeeper.config.judging import Standing, end_of, scratch_engine
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.config.replacing import changing, put
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.keyring import Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The key, and its end before and after; None is never."""

    fingerprint: str
    before: Instant | None
    after: Instant | None


def extend(settings: Settings, *, until: Instant, now: Instant) -> Extended:
    """Let the alias's key last until `until`, also when it has ended already.

    The certificate is replaced before the wrapped secret: both work with each other, whichever is
    the newer, and a configuration is judged by its certificate. Refusal when the primary key is
    offline, or lasts that long; then nothing is changed.
    """
    alias, codec = settings.alias, codec_of(settings)
    with changing(settings.folder), scratch_engine(settings) as engine:
        require_unchanged(settings)
        engine.require_version()
        keyring = Keyring(engine)
        found = keyring.load_secret(codec.unwrap(ALIAS_SECRET, alias.secret.read()))
        keyring.load([alias.certificate])
        before = keyring.find(alias.fingerprint, now)
        if before is None or found != alias.fingerprint:
            message = "the files of the alias's key hold another key"
            raise Misconfigured(message, remedy="run: gatekeeper check")
        after = keyring.extend(alias.fingerprint, until=until, now=now)
        secret = codec.wrap(ALIAS_SECRET, keyring.export_secret(alias.fingerprint))
        put(alias.certificate_file, keyring.export(alias.fingerprint))
        put(alias.secret.path, secret, secret=True)
    return Extended(
        fingerprint=alias.fingerprint,
        before=end_of(before, Standing.CURRENT),
        after=end_of(after, Standing.CURRENT),
    )
