"""Homes for gpg in the runtime folder: lent for a while, and swept up after a killed process."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gatekeeper.config import runtime
from gatekeeper.domain.errors import OurFault

_PREFIX: Final = "gpg-"
_TRIES: Final = 20


@contextmanager
def lend_home(folder: Path) -> Iterator[Path]:
    """Lend an empty home (mode 0700) below the runtime folder `folder`, made if need be.

    Afterwards the home is gone, and so is a folder of our own naming when it was the last.
    What a killed process left there, opened keys among it, goes first; its gpg-agent ends when it
    sees its home gone. A home in use is known by a lock that ends with its process.
    """
    home, lock = _new(folder)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(lock)
        if runtime.is_own(folder):
            with suppress(OSError):
                folder.rmdir()


def _new(folder: Path) -> tuple[Path, int]:
    for _ in range(_TRIES):
        runtime.make(folder)
        # Between making the folder and using it, whoever used it last may take it away.
        with suppress(FileNotFoundError), _locked(folder):
            _sweep(folder)
            home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
            return home, _lock(home)
    message = f"the runtime folder {folder} keeps vanishing"
    raise OurFault(message, remedy="find what removes it, or set runtime.folder to another")


def _sweep(folder: Path) -> None:
    for home in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            os.close(_lock(home))
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
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
