"""Homes for gpg in the runtime folder: lent for a while, swept up after a killed process."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gatekeeper.config import runtime
from gatekeeper.pgp.keyring import stop_agent

_PREFIX: Final = "gpg-"
_SECRET: Final = f"{_PREFIX}keys-"
"""How the names of homes begin in which secret keys belong."""


@contextmanager
def lend_home(folder: Path, gpg: Path, *, secrets: bool = False) -> Iterator[Path]:
    """Lend an empty home (mode 0700) below the runtime folder `folder`, made if need be.

    With `secrets` others are told that secret keys belong in it.

    Afterwards the home is gone, and its gpg-agent with it. What a killed process left of such
    homes and agents goes first; one in use is known by a lock that ends with its process.
    """
    runtime.make(folder)
    with _locked(folder):
        _sweep(folder, gpg)
        home = Path(tempfile.mkdtemp(prefix=_SECRET if secrets else _PREFIX, dir=folder))
        lock = _lock(home)
    try:
        yield home
    finally:
        _remove(home, gpg)
        os.close(lock)


@contextmanager
def renewable(home: Path) -> Iterator[Callable[[], None]]:
    """Lend a function that replaces a lent home by an empty one, locked under the same name.

    For a home that lost files, or is gone with its lock. OSError when it cannot be made, and
    Misconfigured when the runtime folder is not ours.
    """
    locks: list[int] = []

    def renew() -> None:
        runtime.make(home.parent)
        with _locked(home.parent):
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(mode=0o700)
            locks.append(_lock(home))
        for lock in locks[:-1]:
            locks.remove(lock)
            os.close(lock)

    try:
        yield renew
    finally:
        for lock in locks:
            os.close(lock)


def in_use(folder: Path) -> tuple[Path, ...]:
    """Return the homes in a runtime folder that a process holds now, this one included."""
    return tuple(home for home in sorted(folder.glob(f"{_PREFIX}*")) if _is_held(home))


def is_for_secrets(home: Path) -> bool:
    """Say whether secret keys belong in a lent home."""
    return home.name.startswith(_SECRET)


def _is_held(home: Path) -> bool:
    try:
        os.close(_lock(home))
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def sweep(folders: Iterable[Path], gpg: Path) -> None:
    """Remove what killed processes left in runtime folders, with their agents."""
    for folder in folders:
        with suppress(OSError), _locked(folder):
            _sweep(folder, gpg)


def _sweep(folder: Path, gpg: Path) -> None:
    for home in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            os.close(_lock(home))
            _remove(home, gpg)


def _remove(home: Path, gpg: Path) -> None:
    stop_agent(gpg, home)
    shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep others from sweeping a home between its making and its lock."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(home: Path) -> int:
    """Return a descriptor that locks `home`; BlockingIOError when it is in use."""
    handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    return handle
