"""Put files of the configuration in their place, each in one step, by one command at a time."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gatekeeper.config.guarded import FILE_MODE, FOLDER_MODE
from gatekeeper.domain.errors import OurFault, Refusal

PLAIN_MODE: Final = 0o644
_REMEDY: Final = "run as the user who owns the configuration, and see to space there"


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Keep other commands from changing keys in this configuration meanwhile.

    Refusal while another one does. What the system refuses to write is OurFault.
    """
    busy = "another command is changing keys in this configuration, or making a backup of them"
    try:
        with _locked(folder, fcntl.LOCK_EX, busy):
            yield
    except OSError as error:
        message = f"{error.filename2 or error.filename or folder} cannot be written"
        raise OurFault(message, reason=error.strerror or "", remedy=_REMEDY) from None


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Keep every command from changing keys in this configuration while they are read together.

    Several may read at a time. Refusal while one changes them.
    """
    with _locked(folder, fcntl.LOCK_SH, "another command is changing keys in this configuration"):
        yield


@contextmanager
def _locked(folder: Path, how: int, busy: str) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal(busy, remedy="wait until it has ended") from None
        yield
    finally:
        os.close(handle)


def put(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Write a file, on the disk when this returns; a reader finds the old or the new one, whole.

    One that is there keeps its mode, and where it really lies; a new one is readable by its owner
    alone when `secret`. Only within `changing`: what a killed command left of it is replaced.
    """
    path = path.resolve()
    mode = FILE_MODE if secret else PLAIN_MODE
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(path.stat().st_mode)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file, and what a killed `put` left of it; it need not be there."""
    path.with_name(f".{path.name}.new").unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder for its owner alone; one may be there."""
    if not path.is_dir():
        path.mkdir(mode=FOLDER_MODE)
        sync(path.parent)


def sync(folder: Path) -> None:
    """See that what was renamed, made or removed in a folder is on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
