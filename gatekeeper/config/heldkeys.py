"""The alias's secret keys, opened to look: whether each is the right one, and what it can do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of, former_name
from gatekeeper.config.problems import Problem
from gatekeeper.config.settings import SecretFile, Settings
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertInfo
from gatekeeper.store.seal import Codec

_FILE: Final = "gatekeeper.yaml"
_PUT_BACK: Final = "put the right file back"
_IMPORT: Final = "export the secret subkeys again and run: gatekeeper key import --secret FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapped:
    """One secret of the alias: where it is set, whose it should be, its seal's name, its file."""

    path: str
    fingerprint: str
    name: str
    file: SecretFile


def look(
    settings: Settings, engine: Engine, now: Instant
) -> tuple[Mapping[str, CertInfo], tuple[Problem, ...]]:
    """Open the secrets into the engine's home; return what each key is, and what is wrong.

    The keys are told by fingerprint, with what is held of them; one that is wrong is left out, and
    all are when the master key is.
    """
    keyring = Keyring(engine)
    try:
        codec = codec_of(settings)
    except GatekeeperError as error:
        return {}, (_problem("master_key", error.diagnostics()),)
    wrapped = tuple(_wrapped(settings))
    problems = [(one, _wrong(keyring, codec, one, now)) for one in wrapped]
    sound = {one.fingerprint for one, text in problems if not text}
    former = (key.certificate for key in settings.alias.former)
    keyring.load_sound([settings.alias.certificate, *former])
    held = {cert.fingerprint: cert for cert in keyring.list(now) if cert.fingerprint in sound}
    told = [_problem(one.path, text) for one, text in problems if text]
    if settings.alias.fingerprint in held:
        told += _lacking(held[settings.alias.fingerprint])
    return held, tuple(told)


def _wrapped(settings: Settings) -> Iterator[_Wrapped]:
    alias = settings.alias
    yield _Wrapped(
        path="alias.secret", fingerprint=alias.fingerprint, name=ALIAS_SECRET, file=alias.secret
    )
    for index, key in enumerate(alias.former):
        yield _Wrapped(
            path=f"alias.former[{index}]",
            fingerprint=key.fingerprint,
            name=former_name(key.fingerprint),
            file=key.secret,
        )


def _wrong(keyring: Keyring, codec: Codec, one: _Wrapped, now: Instant) -> str:
    """Return what is wrong with one wrapped secret, "" when it is the right one."""
    try:
        found = keyring.load_secret(codec.unwrap(one.name, one.file.read()))
    except GatekeeperError as error:
        return error.diagnostics()
    if found != one.fingerprint:
        wanted = "the one in alias.fingerprint" if one.name == ALIAS_SECRET else "this one"
        return f"is the key {found}, not {wanted}; {_PUT_BACK}"
    cert = keyring.find(found, now)
    return "" if cert is not None and cert.secret else f"holds no secret key; {_PUT_BACK}"


def _lacking(cert: CertInfo) -> Iterator[Problem]:
    """Yield what cannot be done for want of a secret; what has ended is another's to tell."""
    if cert.can_encrypt and not cert.opens:
        yield _problem("alias.secret", f"holds no secret that opens mail; {_IMPORT}")
    elif cert.unopened:
        text = (
            f"holds no secret for the subkey {cert.unopened[0]}, to which mail may come; {_IMPORT}"
        )
        yield _problem("alias.secret", text)
    if cert.can_sign and not cert.signs:
        yield _problem("alias.secret", f"holds no secret that signs; {_IMPORT}")


def _problem(path: str, text: str) -> Problem:
    return Problem(file=_FILE, path=path, text=text)
