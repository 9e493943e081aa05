"""Open the alias's key from its seal into a home in memory, beside the team's certificates."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gatekeeper.config.homes import lend_home
from gatekeeper.config.settings import Settings
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.store.seal import Codec, MasterKey

ALIAS_SECRET = "alias-secret"  # noqa: S105 - a name, no secret
"""The name under which the alias's secret key is wrapped by the master key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenKeys:
    """The engine and its key ring while they are open."""

    engine: Engine
    keyring: Keyring


def codec_of(settings: Settings) -> Codec:
    """Return the sealing codec of this configuration's master key; Misconfigured if unusable."""
    return Codec(MasterKey.load(settings.master_key.read()))


@contextmanager
def open_keys(settings: Settings, codec: Codec) -> Iterator[OpenKeys]:
    """Open the alias's secret key and the team's certificates into a fresh home (mode 0700).

    The home lies in the runtime folder, in memory, and is removed with its gpg-agent at the end;
    what a killed process left there goes when the next one opens its own. A master key that
    cannot be read raises Misconfigured, another key than the one that sealed it OurFault.
    """
    with lend_home(settings.runtime_folder) as home:
        engine = Engine(
            binary=settings.gpg,
            home=home,
            wait=settings.policy.reading.gpg_wait,
            output_limit=settings.policy.reading.plaintext_bytes,
        )
        keyring = Keyring(engine)
        try:
            keyring.load_secret(codec.unwrap(ALIAS_SECRET, settings.alias.secret.read()))
            keyring.load([settings.alias.certificate, *settings.certificates.values()])
            yield OpenKeys(engine=engine, keyring=keyring)
        finally:
            keyring.close()
