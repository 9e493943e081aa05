"""Modes and owners of files and folders: what is secret is readable by its owner only."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_OTHERS: Final = 0o077
BACK: Final = "put it back from your backup, or see: gatekeeper init --help"


def secret_file(path: Path, *, gone: str = BACK) -> Iterator[str]:
    """Yield what is wrong with a file that holds a secret; `gone` is what to do without it."""
    found = _stat(path)
    if isinstance(found, str):
        yield f"{path} {found}; {gone}"
        return
    if not stat.S_ISREG(found.st_mode):
        yield f"{path} is no file; name a file"
        return
    if found.st_mode & _OTHERS:
        yield f"{path} has mode {_mode(found)}, others may read it; run: chmod 600 {path}"
    yield from _owner(path, found)
    if not os.access(path, os.R_OK):
        yield f"{path} cannot be read by this user; run as the user who owns it"
    elif found.st_size == 0:
        yield f"{path} is empty; put the right file back from your backup"


def plain_file(path: Path, *, gone: str = BACK) -> Iterator[str]:
    """Yield what is wrong with a file that is no secret but decides who is trusted.

    `gone` is what to do when it is not there.
    """
    found = _stat(path)
    if isinstance(found, str):
        yield f"{path} {found}; {gone}"
        return
    if not stat.S_ISREG(found.st_mode):
        yield f"{path} is no file; name a file"
    elif not os.access(path, os.R_OK):
        yield f"{path} cannot be read by this user; run: chmod u+r {path}, or run as its owner"
    elif found.st_mode & stat.S_IWOTH:
        yield f"{path} has mode {_mode(found)}, anyone may change it; run: chmod o-w {path}"


def secret_folder(path: Path) -> Iterator[str]:
    """Yield what is wrong with a folder that holds secrets or sealed content."""
    found = _stat(path)
    if isinstance(found, str):
        yield f"{path} {found}; make it with: install -d -m 700 {path}"
        return
    if not stat.S_ISDIR(found.st_mode):
        yield f"{path} is no folder; name a folder"
        return
    if found.st_mode & _OTHERS:
        yield f"{path} has mode {_mode(found)}, others may look in; run: chmod 700 {path}"
    yield from _owner(path, found)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield f"{path} cannot be written by this user; run as the user who owns it"


def _stat(path: Path) -> os.stat_result | str:
    try:
        return path.stat()
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be looked at ({error.strerror})"


def _owner(path: Path, found: os.stat_result) -> Iterator[str]:
    if found.st_uid not in {0, os.geteuid()}:
        yield (
            f"{path} belongs to user {found.st_uid}; "
            f"run as that user, or: chown {os.geteuid()} {path}"
        )


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"
