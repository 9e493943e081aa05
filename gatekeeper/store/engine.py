"""Transactions: `Store.read` and `Store.write`, one writer on SQLite, retries on PostgreSQL."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.failing import unusable
from gatekeeper.store import connect, meta, sealing, waking
from gatekeeper.store.faults import translate, worth_repeating
from gatekeeper.store.memory import Memory
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import SQLITE, Tx
from gatekeeper.store.waking import Bell

__all__ = ["Guarded", "Store", "Tx", "hold_service_lock"]

T = TypeVar("T")

_REPEATS: Final = 5


class Store:
    """The database, opened; safe to use from any thread.

    Errors of the driver reach callers as OurFault without statement or values; whatever the
    given function raises reaches them as it is, after a rollback.
    """

    def __init__(self, *, url: str, codec: Codec) -> None:
        """Prepare without connecting; use `Store.open`."""
        self._codec = codec
        self._place = connect.sqlite_path(url)
        self._file = _identity(self._place)
        self._read = connect.read_engine(url)
        self._write = connect.write_engine(url)
        self.dialect: str = self._write.dialect.name
        self.bell = Bell()
        self.memory = Memory()
        self._closed = False
        self._running = 0
        self._quiet = threading.Condition()
        self._inside = threading.local()
        # one thread for all writes of a process: they queue here instead of at the file's lock
        self._writer = (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")
            if self.dialect == SQLITE
            else None
        )

    @classmethod
    def open(cls, url: str, codec: Codec) -> Self:
        """Connect to `sqlite:///path` or `postgresql://…` that `schema.upgrade` has made ready.

        An empty database or another master key is Misconfigured; an unreachable one OurFault.
        """
        if path := connect.sqlite_path(url):
            connect.require_writable(path)
        store = cls(url=url, codec=codec)
        try:
            store.read(meta.require_key)
        except BaseException:
            store.close()
            raise
        return store

    def read(self, fn: Callable[[Tx], T]) -> T:
        """Return `fn` of one consistent snapshot; it cannot write.

        On PostgreSQL `fn` may be run again, so it must have no effect of its own.
        """
        with self._admitted():
            return self._repeated(self._read, fn)

    def write(self, fn: Callable[[Tx], T]) -> T:
        """Return `fn` of ONE transaction, committed durably when this returns.

        `fn` may be run again after a deadlock, so it must have no effect beside the database;
        it must not start another transaction. Whoever waits at `bell`, and in other processes,
        is woken for the work that it made.
        """
        with self._admitted():
            self._require_same_file()
            if self._writer is None:
                return self._repeated(self._write, fn)
            return self._writer.submit(self._repeated, self._write, fn).result()

    def _require_same_file(self) -> None:
        """Refuse to write into a file that nobody will find again: it was removed or replaced."""
        if self._place is not None and _identity(self._place) != self._file:
            raise OurFault(
                "the database file was removed or replaced while it was open",
                remedy="put it back, and restart the service",
            )

    def close(self) -> None:
        """Finish the transactions that were begun, then let go of the database; may be repeated."""
        with self._quiet:
            self._closed = True
            self._quiet.wait_for(lambda: self._running == 0)
        if self._writer is not None:
            self._writer.shutdown(wait=True)
        self._read.dispose()
        self._write.dispose()

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if getattr(self._inside, "transaction", False):
            message = "a transaction must not start another one"
            raise RuntimeError(message)
        with self._quiet:
            if self._closed:
                raise OurFault(
                    "the database is closed", remedy="the service is stopping; start it again"
                )
            self._running += 1
        try:
            yield
        finally:
            with self._quiet:
                self._running -= 1
                self._quiet.notify_all()

    def _repeated(self, engine: Engine, fn: Callable[[Tx], T]) -> T:
        repeats = 0
        while True:
            try:
                return self._once(engine, fn)
            except SQLAlchemyError as error:
                fault = translate(error)
                again = worth_repeating(error)
            if not again or repeats == _REPEATS:
                # raised here, where the driver's error with its words is no longer in context
                raise fault
            repeats += 1

    def _once(self, engine: Engine, fn: Callable[[Tx], T]) -> T:
        self._inside.transaction = True
        try:
            with engine.begin() as connection:
                if engine is self._write:
                    self._codec = sealing.asked(connection, self._codec)
                tx = Tx(connection=connection, codec=self._codec, dialect=self.dialect)
                value = fn(tx)
                waking.notify(tx)
        finally:
            self._inside.transaction = False
        if tx.heads:
            self.memory.appended(tx.heads[0], tx.heads[-1])
        self.bell.ring(tx.wakes)
        return value


class Guarded(Store):
    """A store whose every write begins with a question; what that raises ends the write.

    So the work of somebody who may have been replaced meanwhile is recorded wholly or not at all.
    """

    def __init__(self, store: Store, require: Callable[[Tx], None]) -> None:
        """Take the store that does all, and what is asked in the transaction before anything."""
        self._inner = store
        self._require = require
        self.dialect = store.dialect
        self.bell = store.bell
        self.memory = store.memory

    def read(self, fn: Callable[[Tx], T]) -> T:
        """Return `fn` of one consistent snapshot, unasked."""
        return self._inner.read(fn)

    def write(self, fn: Callable[[Tx], T]) -> T:
        """Return `fn` of one transaction in which the question came first."""

        def asked(tx: Tx) -> T:
            self._require(tx)
            return fn(tx)

        return self._inner.write(asked)

    def close(self) -> None:
        """Leave the store open: whoever opened it closes it."""


def _identity(place: Path | None) -> tuple[int, int] | None:
    try:
        found = place.stat() if place is not None else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found is not None else None


@contextmanager
def hold_service_lock(path: Path) -> Iterator[None]:
    """Keep a second `serve` off the SQLite database at `path` as long as the context lasts.

    The lock is on a file beside it (`<name>.lock`, mode 0600) and ends with the process, however
    that ends. Misconfigured when another process holds it, or when it cannot be made; OurFault
    when the disk has no room for it.
    """
    lock = path.with_name(f"{path.name}.lock")
    public = f"the lock file {lock} cannot be made"
    remedy = "make its folder writable for the user that runs gatekeeper"
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(public, error, remedy=remedy) from None
    try:
        _lock(handle)
        try:
            os.truncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise unusable(public, error, remedy=remedy) from None
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise Misconfigured(
            f"another gatekeeper serve runs on this database (pid {holder})",
            remedy="stop it first, or give this one a database of its own",
        ) from None
