"""The processes on one database: written down, seen, taken out, and taken for dead."""

from dataclasses import replace

import pytest

from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.roles import ALL, Role
from gatekeeper.store import processes
from gatekeeper.store.engine import Store
from gatekeeper.store.processes import BEAT, FORGOTTEN_AFTER, GONE_AFTER, Name
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.store import samples

NOW = samples.NOW
NAME = Name(host="one.example", pid=7, version="1.0", alias=samples.FINGERPRINT)
OTHER = replace(NAME, host="two.example")
ON_POSTGRESQL = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


def test_it_stands_there_as_it_was_written_until_it_leaves(store: Store, codec: Codec) -> None:
    row = store.write(lambda tx: processes.register(tx, name=NAME, roles=ALL, now=NOW))
    (found,) = store.read(lambda tx: processes.living(tx, NOW))
    assert (row, NAME, ALL, codec.key_ids, NOW, NOW, 0) == (
        found.id,
        found.name,
        found.roles,
        found.key_ids,
        found.started_at,
        found.seen_at,
        found.ahead,
    )
    store.write(lambda tx: processes.leave(tx, process=row))
    assert () == store.read(processes.known)


def test_a_beat_keeps_it_alive_and_silence_is_death(store: Store) -> None:
    row = store.write(lambda tx: processes.register(tx, name=NAME, roles=ALL, now=NOW))
    seen = later(NOW, BEAT)
    assert store.write(lambda tx: processes.beat(tx, process=row, name=NAME, ahead=-3, now=seen))
    (found,) = store.read(lambda tx: processes.living(tx, later(seen, GONE_AFTER - 1)))
    assert (NOW, seen, -3) == (found.started_at, found.seen_at, found.ahead)
    assert () == store.read(lambda tx: processes.living(tx, later(seen, GONE_AFTER)))
    assert (found,) == store.read(processes.known)


@ON_POSTGRESQL
def test_the_dead_are_told_of_for_a_while_and_then_forgotten(store: Store) -> None:
    """Whoever starts clears up; a forgotten one is told by its next beat."""
    first = store.write(lambda tx: processes.register(tx, name=NAME, roles={Role.INBOUND}, now=NOW))
    second = later(NOW, FORGOTTEN_AFTER - 1)
    store.write(lambda tx: processes.register(tx, name=OTHER, roles={Role.CLOCK}, now=second))
    assert [NAME, OTHER] == [row.name for row in store.read(processes.known)]
    third = later(NOW, FORGOTTEN_AFTER)
    store.write(lambda tx: processes.register(tx, name=OTHER, roles={Role.OUTBOUND}, now=third))
    found = store.read(processes.known)
    assert [{Role.CLOCK}, {Role.OUTBOUND}] == [row.roles for row in found]
    assert not store.write(
        lambda tx: processes.beat(tx, process=first, name=NAME, ahead=0, now=third)
    )


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_on_sqlite_there_is_one(store: Store) -> None:
    """A second service is kept out by the lock, so whoever stands there is dead."""
    store.write(lambda tx: processes.register(tx, name=NAME, roles=ALL, now=NOW))
    store.write(lambda tx: processes.register(tx, name=OTHER, roles=ALL, now=NOW))
    assert [OTHER] == [row.name for row in store.read(processes.known)]


@ON_POSTGRESQL
def test_the_database_tells_its_time(store: Store) -> None:
    """It goes on while a transaction lasts, so that two looks are never in the wrong order."""

    def twice(tx: Tx) -> tuple[Instant | None, Instant | None]:
        return processes.database_now(tx), processes.database_now(tx)

    first, second = store.read(twice)
    assert first is not None
    assert second is not None
    assert first < second < later(first, 60_000_000)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_sqlite_has_our_time(store: Store) -> None:
    assert store.read(processes.database_now) is None
