"""Open the alias's key from its seal into a home in memory, beside the team's certificates."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gatekeeper.config import runtime
from gatekeeper.config.homes import lend_home, renewable, sweep
from gatekeeper.config.settings import Settings
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.kept import KeptEngine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.store.masterkey import load_all
from gatekeeper.store.seal import Codec

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
    """Return the sealing codec of this configuration's master keys; Misconfigured if unusable.

    It reads their file anew when it meets a value that none of them sealed.
    """
    source = settings.master_key
    return Codec(*load_all(source.read()), read=source.read)


@contextmanager
def open_keys(settings: Settings, codec: Codec, *, secrets: bool = True) -> Iterator[OpenKeys]:
    """Open the alias's secret keys and the team's certificates into a fresh home (mode 0700).

    The alias's keys of before are opened too, so that mail to them stays readable; without
    `secrets` none of the secret ones is opened, only their certificates. A certificate
    of the team that may not be used is left out: `certificates.examine` tells of it.
    The home lies in the runtime folder, in memory, and is removed with its gpg-agent at the end.
    What a killed process left there, or in another place of ours, is removed first. Should it lose
    files while it is open, it is made anew. A wrong master key raises OurFault, a gpg that cannot
    be used Misconfigured.
    """
    wrapped = _wrapped(settings) if secrets else {}
    for name, secret in wrapped.items():
        codec.unwrap(name, secret)

    def fill(engine: Engine) -> None:
        keyring = Keyring(engine)
        for name, secret in wrapped.items():
            keyring.load_secret(codec.unwrap(name, secret))
        former = (key.certificate for key in settings.alias.former)
        keyring.load([settings.alias.certificate, *former])
        keyring.load_sound(settings.certificates.values())

    chosen = runtime.prepare(settings)
    sweep(runtime.elsewhere(settings.folder, environ=os.environ, chosen=chosen), settings.gpg)
    with (
        lend_home(chosen, settings.gpg, secrets=secrets) as home,
        renewable(home) as renew,
    ):
        engine = KeptEngine(
            binary=settings.gpg,
            home=home,
            wait=settings.policy.reading.gpg_wait,
            output_limit=settings.policy.reading.plaintext_bytes,
            renew=renew,
            fill=fill,
        )
        yield OpenKeys(engine=engine, keyring=Keyring(engine))


def _wrapped(settings: Settings) -> Mapping[str, bytes]:
    """Return the alias's secrets as they are sealed, by the names of their seals."""
    alias = settings.alias
    former = {former_name(key.fingerprint): key.secret.read() for key in alias.former}
    return {ALIAS_SECRET: alias.secret.read(), **former}
