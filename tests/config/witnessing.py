"""An installation on either database, and what its processes do for the host's witness."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gatekeeper.config import Settings
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.witness import WitnessWatch
from gatekeeper.store import audit, schema
from gatekeeper.store.engine import Store
from tests.config.installation import Installation
from tests.house import START


def installed(site: Installation, url: str) -> Settings:
    """Return an installation's settings, on the database there, whose tables are made."""
    settings = site.load()
    settings = replace(settings, database=replace(settings.database, url=url))
    schema.upgrade(url, codec_of(settings))
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Open its database."""
    store = Store.open(settings.database.url, codec_of(settings))
    try:
        yield store
    finally:
        store.close()


def watch(settings: Settings, store: Store) -> WitnessWatch:
    """Return what a process of the host runs."""
    return WitnessWatch(settings=settings, store=store, now=lambda: START)


def kinds(store: Store) -> list[str]:
    """Return the kinds of all entries of the log."""
    return [row.kind for row in store.read(audit.listed)]
