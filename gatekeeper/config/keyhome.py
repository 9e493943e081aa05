"""Open the alias's key from its seal into a home in memory, beside the team's certificates."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gatekeeper.config import runtime
from gatekeeper.config.homes import lend_home
from gatekeeper.config.settings import Settings
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.store.seal import Codec, MasterKey

ALIAS_SECRET: Final = "alias-secret"  # noqa: S105 - a name, no secret
"""The name under which the alias's secret key is wrapped by the master key."""

ADDRESS_TOKENS: Final = "address tokens"
"""The purpose of the key that mints the tokens in our addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenKeys:
    """The engine and its key ring while they are open."""

    engine: Engine
    keyring: Keyring


def former_name(fingerprint: str) -> str:
    """Return the name under which the secret of a former key of the alias is wrapped."""
    return f"{ALIAS_SECRET} {fingerprint}"


def codec_of(settings: Settings) -> Codec:
    """Return the sealing codec of this configuration's master key; Misconfigured if unusable."""
    return Codec(MasterKey.load(settings.master_key.read()))


@contextmanager
def open_keys(settings: Settings, codec: Codec) -> Iterator[OpenKeys]:
    """Open the alias's secret keys and the team's certificates into a fresh home (mode 0700).

    The alias's keys of before are opened too, so that mail to them stays readable. A certificate
    of the team that may not be used is left out: `certificates.examine` tells of it.
    The home lies in the runtime folder, in memory, and is removed with its gpg-agent at the end.
    What a killed process left there is removed first. A wrong master key raises OurFault, a gpg
    that cannot be used Misconfigured.
    """
    alias = settings.alias
    secrets = [codec.unwrap(ALIAS_SECRET, alias.secret.read())]
    secrets += [codec.unwrap(former_name(k.fingerprint), k.secret.read()) for k in alias.former]
    with lend_home(runtime.prepare(settings), settings.gpg) as home:
        engine = Engine(
            binary=settings.gpg,
            home=home,
            wait=settings.policy.reading.gpg_wait,
            output_limit=settings.policy.reading.plaintext_bytes,
        )
        keyring = Keyring(engine)
        for secret in secrets:
            keyring.load_secret(secret)
        known = [alias.certificate, *(key.certificate for key in alias.former)]
        keyring.load(known)
        keyring.load_sound(settings.certificates.values())
        yield OpenKeys(engine=engine, keyring=keyring)
