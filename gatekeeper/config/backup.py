"""A backup made while everything runs: all rows of one moment, and the files around them."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from gatekeeper import __version__
from gatekeeper.config import archive
from gatekeeper.config.archive import Manifest, Member, Writer
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.config.newkeys import memory_engine
from gatekeeper.config.runtime import prepare
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal
from gatekeeper.domain.instants import Instant, rfc3339
from gatekeeper.pgp import stream
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertRefused
from gatekeeper.store import dump, witness
from gatekeeper.store.engine import Store
from gatekeeper.store.masterkey import load_all
from gatekeeper.store.tx import Tx

Told = Callable[[int], None]
"""Is told after each block how many rows are written."""

_NONE_NAMED: Final = (
    "put the certificates of recovery keys, whose secret keys are offline, into recovery/ and name"
    " them in backup.recipients"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A recovery key that nothing can be encrypted to, and why."""

    fingerprint: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The recovery keys: those to encrypt to, by fingerprint, and those that are of no use."""

    usable: tuple[str, ...]
    unusable: tuple[Unusable, ...]


def require_recipients(settings: Settings) -> None:
    """Refuse, as Misconfigured, to make a backup for nobody."""
    if not settings.recovery:
        raise Misconfigured("no recovery key is named to encrypt to", remedy=_NONE_NAMED)


def judged(settings: Settings, *, now: Instant) -> Recovery:
    """Return what the recovery keys are good for, without opening any secret key."""
    with memory_engine(prepare(settings), settings.gpg) as engine:
        return _recovery(engine, settings, now)


def elsewhere(settings: Settings) -> tuple[Path, ...]:
    """Return the files outside the configuration folder that a backup does not hold."""
    alias, password = settings.alias, settings.database.password_file
    named = [alias.certificate_file, alias.secret.path]
    named += [password.path] if password is not None else []
    for listener in settings.listeners:
        if listener.tls is not None:
            named += [listener.tls.certificate, listener.tls.key]
    return tuple(path for path in dict.fromkeys(named) if not _is_in(path, settings.folder))


def write(
    settings: Settings, store: Store, target: BinaryIO, *, now: Instant, told: Told
) -> Recovery:
    """Write an encrypted and signed backup to `target`, and return whom it is for.

    Nothing of it is in clear outside of memory and pipes, and no more of it than some MiB in
    memory. Only within `replacing.unchanged`, in which `settings` were loaded: else keys of two
    times may stand in it. Refusal when none of the recovery keys can be used; OurFault when it
    cannot be done: then what is in `target` is worth nothing.
    """
    require_recipients(settings)
    with open_keys(settings, codec_of(settings)) as keys:
        found = _recovery(keys.engine, settings, now)
        if not found.usable:
            first = found.unusable[0]
            raise Refusal(
                f"no recovery key can be used: {first.fingerprint}: {first.reason}",
                remedy="put a newer certificate of it into recovery/, or name another key",
            )
        signer = settings.alias.fingerprint
        sealed = stream.encrypting(keys.engine, target, to=found.usable, signer=signer, now=now)
        with sealed as pipe:
            _once(store, lambda tx: _fill(tx, settings, Writer(pipe), now=now, told=told))
    return found


def _recovery(engine: Engine, settings: Settings, now: Instant) -> Recovery:
    keyring = Keyring(engine)
    usable: list[str] = []
    unusable: list[Unusable] = []
    for key in settings.recovery:
        reason = _objection(keyring, key.fingerprint, key.certificate, now)
        if reason:
            unusable.append(Unusable(fingerprint=key.fingerprint, reason=reason))
        else:
            usable.append(key.fingerprint)
    return Recovery(usable=tuple(usable), unusable=tuple(unusable))


def _objection(keyring: Keyring, fingerprint: str, certificate: bytes, now: Instant) -> str:
    try:
        (loaded,) = keyring.load([certificate])
    except CertRefused as error:
        return error.public
    if loaded != fingerprint:
        return f"its file holds another key, {loaded}"
    cert = keyring.find(fingerprint, now)
    if cert is None:
        return "gpg does not find it"
    return "" if cert.can_encrypt else "; ".join(cert.problems) or "it cannot encrypt"


def _once(store: Store, fn: Callable[[Tx], None]) -> None:
    """Read in one snapshot; what was written to a stream cannot be written again."""
    begun: list[bool] = []

    def read(tx: Tx) -> None:
        if begun:
            raise OurFault("the database went away in the middle", remedy="make the backup again")
        begun.append(True)
        fn(tx)

    store.read(read)


def _fill(tx: Tx, settings: Settings, writer: Writer, *, now: Instant, told: Told) -> None:
    key = settings.master_key.path
    within = _is_in(key, settings.folder)
    place = key.resolve().relative_to(settings.folder.resolve()).as_posix() if within else ""
    writer.manifest(
        Manifest(
            made_at=rfc3339(now),
            program=f"gatekeeper {__version__}",
            revision=dump.revision(tx),
            alias=settings.alias.fingerprint,
            master_key=f"{archive.CONFIG}{place}" if within else archive.MASTER_KEY,
        )
    )
    seen = witness.dump(tx.codec, witness.seen(tx))
    for member in _files(settings):
        writer.member(member)
    if not within:
        writer.member(Member(name=archive.MASTER_KEY, data=settings.master_key.read()))
    writer.member(Member(name=archive.WITNESS, data=seen))
    rows: dict[str, int] = {}
    for block in dump.blocks(tx):
        writer.block(block.data)
        rows[block.table] = rows.get(block.table, 0) + block.rows
        told(sum(rows.values()))
    writer.end(rows)


def _files(settings: Settings) -> Iterator[Member]:
    """Yield the configuration's files, without the state folder and the witness's.

    Nor a master key that is not in use: it opens nothing in this backup, but in those of before.
    """
    left_out = {settings.state_folder.resolve()} - {settings.folder.resolve()}
    seen: set[Path] = set()
    for folder, folders, names in os.walk(settings.folder, followlinks=True):
        here = Path(folder)
        real = here.resolve()
        if real in seen or real in left_out:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        for path in _regular(here, names):
            if path == settings.witness_file:
                continue
            member = _file(settings.folder, path)
            if path.resolve() == settings.master_key.path.resolve() or not _is_key(member.data):
                yield member


def _is_key(data: bytes) -> bool:
    """Say whether a file holds master keys, whatever it is called."""
    try:
        load_all(data)
    except Misconfigured:
        return False
    return True


def _regular(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    for name in sorted(names):
        path = folder / name
        if path.is_file():
            yield path


def _file(folder: Path, path: Path) -> Member:
    try:
        found = path.stat()
        if found.st_size > archive.MEMBER_MAX:
            raise Refusal(
                f"{path} is too large for a file of the configuration",
                remedy="move it elsewhere",
            )
        data = path.read_bytes()
    except OSError as error:
        raise OurFault(
            f"{path} cannot be read",
            reason=error.strerror or "",
            remedy="run as the user who owns the configuration",
        ) from None
    shared = bool(found.st_mode & (stat.S_IRGRP | stat.S_IROTH))
    name = f"{archive.CONFIG}{path.relative_to(folder).as_posix()}"
    return Member(name=name, data=data, open=shared)


def _is_in(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
