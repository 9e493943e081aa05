"""The folder in memory where opened secrets may lie: chosen, checked, and made."""

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import Misconfigured

_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_MOUNTS: Final = Path("/proc/self/mountinfo")
_LENGTH_MAX: Final = 64
"""gpg's sockets lie below, and a socket's path has at most 108 bytes (unix(7))."""


def choose(
    configured: Path | None,
    *,
    folder: Path,
    environ: Mapping[str, str],
    allow_disk: bool = False,
) -> Path | None:
    """Return the runtime folder: the configured one, else the first of the usual places.

    `$RUNTIME_DIRECTORY` (systemd makes it for us alone), then folders of our own, named after
    user and configuration, in `$XDG_RUNTIME_DIR`, `/dev/shm` and, if it may be a disk, the folder
    for temporary files; None when there is none.
    """
    if configured is not None:
        return configured
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if given and Path(given).is_dir():
        return Path(given)
    for base in _bases(environ, allow_disk=allow_disk):
        if base.is_dir() and os.access(base, os.W_OK):
            return base / _own_name(folder)
    return None


def elsewhere(folder: Path, *, environ: Mapping[str, str], chosen: Path) -> tuple[Path, ...]:
    """Return our folders in other usual places than the chosen one.

    A service gets its folder from systemd, while a command of the same user makes one by itself;
    what a killed command left there is for whoever comes next.
    """
    others = (base / _own_name(folder) for base in _bases(environ, allow_disk=True))
    return tuple(path for path in others if path != chosen and _is_ours(path))


def _own_name(folder: Path) -> str:
    return f"gatekeeper-{os.geteuid()}-{sha256(os.fsencode(folder)).hexdigest()[:8]}"


def _bases(environ: Mapping[str, str], *, allow_disk: bool) -> Iterator[Path]:
    session = environ.get("XDG_RUNTIME_DIR")
    if session:
        yield Path(session)
    yield Path("/dev/shm")  # noqa: S108 - the folder inside is our own
    if allow_disk:
        yield Path(tempfile.gettempdir())


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def filesystem(path: Path) -> str:
    """Return the type of the file system that holds `path` or its nearest parent, "" if unknown."""
    existing = next((p for p in (path, *path.parents) if p.exists()), Path("/"))
    device = existing.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        if fields.split()[2] == wanted:
            return rest.split()[0]
    return ""


def in_memory(path: Path) -> bool:
    """Say whether what is written at `path` stays in memory (swap aside)."""
    return filesystem(path) in _MEMORY


def complaint(path: Path | None, *, allow_disk: bool) -> str:
    """Return what is wrong with a runtime folder, or ""."""
    if path is None:
        return "no folder in memory was found; set runtime.folder to a folder on a tmpfs"
    if len(os.fsencode(path)) > _LENGTH_MAX:
        return f"{path} is longer than {_LENGTH_MAX} bytes, too long for gpg; choose a shorter path"
    if not allow_disk and not in_memory(path):
        return (
            f"{path} lies on a disk, where opened secrets may stay for ever; "
            "choose a folder on a tmpfs such as /run or /dev/shm"
        )
    return ""


def prepare(settings: Settings) -> Path:
    """Make the runtime folder (mode 0700) if need be and return it; Misconfigured if not ours."""
    return make(settings.runtime_folder)


def make(path: Path) -> Path:
    """Make a runtime folder at `path`, which is this user's alone; Misconfigured if it is not."""
    remedy = "remove it, or set runtime.folder to a folder that only this user can enter"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        message = f"the runtime folder {path} cannot be made"
        raise Misconfigured(message, reason=error.strerror or "", remedy=remedy) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        message = f"the runtime folder {path} is not this user's own folder"
        raise Misconfigured(message, remedy=remedy)
    if found.st_mode & 0o077:
        message = f"the runtime folder {path} can be entered by others"
        raise Misconfigured(message, remedy=f"run: chmod 700 {path}")
    return path
