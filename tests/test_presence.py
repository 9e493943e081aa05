"""A process says that it runs, and claims nothing while its clock is far off the database's."""

import logging

import pytest

from gatekeeper.domain.instants import MINUTE, SECOND, Instant, later
from gatekeeper.domain.roles import ALL, Role
from gatekeeper.presence import SHARE, Presence
from gatekeeper.store import processes
from gatekeeper.store.engine import Store
from gatekeeper.store.processes import Name
from tests.store import samples

LEASE = MINUTE
NAME = Name(host="one.example", pid=7, version="1.0", alias=samples.FINGERPRINT)
ON_POSTGRESQL = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


class Clock:
    """The database's clock, as this process has it: off by so many microseconds."""

    def __init__(self, store: Store) -> None:
        self.off = 0
        self._store = store

    def __call__(self) -> Instant:
        """Return the time."""
        there = self._store.read(processes.database_now)
        return later(samples.NOW if there is None else there, self.off)


def presence(store: Store, clock: Clock) -> Presence:
    """Return a process that has begun."""
    found = Presence(store=store, name=NAME, roles={Role.INBOUND}, lease=LEASE, now=clock)
    found.begin()
    return found


def test_it_stands_there_from_begin_to_end(store: Store) -> None:
    clock = Clock(store)
    here = presence(store, clock)
    now = clock()
    (row,) = store.read(lambda tx: processes.living(tx, now))
    assert (here.id, NAME, frozenset({Role.INBOUND})) == (row.id, row.name, row.roles)
    here.end()
    assert () == store.read(processes.known)


@ON_POSTGRESQL
@pytest.mark.parametrize("way", [1, -1], ids=["ahead", "behind"])
def test_a_clock_that_is_far_off_claims_nothing_until_it_agrees(
    store: Store, way: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Two that are off as far as is let pass, one each way, still keep to each other's leases."""
    clock = Clock(store)
    here = presence(store, clock)
    clock.off = way * (LEASE // SHARE - SECOND)
    here.tick()
    assert here.fit()
    clock.off = way * (LEASE // SHARE + SECOND)
    here.tick()
    here.tick()
    assert not here.fit()
    (row,) = store.read(processes.known)
    assert 0 <= row.ahead * way - LEASE // SHARE <= SECOND
    clock.off = 0
    here.tick()
    assert here.fit()
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    where = "ahead of" if way > 0 else "behind"
    assert 2 == len(said)
    assert f"seconds {where} the database's: nothing is claimed here" in said[0]
    assert said[1] == "the clock agrees with the database's again: work is claimed"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_on_sqlite_there_is_no_other_clock(store: Store) -> None:
    clock = Clock(store)
    clock.off = 99 * MINUTE
    assert presence(store, clock).fit()


@ON_POSTGRESQL
def test_who_stood_still_and_was_forgotten_stands_there_again(store: Store) -> None:
    clock = Clock(store)
    here = presence(store, clock)
    store.write(lambda tx: processes.leave(tx, process=here.id))
    assert () == store.read(processes.known)
    here.tick()
    (row,) = store.read(processes.known)
    assert (here.id, frozenset({Role.INBOUND})) == (row.id, row.roles)


def test_who_has_not_begun_has_no_row(store: Store) -> None:
    here = Presence(store=store, name=NAME, roles=ALL, lease=LEASE, now=Clock(store))
    with pytest.raises(RuntimeError):
        _ = here.id
