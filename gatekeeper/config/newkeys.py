"""Keys for a new configuration: the alias's own, made by gpg in memory, and the team's, read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gatekeeper.config.homes import lend_home
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.pgp import keys
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring

_LIMITS: Final = ReadingLimits()
_UNFIT: Final = re.compile(r"[<>@()]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasKeys:
    """A fresh key of the alias; `revocation` makes it void for everyone who sees it."""

    fingerprint: str
    certificate: bytes
    secret: bytes = field(repr=False)
    revocation: bytes = field(repr=False)


@contextmanager
def memory_engine(folder: Path, gpg: Path) -> Iterator[Engine]:
    """Lend an engine on an empty home below `folder`, which goes too if it was not there before.

    Misconfigured when gpg is too old.
    """
    there = folder.exists()
    with lend_home(folder, gpg) as home:
        engine = Engine(
            binary=gpg, home=home, wait=_LIMITS.gpg_wait, output_limit=_LIMITS.plaintext_bytes
        )
        engine.require_version()
        yield engine
    if not there:
        with suppress(OSError):
            folder.rmdir()


def make_alias(engine: Engine, *, name: str, address: Address, now: Instant) -> AliasKeys:
    """Make the alias's key: Ed25519 with a Curve25519 encryption subkey, two years."""
    keyring = Keyring(engine)
    try:
        said = " ".join(_UNFIT.sub(" ", name).split())
        fingerprint = keyring.generate(f"{said} security <{address}>", now)
        return AliasKeys(
            fingerprint=fingerprint,
            certificate=keyring.export(fingerprint),
            secret=keyring.export_secret(fingerprint),
            revocation=keyring.take_revocation(fingerprint),
        )
    finally:
        keyring.close()


def read_certificate(engine: Engine, file: Path, now: Instant) -> tuple[str, bytes]:
    """Return fingerprint and armored certificate of a person's key file, armored or binary.

    The certificate is cut down to what gpg keeps of it. Misconfigured when it cannot be read, is no
    public key, or cannot encrypt now.
    """
    try:
        with file.open("rb") as opened:
            block = opened.read(keys.BLOCK_MAX + 1)
    except OSError as error:
        message = f"the key file {file} cannot be read"
        remedy = "name the file that holds the person's public key"
        raise Misconfigured(message, reason=error.strerror or "", remedy=remedy) from None
    try:
        info = keys.inspect(engine, block, now)
        keyring = Keyring(engine)
        keyring.load([block])
    except keys.CertRefused as error:
        message = f"the key file {file} cannot be used"
        raise Misconfigured(message, reason=error.public, remedy=error.remedy) from None
    if not info.can_encrypt:
        message = f"the key in {file} cannot be encrypted to"
        reason = info.problems[0] if info.problems else ""
        raise Misconfigured(message, reason=reason, remedy="ask its owner for another key")
    return info.fingerprint, keyring.export(info.fingerprint)
