"""A backup put back on an empty host: configuration, keys and rows, whole or not at all, frozen."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from gatekeeper.config import archive, databases
from gatekeeper.config.archive import Manifest, Member, Reader
from gatekeeper.config.guarded import FILE_MODE, FOLDER_MODE
from gatekeeper.config.models import GatekeeperFile
from gatekeeper.config.positions import Document
from gatekeeper.config.positions import read as read_yaml
from gatekeeper.config.problems import BadConfiguration
from gatekeeper.config.replacing import PLAIN_MODE
from gatekeeper.config.rewriting import given
from gatekeeper.config.settings import Database, SecretFile
from gatekeeper.config.validation import validate
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.store import restoring
from gatekeeper.store.masterkey import load_all
from gatekeeper.store.seal import Codec

_MAIN: Final = "gatekeeper.yaml"
_KEY: Final = "master.key"

Told = Callable[[int], None]
"""Is told after each block how many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where a backup goes: `into` the new configuration folder.

    `database` is the URL of another database than the one in it, `state` another state folder.
    """

    into: Path
    database: str | None = None
    state: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back, and what does not hold in its event log."""

    manifest: Manifest
    folder: Path
    problems: tuple[str, ...]


def restore(
    stream: IO[bytes], wish: Wish, *, whole: Callable[[], None], now: Instant, told: Told
) -> Restored:
    """Put back what `stream` holds, a tar stream as it is inside a backup.

    `whole` is called once all of it is read and before anything stands: what it raises leaves
    nothing. Misconfigured when the place or the database is not empty, Refusal for a backup that
    is damaged, OurFault for what the system refuses.
    """
    target = wish.into.absolute()
    _require_free(target)
    try:
        with _draft(target) as draft:
            restored = _fill(Reader(stream), wish, draft, whole=whole, now=now, told=told)
            draft.rename(target)
    except OSError as error:
        raise OurFault(
            f"{target} cannot be made",
            reason=error.strerror or type(error).__name__,
            remedy="see to space and permissions there; nothing was left behind",
        ) from None
    return restored


def _fill(
    reader: Reader,
    wish: Wish,
    draft: Path,
    *,
    whole: Callable[[], None],
    now: Instant,
    told: Told,
) -> Restored:
    manifest = reader.manifest()
    kept = _Kept(draft)
    for member in reader.files():
        kept.take(member)
    file = _adapted(draft, wish, manifest)
    codec = _codec(kept.key(manifest))
    with (
        _state(file, draft) as state,
        _database(file, draft, state) as url,
        restoring.filling(url, codec, revision=manifest.revision) as filling,
    ):
        for number, block in enumerate(reader.blocks(), 1):
            filling.take(block)
            told(number)
        reason = f"it was restored from a backup made {manifest.made_at}"
        problems = filling.finish(reader.rows(), reason=reason, now=now)
        whole()
        _keep_witness(file, draft, kept.witness)
    return Restored(manifest=manifest, folder=wish.into.absolute(), problems=problems)


class _Kept:
    """Writes the files of a configuration into a draft; key and witness are kept in memory."""

    def __init__(self, draft: Path) -> None:
        self._draft = draft
        self._key = b""
        self.witness = b""

    def take(self, member: Member) -> None:
        if member.name == archive.MASTER_KEY:
            self._key = member.data
            _write(self._draft / _KEY, member.data)
        elif member.name == archive.WITNESS:
            self.witness = member.data
        else:
            path = self._draft / archive.inside(member.name)
            try:
                path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise archive.broken() from None
            _write(path, member.data, mode=PLAIN_MODE if member.open else FILE_MODE)

    def key(self, manifest: Manifest) -> bytes:
        """Return the lines of the master key."""
        if manifest.master_key == archive.MASTER_KEY:
            return self._key
        path = self._draft / archive.inside(manifest.master_key)
        if not path.is_file():
            raise archive.broken()
        return path.read_bytes()


def _codec(lines: bytes) -> Codec:
    try:
        return Codec(*load_all(lines))
    except Misconfigured:
        raise archive.broken() from None


def _adapted(draft: Path, wish: Wish, manifest: Manifest) -> GatekeeperFile:
    """Write what is different here into gatekeeper.yaml, and return what it says then."""
    path = draft / _MAIN
    if not path.is_file():
        raise archive.broken()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise archive.broken() from None
    if wish.database is not None:
        text = given(text, ("database", "url"), wish.database, file=_MAIN)
    if wish.state is not None:
        text = given(text, ("state", "folder"), str(wish.state.absolute()), file=_MAIN)
    if manifest.master_key == archive.MASTER_KEY:
        text = _without(text, ("master_key", "credential"))
        text = given(text, ("master_key", "file"), _KEY, file=_MAIN)
    path.write_text(text, encoding="utf-8")
    file, problems = validate(GatekeeperFile, _document(text))
    if file is None:
        raise BadConfiguration(problems)
    return file


def _document(text: str) -> Document:
    document, problems = read_yaml(_MAIN, text.encode())
    if document is None:
        raise BadConfiguration(problems)
    return document


def _without(text: str, setting: tuple[str, str]) -> str:
    """Return the YAML text with no value at a setting."""
    span = _document(text).values.get(setting)
    return text if span is None else text[: span.start] + text[span.end :]


@contextmanager
def _state(file: GatekeeperFile, draft: Path) -> Iterator[Path]:
    """Lend the state folder, made if need be; one that was made goes again with a failure."""
    state = draft / file.state.folder
    if state.is_dir():
        yield state
        return
    if not state.parent.is_dir():
        raise Misconfigured(
            f"the folder {state.parent} for the state folder does not exist",
            remedy="make it, or name another state folder with --state DIR",
        )
    state.mkdir(mode=FOLDER_MODE)
    try:
        yield state
    except BaseException:
        # An interruption too leaves nothing; it is raised again.
        shutil.rmtree(state, ignore_errors=True)
        raise


@contextmanager
def _database(file: GatekeeperFile, draft: Path, state: Path) -> Iterator[str]:
    """Lend the database's URL; a file that a failure leaves in an old folder goes again."""
    try:
        url = databases.resolve(file.database.url, state)
    except ValueError as error:
        raise Misconfigured(f"the database {error}", remedy="name one with --database") from None
    password = file.database.password_file
    secret = SecretFile(path=draft / password) if password is not None else None
    place = databases.sqlite_path(url)
    there = place is not None and place.exists()
    if there and place is not None and place.resolve().is_relative_to(draft.resolve()):
        # A backup has rows, and no file of them.
        raise archive.broken()
    try:
        yield Database(url=url, password_file=secret).connection_url()
    except BaseException:
        # As above.
        if place is not None and not there:
            for name in (place.name, f"{place.name}-wal", f"{place.name}-shm"):
                place.with_name(name).unlink(missing_ok=True)
        raise


def _keep_witness(file: GatekeeperFile, draft: Path, content: bytes) -> None:
    """Put the witness of then into the configuration, where it lies there; elsewhere is no draft.

    The service makes one that lies elsewhere.
    """
    place = file.witness.file
    if content and not place.is_absolute() and ".." not in place.parts:
        path = draft / place
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        _write(path, content)


def _require_free(target: Path) -> None:
    if not target.parent.is_dir():
        raise Misconfigured(
            f"the folder {target.parent} does not exist",
            remedy="make it first, or choose another place",
        )
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Misconfigured(f"{target} is in the way", remedy="choose another place")
    if target.is_dir() and any(target.iterdir()):
        raise Misconfigured(
            f"{target} is not empty",
            remedy="choose another place; nothing was changed there",
        )


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, content: bytes, *, mode: int = FILE_MODE) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, FILE_MODE)
    except FileExistsError:
        raise Refusal(
            "the backup holds one file twice", remedy="give another copy; nothing was changed"
        ) from None
    with os.fdopen(handle, "wb") as opened:
        os.fchmod(opened.fileno(), mode)
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
