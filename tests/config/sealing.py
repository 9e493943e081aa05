"""An installation with a full database, whose master key is replaced, killed anywhere if wanted."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from gatekeeper.config import Settings, seal_rotation
from gatekeeper.config.keyhome import ADDRESS_TOKENS, codec_of
from gatekeeper.config.master_keys import wrapped
from gatekeeper.config.seal_rotation import Hands, Outcome
from gatekeeper.domain.instants import SECOND, later
from gatekeeper.store import audit, keys, schema
from gatekeeper.store.engine import Store
from tests.config.installation import Installation, add_former, installation
from tests.keys import key_of
from tests.store import full
from tests.store.opened import every_value
from tests.store.samples import NOW


@contextmanager
def full_site(folder: Path, database_url: str) -> Iterator[Installation]:
    """Lend a configuration with a former key of the alias, and a full database."""
    with installation(folder) as made:
        if database_url.startswith("postgresql"):
            use_postgresql(made, database_url)
        add_former(made, key_of("Example security (old) <security@example.org>"))
        settings = made.load()
        schema.upgrade(settings.database.connection_url(), codec_of(settings))
        with_store(settings, lambda store: store.write(full.fill))
        yield made


def use_postgresql(site: Installation, url: str) -> None:
    """Name a database in the configuration; its password goes to a file, as it must."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=f"{parts.username}@{host}"))
    if parts.password:
        path = site.folder / "database.password"
        path.touch(mode=0o600)
        path.write_text(parts.password)
        site.replace("gatekeeper.yaml", "password_file:\n", f"password_file: {path.name}\n")
    site.replace("gatekeeper.yaml", "url: sqlite:gatekeeper.sqlite", f"url: {bare}")


def url_of(site: Installation) -> str:
    """Return the database's URL for the driver."""
    return site.load().database.connection_url()


def with_store(settings: Settings, work: Callable[[Store], object]) -> None:
    """Open the database as every process does, and close it."""
    store = Store.open(settings.database.connection_url(), codec_of(settings))
    try:
        work(store)
    finally:
        store.close()


def silent(_line: str) -> None:
    """Say nothing."""


def hands(say: Callable[[str], None] = silent) -> Hands:
    """Return what a run works with: nobody waits in tests."""
    return Hands(say=say, pause=lambda _: None, now=lambda: later(NOW, 3600 * SECOND), actor="test")


def rotated(
    site: Installation,
    say: Callable[[str], None] = silent,
    *,
    aside: Path | None = None,
    discard: bool = False,
    only_finish: bool = False,
) -> Outcome:
    """Rotate once."""
    settings = site.load()
    store = Store.open(settings.database.connection_url(), codec_of(settings))
    try:
        return seal_rotation.rotate(
            settings, store, hands(say), aside=aside, discard=discard, only_finish=only_finish
        )
    finally:
        store.close()


def state_of(site: Installation) -> tuple[object, ...]:
    """Return what must not change by a rotation, opened with the keys as they are in the file."""
    settings = site.load()
    codec = codec_of(settings)
    store = Store.open(settings.database.connection_url(), codec)
    try:
        values = {
            place: value
            for place, value in store.read(every_value).items()
            if place.table not in {"meta", "events"}
        }
        assert () == store.read(audit.verify)
        return (
            values,
            {name: codec.unwrap(name, file.read()) for name, file in wrapped(settings).items()},
            codec.key(ADDRESS_TOKENS),
            store.read(lambda tx: keys.of_address(tx, full.ADDRESS)),
        )
    finally:
        store.close()


def killed(site: Installation, at: int) -> bool:
    """Rotate in a process that is killed at its boundary of that number; say if it came so far."""
    child = os.fork()
    if child == 0:
        left = at

        def say(_line: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        ended = 1
        try:
            rotated(site, say)
            ended = 0
        finally:
            os._exit(ended)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, "it ended by itself or was killed"
    return status != 0


def replace_key(site: Installation, path: Path) -> Settings:
    """Return the settings with another file of master keys."""
    settings = site.load()
    return replace(settings, master_key=replace(settings.master_key, path=path))
