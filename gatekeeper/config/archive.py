"""What a backup is inside: a tar stream whose members come in a fixed order.

`manifest.json` says what it is; `config/…` are the files of the configuration; `master.key` stands
only where the key lies outside of them; `witness` is what there was to see of the database; each
`database/NNNNNN.jsonl` is a block of rows (`store.dump`); `end.json` counts the rows of each table,
so that what is cut off is noticed.
"""

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Final, TypeGuard

from gatekeeper.domain.errors import Refusal

FORMAT: Final = "gatekeeper-backup-1"
MANIFEST: Final = "manifest.json"
CONFIG: Final = "config/"
MASTER_KEY: Final = "master.key"
WITNESS: Final = "witness"
DATABASE: Final = "database/"
END: Final = "end.json"
MEMBER_MAX: Final = 64 << 20
"""The largest member, in bytes; a block of rows has some MiB, a file of the configuration less."""

_MODE: Final = 0o600
_NAME_MAX: Final = 255
"""Bytes of a file's name on any Linux file system."""

_TAR_FAULTS: Final = (
    tarfile.TarError,
    EOFError,
    ValueError,
    ArithmeticError,
    LookupError,
    RecursionError,
)
"""What the standard library raises for a stream that is no tar: not its own errors alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself: when it was made, by which program, of which schema.

    `alias` is the fingerprint of the alias's key, `master_key` where the master key lies in it.
    """

    made_at: str
    program: str
    revision: str
    alias: str
    master_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member; `open` says that its file may be read by others than its owner."""

    name: str
    data: bytes
    open: bool = False


class Writer:
    """Writes members to a stream that need not be able to go back."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Take the stream, which stays open."""
        self._tar = tarfile.open(mode="w|", fileobj=stream, format=tarfile.PAX_FORMAT)  # noqa: SIM115 - the method `end` closes it
        self._blocks = 0

    def manifest(self, manifest: Manifest) -> None:
        """Write what the backup says of itself; first of all."""
        names = Manifest.__slots__
        said = {"format": FORMAT, **{name: getattr(manifest, name) for name in names}}
        self.member(Member(name=MANIFEST, data=_json(said)))

    def member(self, member: Member) -> None:
        """Write one member."""
        info = tarfile.TarInfo(member.name)
        info.size = len(member.data)
        info.mode = 0o644 if member.open else _MODE
        self._tar.addfile(info, io.BytesIO(member.data))

    def block(self, data: bytes) -> None:
        """Write one block of rows."""
        self._blocks += 1
        self.member(Member(name=f"{DATABASE}{self._blocks:06}.jsonl", data=data))

    def end(self, rows: Mapping[str, int]) -> None:
        """Write how many rows each table has, and end the archive."""
        self.member(Member(name=END, data=_json({"rows": dict(rows)})))
        self._tar.close()


class Reader:
    """Reads members in their order; Refusal for anything that no backup holds."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Take the stream; nothing is read yet."""
        self._stream = stream
        self._members: Iterator[Member] = self._all()
        self._next: Member | None = None

    def manifest(self) -> Manifest:
        """Return what the backup says of itself."""
        first = self._take()
        said = _object(first.data) if first is not None and first.name == MANIFEST else {}
        if said.pop("format", None) != FORMAT:
            raise Refusal(
                "it is no backup that this program knows",
                remedy="give a file that `gatekeeper backup create` made",
            )
        told = {name: said.get(name) for name in Manifest.__slots__}
        texts = {name: text for name, text in told.items() if _is_line(text)}
        if texts.keys() != told.keys():
            raise broken()
        return Manifest(**texts)

    def files(self) -> Iterator[Member]:
        """Yield the members before the rows: files of the configuration, key and witness."""
        while (member := self._take()) is not None:
            if member.name.startswith(DATABASE) or member.name == END:
                self._next = member
                return
            yield member

    def blocks(self) -> Iterator[bytes]:
        """Yield the blocks of rows; after them `rows` may be asked."""
        while (member := self._take()) is not None:
            if not member.name.startswith(DATABASE):
                self._next = member
                return
            yield member.data

    def rows(self) -> Mapping[str, int]:
        """Return how many rows each table must have; the archive ends with it."""
        last = self._take()
        if last is None or last.name != END or self._take() is not None:
            raise broken()
        counted = _object(last.data).get("rows")
        if not isinstance(counted, dict) or not all(type(n) is int for n in counted.values()):
            raise broken()
        return counted

    def _take(self) -> Member | None:
        kept, self._next = self._next, None
        return kept if kept is not None else next(self._members, None)

    def _all(self) -> Iterator[Member]:
        try:
            with tarfile.open(mode="r|", fileobj=self._stream) as tar:
                for info in tar:
                    yield _member(tar, info)
        except _TAR_FAULTS:
            raise broken() from None


def inside(name: str) -> PurePosixPath:
    """Return where a file of the configuration lies in its folder; Refusal outside of it."""
    path = PurePosixPath(name.removeprefix(CONFIG))
    if not name.startswith(CONFIG) or path.is_absolute() or not path.parts or ".." in path.parts:
        raise broken()
    if "\0" in name or any(len(os.fsencode(part)) > _NAME_MAX for part in path.parts):
        raise broken()
    return path


def broken() -> Refusal:
    """Return the error for a backup that does not hold what it must."""
    return Refusal(
        "the backup is damaged or cut off", remedy="give another copy; nothing was changed"
    )


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    opened = tar.extractfile(info) if info.isreg() else None
    if opened is None or info.size > MEMBER_MAX:
        raise broken()
    data = opened.read()
    if len(data) != info.size:
        raise broken()
    return Member(name=info.name, data=data, open=bool(info.mode & 0o044))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1).encode("ascii") + b"\n"


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise broken() from None
    if not isinstance(value, dict):
        raise broken()
    return value


def _is_line(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.isprintable()
