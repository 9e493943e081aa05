"""The witness of this host: a file outside the database that says what was last seen of it."""

import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final

from gatekeeper.config.guarded import FILE_MODE, FOLDER_MODE
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import GatekeeperError, Misconfigured, OurFault
from gatekeeper.domain.failing import unusable
from gatekeeper.domain.instants import Instant
from gatekeeper.store import audit, frozen, noted, schema, setback, witness
from gatekeeper.store.chain import EMPTY
from gatekeeper.store.engine import Store
from gatekeeper.store.frozen import Freeze
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.seal import Codec
from gatekeeper.store.setback import Cause
from gatekeeper.store.tx import Tx, lock
from gatekeeper.store.witness import Forged, Witness

_LOG: Final = logging.getLogger("gatekeeper.witness")
_HOSTS: Final = "witness hosts"
_LARGEST: Final = 1 << 16
FIND_IT: Final = (
    "put it back before you start a service: is its volume mounted? If it is lost, restore a"
    " backup; a service makes a new one, which is frozen"
)
_PLACE: Final = "name a place in witness.file where the service may write, outside the state folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a host's witness and the database compare, nothing changed.

    `behind` says how the database was set back, "" when it was not · `gone` that the witness is
    not there, or is no longer ours, although this host had one · `anew` when it was made again ·
    `removed` says that a freeze is gone that nobody ended, "" when none is.
    """

    behind: str
    removed: str
    gone: bool
    anew: Instant | None


def look(settings: Settings, store: Store) -> Found:
    """Compare the witness with the database, for people who ask."""
    held = read(settings.witness_file, codec_of(settings))
    name = _name(settings.witness_file)

    def compare(tx: Tx) -> Found:
        known = _hosts(tx).get(name)
        return Found(
            behind=witness.setback(tx, held) if held is not None else "",
            removed="".join(cause.reason for cause in setback.by_removal(tx)),
            gone=held is None and known is not None and _made(known),
            anew=Instant(known["anew"]) if known and known["anew"] is not None else None,
        )

    return store.read(compare)


def missed(settings: Settings) -> str:
    """Say which database this host has seen, where there is none or one without tables.

    "" when it has seen none, or nothing in it.
    """
    if schema.status(settings.database.connection_url()).state is not SchemaState.EMPTY:
        return ""
    held = read(settings.witness_file, codec_of(settings))
    if held is None or (held.head == EMPTY and not held.numbers):
        return ""
    seen = f"up to entry {held.head.seq} of its event log"
    return f"this host has seen a database here, {seen}, and it is missing"


def require_there(settings: Settings) -> None:
    """Raise OurFault when a database is missing that this host has seen."""
    if said := missed(settings):
        raise OurFault(said, remedy=FIND_IT)


def freeze(settings: Settings, store: Store, *, now: Instant) -> None:
    """Freeze a database that is behind the witness, which stays as it is: no service looks yet."""
    held = read(settings.witness_file, codec_of(settings))

    def stop(tx: Tx) -> None:
        for cause in setback.by_witness(tx, held) if held is not None else ():
            setback.stop(tx, reason=cause.reason, now=now, witness=cause.witness)

    store.write(stop)


def read(file: Path, codec: Codec) -> Witness | None:
    """Return what a host has seen; None when there is no such file, or it was not written by us.

    Misconfigured when it is none that can be kept there, OurFault when the machine fails for now.
    """
    return _opened(file, codec)[1]


def _opened(file: Path, codec: Codec) -> tuple[bool, Witness | None]:
    """Return whether there is such a file, and what a host has seen if it was written by us."""
    try:
        with FileIO(file, opener=_without_waiting) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise _no_file(file)
            return True, witness.load(codec, opened.read(_LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return False, None
    except Forged:
        return True, None
    except OSError as error:
        raise _unusable(file, error) from None


def _without_waiting(path: str, flags: int) -> int:
    # a FIFO that nobody writes to would hold a start up for ever
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def write(file: Path, codec: Codec, seen: Witness) -> None:
    """Put a witness in place of the one there, whole or not at all; OSError when it cannot be."""
    draft = _draft(file, witness.dump(codec, seen))
    try:
        draft.replace(file)
    except BaseException:  # what ends the process, too, leaves no draft behind
        draft.unlink(missing_ok=True)
        raise


def _draft(file: Path, content: bytes) -> Path:
    """Write what is to take a file's place beside it, durably; nothing stays when it cannot be."""
    file.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
    # processes of two containers that share the folder may have one number
    writer = f"{os.uname().nodename}.{os.getpid()}.{threading.get_native_id()}"
    draft = file.with_name(f".{file.name}.{writer}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, FILE_MODE), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:  # what ends the process, too, leaves no draft behind
        draft.unlink(missing_ok=True)
        raise
    return draft


class WitnessWatch:
    """Keeps this host's witness, and freezes a database that is behind it.

    Every process of a host may keep the same file: one that lags is harmless. It is kept also
    while the database is frozen, so that one that is set back meanwhile is frozen anew.
    """

    def __init__(self, *, settings: Settings, store: Store, now: Callable[[], Instant]) -> None:
        self._file = settings.witness_file
        self._codec = codec_of(settings)
        self._store = store
        self._now = now
        self._wrote = False
        self._noted = False
        self._told = ""
        self._searched = 0

    def tick(self) -> int:
        """Compare, then note what is there now; return 1 when a freeze was told of.

        The first time Misconfigured or OurFault is raised when the file cannot be kept; later that
        is logged.
        """
        # read before the database is, which so is at least as new as what was noted of it
        held = read(self._file, self._codec)
        found, freeze, seen = self._look(held)
        if found:
            self._stop(held)
            found, freeze, seen = self._look(held)
        told = self._tell(freeze)
        if found:
            # something is missed again already: what says so is not written over
            return told
        if freeze is None:
            self._searched = seen.head.seq
        if held is None:
            # what cannot be kept is not written down as kept: it would be missed the next time
            if not self._done(self._try, seen):
                return told
            self._make()
            seen = self._store.read(witness.seen)
        if (seen != held or not self._wrote) and self._done(self._keep, seen):
            self._wrote = True
            self._note()
        return told

    def _look(self, held: Witness | None) -> tuple[bool, Freeze | None, Witness]:
        return self._store.read(
            lambda tx: (any(self._causes(tx, held)), frozen.of(tx), witness.seen(tx))
        )

    def _causes(self, tx: Tx, held: Witness | None) -> Iterator[Cause]:
        if held is not None:
            yield from setback.by_witness(tx, held)
        yield from setback.by_memory(tx, self._store.memory)
        yield from setback.by_removal(tx, after=self._searched)

    def _stop(self, held: Witness | None) -> None:
        now = self._now()

        def stop(tx: Tx) -> None:
            frozen.held(tx)
            for cause in self._causes(tx, held):
                setback.stop(
                    tx, reason=cause.reason, now=now, witness=cause.witness, skip=cause.skip
                )

        self._store.write(stop)
        self._searched = 0

    def _tell(self, found: Freeze | None) -> int:
        memory = self._store.memory
        # the start has a watch of its own: what one has told, the other does not tell again
        if found is None or found.nonce == memory.told:
            return 0
        memory.told = found.nonce
        _LOG.critical(
            "the database is FROZEN, nothing is sent: %s; see: gatekeeper audit frozen",
            found.reason,
        )
        return 1

    def _make(self) -> None:
        """Write down that this host makes a witness; one that it had before is missed aloud.

        Several processes of a host begin at once: one that another has made meanwhile, or is just
        making, is not missed.
        """
        name, now = _name(self._file), self._now()

        def note(tx: Tx) -> bool:
            lock(tx, _HOSTS, b"")
            there, held = _opened(self._file, self._codec)
            if held is not None:
                return False
            hosts = _hosts(tx)
            known = hosts.get(name)
            missed = there if known is None else _made(known)
            last = known or {"since": now, "anew": None}
            hosts[name] = {**last, "made": False} | ({"anew": now} if missed else {})
            noted.put(tx, _HOSTS, hosts)
            if missed:
                payload = {"host": name}
                audit.append(tx, kind="witness.gone", actor=setback.ACTOR, now=now, payload=payload)
            return missed

        if self._store.write(note):
            _LOG.error(
                "the witness %s is gone or was changed; it is made anew. If nobody did that"
                " knowingly, compare the log with a head from the team's mail:"
                " gatekeeper audit verify --head SEQ:DIGEST:MAC",
                self._file,
            )

    def _note(self) -> None:
        """Write down that this host's witness is there, once: from now on it is missed."""
        name, now = _name(self._file), self._now()

        def note(tx: Tx) -> None:
            lock(tx, _HOSTS, b"")
            hosts = _hosts(tx)
            last = hosts.get(name, {"since": now, "anew": None})
            noted.put(tx, _HOSTS, {**hosts, name: {**last, "made": True}})

        if self._noted:
            return
        known = self._store.read(_hosts).get(name)
        if known is None or not _made(known):
            self._store.write(note)
        self._noted = True

    def _try(self, seen: Witness) -> None:
        _draft(self._file, witness.dump(self._codec, seen)).unlink()

    def _keep(self, seen: Witness) -> None:
        write(self._file, self._codec, seen)

    def _done(self, step: Callable[[Witness], None], seen: Witness) -> bool:
        """Say whether a step with the file was possible; when never yet, raise why not."""
        try:
            step(seen)
        except OSError as error:
            if not self._wrote:
                raise _unusable(self._file, error) from None
            reason = f"{self._file}: {error.strerror or type(error).__name__}"
            if reason != self._told:
                _LOG.error("the witness cannot be written: %s", reason)
            self._told = reason
            return False
        self._told = ""
        return True


def _hosts(tx: Tx) -> dict[str, Any]:
    return dict(noted.get(tx, _HOSTS) or {})


def _made(known: dict[str, Any]) -> bool:
    # what was noted by an older version was there
    return bool(known.get("made", True))


def _name(file: Path) -> str:
    return f"{os.uname().nodename}:{file}"


def _no_file(file: Path) -> Misconfigured:
    return Misconfigured(f"the witness {file} is no regular file", remedy=f"remove it, or {_PLACE}")


def _unusable(file: Path, error: OSError) -> GatekeeperError:
    return unusable(f"the witness {file} cannot be kept", error, remedy=_PLACE)
