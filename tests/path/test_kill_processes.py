"""Kill -9 at the commits of a process among others: its duty, its beats, a freeze, a new key.

Every one of them is done wholly or not at all, and whoever comes next makes it whole.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gatekeeper.config import seal_rotation
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.master_keys import held
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import IssueId, RowId
from gatekeeper.domain.instants import MINUTE, Instant, later
from gatekeeper.domain.roles import ALL
from gatekeeper.lead import CLOCK, LEASE, Lead, Turn
from gatekeeper.presence import Presence
from gatekeeper.store import audit, deliveries, duties, frozen, processes, sealing, setback
from gatekeeper.store.chain import Head
from gatekeeper.store.engine import Store
from gatekeeper.store.processes import Name
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from gatekeeper.store.witness import Witness
from tests.config.installation import Installation
from tests.config.sealing import full_site, hands, rotated, state_of, url_of
from tests.path.lives import in_turns
from tests.path.victim import KillingStore
from tests.running import WAIT
from tests.sampling import DIALECTS
from tests.store import samples

NOW = samples.NOW
FIRST, SECOND = (Name(host=host, pid=7, version="1.0", alias="A" * 40) for host in ("one", "two"))
THIRD = RowId(b"third...........")
REGISTERED, BEAT, TAKEN, WORKED, BEAT_AGAIN, KEPT, GIVEN_UP, LEFT = range(1, 9)
"""The writes of a process that has the clock's duty once."""

KIND = "clock.worked"
OTHERS = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
REASON = "it is behind what one has seen of it"
SEEN = Witness(
    era=0,
    head=Head(seq=99, digest=bytes(32)),
    numbers=(IssueId(prefix="SEC", year=2026, number=41),),
)
MOMENTS = pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
BOTH = pytest.mark.parametrize("dialect", DIALECTS, indirect=True)


def killed(
    url: str, codec: Codec, work: Callable[[Store], object], at: int, *, before: bool
) -> None:
    """Do work in a process that dies at its write of that number, as it must come so far."""
    child = os.fork()
    if child == 0:
        try:
            KillingStore.kill_at, KillingStore.kill_before = at, before
            work(KillingStore.open(url, codec))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert signal.SIGKILL == status
    if url.startswith("postgresql"):
        _wait_until_noticed(url)


def _wait_until_noticed(url: str) -> None:
    """Return once the server ended what the dead process had open, and holds no lock for it."""
    deadline = time.monotonic() + WAIT
    with psycopg.connect(url, autocommit=True) as admin:
        while admin.execute(OTHERS).fetchone() is not None:
            assert time.monotonic() < deadline


def work(store: Store) -> Callable[[], int]:
    """Return work of the clock that is to be done once: what was not done yet, it does."""

    def write(tx: Tx) -> None:
        audit.append(tx, kind=KIND, actor="clock", now=NOW, payload={})

    def tick() -> int:
        if KIND in store.read(kinds):
            return 0
        store.write(write)
        return 1

    return tick


def kinds(tx: Tx) -> list[str]:
    """Return what stands in the log."""
    return [event.kind for event in audit.listed(tx)]


def live(store: Store, *, name: Name, now: Instant) -> None:
    """Be one of the processes from its start to its end."""
    here = Presence(store=store, name=name, roles=ALL, lease=MINUTE, now=lambda: now)
    lead = Lead(store=store, holder=lambda: here.id, now=lambda: now, on_taken=lambda: None)
    here.begin()
    lead.tick()
    Turn(lead, work).tick()
    here.tick()
    lead.tick()
    lead.give_up()
    here.end()


@pytest.mark.parametrize(
    ("dialect", "at", "before"), in_turns(range(REGISTERED, LEFT + 1)), indirect=["dialect"]
)
def test_killed_as_one_of_the_processes(
    store: Store, migrated_url: str, codec: Codec, at: int, *, before: bool
) -> None:
    """The duty is free at once, or when its lease ends; then its work is done, once in all."""
    store.close()
    killed(migrated_url, codec, lambda mine: live(mine, name=FIRST, now=NOW), at, before=before)
    done = at - before
    with_store(migrated_url, codec, lambda mine: assert_as_it_was_left(mine, done))
    with_store(migrated_url, codec, lambda mine: live(mine, name=SECOND, now=later(NOW, LEASE)))
    with_store(migrated_url, codec, lambda mine: assert_whole(mine, done))


def with_store(url: str, codec: Codec, use: Callable[[Store], object]) -> None:
    """Open the database, and close it."""
    store = Store.open(url, codec)
    try:
        use(store)
    finally:
        store.close()


def assert_as_it_was_left(store: Store, done: int) -> None:
    """See what a process left that died after so many of its writes."""
    rows = store.read(processes.known)
    assert (REGISTERED <= done < LEFT) == (FIRST in [row.name for row in rows])
    has_it = TAKEN <= done < GIVEN_UP
    assert has_it == (store.read(lambda tx: duties.holder(tx, CLOCK)) is not None)
    assert (done >= WORKED) == (KIND in store.read(kinds))
    early = later(NOW, LEASE - 1)
    lead = Lead(store=store, holder=lambda: THIRD, now=lambda: early, on_taken=lambda: None)
    lead.tick()
    assert has_it == (lead.term is None), "not before its lease ends"
    lead.give_up()


def assert_whole(store: Store, done: int) -> None:
    """See that the work was done once, that the duty is free, and who is told of as dead."""
    assert [KIND] == store.read(kinds)
    assert () == store.read(audit.verify)
    assert store.read(lambda tx: duties.holder(tx, CLOCK)) is None
    dead = [FIRST] if store.dialect == "postgresql" and REGISTERED <= done < LEFT else []
    assert dead == [row.name for row in store.read(processes.known)]


def freeze(store: Store) -> bool:
    """Do what a host does that saw more of a database than there is."""
    return store.write(lambda tx: setback.stop(tx, reason=REASON, now=NOW, witness=SEEN))


@BOTH
@MOMENTS
def test_killed_at_a_freeze(store: Store, migrated_url: str, codec: Codec, *, before: bool) -> None:
    """Frozen, and all that was to be sent withheld, in one commit; the next host does the rest."""
    store.write(samples.sealed)
    store.close()
    killed(migrated_url, codec, freeze, 1, before=before)

    def see(found: Store, *, frozen_now: bool) -> None:
        assert frozen_now == (found.read(frozen.of) is not None)
        (row,) = found.read(deliveries.list_all)
        assert (DeliveryState.BLOCKED if frozen_now else DeliveryState.SEALED) == row.state
        assert frozen_now == ("database.frozen" in found.read(kinds))

    def next_one(found: Store) -> None:
        see(found, frozen_now=not before)
        assert before == freeze(found)
        see(found, frozen_now=True)
        assert 1 == found.read(kinds).count("database.frozen")
        assert () == found.read(audit.verify)

    with_store(migrated_url, codec, next_one)


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """A configuration and a full database."""
    with full_site(tmp_path, database_url) as made:
        yield made


@BOTH
@MOMENTS
def test_killed_at_the_switch_to_a_new_master_key(site: Installation, *, before: bool) -> None:
    """Everything is sealed with the old key, or everything new with the new one; both open."""
    kept = state_of(site)
    (old,) = held(site.load())
    settings = site.load()
    killed(
        url_of(site),
        codec_of(settings),
        lambda store: seal_rotation.rotate(settings, store, hands()),
        2,  # the first one notes that it begins
        before=before,
    )
    new = held(site.load())[0]
    assert [new, old] == list(held(site.load()))

    def see(store: Store) -> None:
        state = store.read(sealing.state)
        assert (old if before else new).key_id == state.sealing
        assert (None if before else old.key_id) == state.former
        assert before == ("seal.changing" not in store.read(kinds))

    with_store(url_of(site), codec_of(site.load()), see)
    assert kept == state_of(site)
    done = rotated(site)
    assert (True, new.name, (old.name,)) == (done.resumed, done.key, done.former)
    assert (new,) == held(site.load())
    assert kept == state_of(site)
