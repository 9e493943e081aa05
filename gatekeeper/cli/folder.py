"""A folder or file of secrets: made beside its place, put there at once, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from gatekeeper.cli.ending import endings
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal

_FILE_MODE: Final = 0o600
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def place(folder: Path, *, closed: Mapping[str, Path]) -> Path:
    """Return the absolute place of a folder to be made, if it may be.

    Misconfigured when something is there already, other than an empty folder, or nothing to make
    it in, or a file system is mounted there; Refusal inside a folder of `closed`, by its name.
    """
    target = folder.expanduser().resolve()
    for name, inside in closed.items():
        if target.is_relative_to(inside.resolve()):
            raise Refusal(
                f"{target} lies in the {name}, where no opened mail is kept",
                remedy="name a folder elsewhere, best one in memory",
            )
    if target.is_mount():
        raise Misconfigured(
            f"{target} is where a file system is mounted, so it cannot be made anew",
            remedy="name a new folder in it",
        )
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise Misconfigured(
                f"{target} is there already", remedy="name a new folder, or an empty one"
            )
    except OSError as error:
        raise Misconfigured(
            f"{target} cannot be looked at",
            reason=error.strerror or "",
            remedy="name a folder of your own",
        ) from None
    if not target.parent.is_dir():
        raise Misconfigured(
            f"{target.parent} is no folder", remedy="make it first, or name another place"
        )
    return target


@contextmanager
def made_at_once(target: Path) -> Iterator[Path]:
    """Lend an empty folder, mode 0700, that stands at `target` when the context ends well.

    When it does not, nothing of it is left, also when Ctrl-C, SIGTERM or SIGHUP ended it: Ended.
    What the system refuses is OurFault.
    """
    try:
        with endings() as ending:
            beside = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}-", dir=target.parent))
            try:
                ending.allow()
                yield beside
                # once it stands there, it is too late to end
                ending.hold()
                beside.rename(target)
            except BaseException:
                # An interruption most of all must leave no opened mail; it is raised again.
                ending.hold()
                shutil.rmtree(beside)
                raise
    except OSError as error:
        raise OurFault(
            f"{target} could not be written",
            reason=error.strerror or type(error).__name__,
            remedy="see to space and permissions there; nothing was left behind",
        ) from None


@contextmanager
def file_at_once(file: Path, *, closed: Sequence[Path] = ()) -> Iterator[tuple[Path, BinaryIO]]:
    """Lend a new file, mode 0600, and its absolute place, where it stands when all ended well.

    When not, nothing of it is left. Misconfigured when something is there or nothing to make it
    in, Refusal inside a folder of `closed`, OurFault for what the system refuses.
    """
    target = _free(file.expanduser().absolute(), closed)
    draft = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    try:
        with endings() as ending:
            try:
                with new_file(draft) as opened:
                    ending.allow()
                    yield target, opened
                    # once it stands there, it is too late to end
                    ending.hold()
                os.link(draft, target)
            finally:
                ending.hold()
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise OurFault(
            f"{target} could not be written",
            reason=error.strerror or type(error).__name__,
            remedy="see to space and permissions there; nothing was left behind",
        ) from None


def _free(target: Path, closed: Sequence[Path]) -> Path:
    if target.exists() or target.is_symlink():
        raise Misconfigured(f"{target} is there already", remedy="name a new file")
    if not target.parent.is_dir():
        raise Misconfigured(
            f"{target.parent} is no folder", remedy="make it first, or name another place"
        )
    if any(target.resolve().is_relative_to(folder.resolve()) for folder in closed):
        raise Refusal(
            f"{target} would lie beside what it is made from",
            remedy="name another place, best on another machine",
        )
    return target


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Lend a new file for its owner alone, on the disk when the context ends."""
    with os.fdopen(os.open(path, _FLAGS, _FILE_MODE), "wb") as file:
        os.fchmod(file.fileno(), _FILE_MODE)
        yield file
        file.flush()
        os.fsync(file.fileno())
