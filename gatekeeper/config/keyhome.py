"""Open the alias's key from its seal into a home in memory, beside the team's certificates."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.config import runtime
from gatekeeper.config.settings import Settings
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.store.seal import Codec, MasterKey

ALIAS_SECRET: Final = "alias-secret"  # noqa: S105 - a name, no secret
"""The name under which the alias's secret key is wrapped by the master key."""

_PREFIX: Final = "gpg-"
_LOCK: Final = ".lock"


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

    The home lies in the runtime folder, in memory, and is removed with its gpg-agent at the end.
    What a killed process left there is removed first. A wrong master key raises OurFault, a gpg
    that cannot be used Misconfigured.
    """
    secret = codec.unwrap(ALIAS_SECRET, settings.alias.secret.read())
    folder = runtime.prepare(settings)
    _sweep(settings, folder)
    with _locked_home(folder) as home:
        engine = _engine(settings, home)
        keyring = Keyring(engine)
        try:
            keyring.load_secret(secret)
            keyring.load([settings.alias.certificate, *settings.certificates.values()])
            yield OpenKeys(engine=engine, keyring=keyring)
        finally:
            keyring.close()


def _engine(settings: Settings, home: Path) -> Engine:
    return Engine(
        binary=settings.gpg,
        home=home,
        wait=settings.policy.reading.gpg_wait,
        output_limit=settings.policy.reading.plaintext_bytes,
    )


@contextmanager
def _locked_home(folder: Path) -> Iterator[Path]:
    """Lend an empty home with a lock beside it that ends with this process, however it ends."""
    handle, lock = _locked(folder)
    home = lock.with_name(lock.name.removesuffix(_LOCK))
    try:
        home.mkdir(mode=0o700)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(handle)


def _locked(folder: Path) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_LOCK, dir=folder)
        fcntl.flock(handle, fcntl.LOCK_EX)
        path = Path(name)
        if path.exists():
            return handle, path
        # Another process swept it away before it was locked.
        os.close(handle)


def _sweep(settings: Settings, folder: Path) -> None:
    """Remove the homes of processes that were killed, with the agents that still hold keys.

    Homes of processes that live are locked, and left alone.
    """
    for lock in folder.glob(f"{_PREFIX}*{_LOCK}"):
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            home = lock.with_name(lock.name.removesuffix(_LOCK))
            if home.is_dir():
                Keyring(_engine(settings, home)).close()
                shutil.rmtree(home, ignore_errors=True)
            lock.unlink(missing_ok=True)
        finally:
            os.close(handle)
