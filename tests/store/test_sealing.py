"""Which master key seals: the database says it, and no write can miss that it changed."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import delete, select

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.store import issues, meta, resealing, sealing
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.masterkey import MasterKey, dump_all
from gatekeeper.store.seal import Codec, key_id_of
from gatekeeper.store.tables import issues as table
from gatekeeper.store.tables import meta as single
from gatekeeper.store.tx import Tx
from tests.store import samples

OLD = MasterKey.of(bytes(range(32)))
"""The key of `codec`, to which the databases of tests are bound."""

NEW = OLD.successor()
BOTH = Codec(OLD, NEW)
WAIT = 30.0


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    """A store that knows the new key, while the old one seals."""
    opened = Store.open(migrated_url, BOTH)
    try:
        yield opened
    finally:
        opened.close()


def sealed_with(store: Store) -> list[bytes | None]:
    """Return the ids of the keys that sealed the subjects of all issues, the oldest first."""
    query = select(table.c.subject).order_by(table.c.number)
    return store.read(lambda tx: [key_id_of(value) for value in tx.connection.scalars(query)])


def change(store: Store) -> None:
    """Have the new key seal."""
    store.write(partial(sealing.change, new=NEW.key_id))


def test_every_write_after_the_change_is_sealed_with_the_new_key(store: Store) -> None:
    """Also of a store that was opened before, whose file names the old key first."""
    store.write(samples.issue)
    change(store)
    store.write(samples.issue)
    assert [OLD.key_id, NEW.key_id] == sealed_with(store)
    state = store.read(sealing.state)
    assert (NEW.key_id, OLD.key_id, ()) == (state.sealing, state.former, state.retired)
    assert 2 == len(store.read(issues.list_all))


def test_the_order_of_the_file_does_not_decide(migrated_url: str) -> None:
    store = Store.open(migrated_url, Codec(NEW, OLD))
    store.write(samples.issue)
    assert [OLD.key_id] == sealed_with(store)
    assert (OLD.name, NEW.name) == store.write(lambda tx: tx.codec.key_ids)
    store.close()


def test_both_keys_are_required_until_the_old_one_is_retired(
    store: Store, migrated_url: str
) -> None:
    store.write(samples.issue)
    change(store)
    for key, says in ((OLD, "is not the one"), (NEW, "the master key of before is missing")):
        with pytest.raises(Misconfigured, match=says):
            Store.open(migrated_url, Codec(key))
    store.write(sealing.retire)
    assert (OLD.key_id,) == store.read(sealing.state).retired
    Store.open(migrated_url, Codec(NEW)).close()
    with pytest.raises(Misconfigured, match="is not the one"):
        Store.open(migrated_url, Codec(OLD))
    store.write(sealing.retire)
    assert (OLD.key_id,) == store.read(sealing.state).retired


def test_a_change_waits_for_the_one_before_it_and_never_goes_back(store: Store) -> None:
    change(store)
    with pytest.raises(Conflict, match="an earlier change"):
        store.write(partial(sealing.change, new=OLD.key_id))
    store.write(sealing.retire)
    with pytest.raises(Conflict, match="replaced before"):
        store.write(partial(sealing.change, new=OLD.key_id))


def test_a_change_that_begins_is_noted_until_it_is_made(store: Store) -> None:
    """The last one that began counts."""
    assert store.read(sealing.state).begun is None
    for key in (OLD.successor(), NEW):
        store.write(partial(sealing.begin, new=key.key_id))
        assert key.key_id == store.read(sealing.state).begun
    change(store)
    assert store.read(sealing.state).begun is None


def test_a_key_that_is_not_known_is_not_taken_up(migrated_url: str) -> None:
    store = Store.open(migrated_url, Codec(OLD))
    with pytest.raises(OurFault, match="does not open"):
        change(store)
    assert OLD.key_id == store.read(sealing.state).sealing
    store.close()


def test_a_process_that_runs_learns_of_a_key_from_its_file(store: Store, migrated_url: str) -> None:
    """It writes with it at once, and reads what others wrote; nobody restarts it."""
    file = [OLD.dump()]
    running = Store.open(migrated_url, Codec(OLD, read=lambda: file[0]))
    assert (OLD.name,) == running.read(lambda tx: tx.codec.key_ids)
    file[0] = dump_all((NEW, OLD))
    assert (OLD.name, NEW.name) == running.read(lambda tx: tx.codec.key_ids)
    change(store)
    store.write(samples.issue)
    assert 1 == len(running.read(issues.list_all))
    running.write(samples.issue)
    assert [NEW.key_id] * 2 == sealed_with(running)
    file[0] = NEW.dump()
    assert (NEW.name, OLD.name) == running.write(lambda tx: tx.codec.key_ids)
    running.close()


def test_a_process_that_cannot_learn_of_it_writes_nothing(store: Store, migrated_url: str) -> None:
    broken = [b"nonsense", MasterKey.generate().dump(), OLD.dump()]
    stranger = Store.open(migrated_url, Codec(OLD, read=lambda: broken.pop(0)))
    change(store)
    while broken:
        with pytest.raises(OurFault, match="the database does not open"):
            stranger.write(samples.issue)
    assert [] == sealed_with(store)
    stranger.close()


def test_a_database_without_the_check_is_not_written(store: Store) -> None:
    store.write(lambda tx: tx.connection.execute(delete(single)).close())
    with pytest.raises(Misconfigured, match="not set up"):
        store.write(samples.issue)
    with pytest.raises(Misconfigured, match="not set up"):
        store.read(sealing.state)


def test_a_write_that_is_open_when_the_key_changes_ends_before_it(
    store: Store, migrated_url: str
) -> None:
    """So no value of the old key is committed after the change, whoever was slow."""
    other = Store.open(migrated_url, BOTH)
    order: list[str] = []
    inside, go_on, asked = threading.Event(), threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        inside.set()
        assert go_on.wait(WAIT)
        samples.issue(tx)
        order.append("slow")

    def changing() -> None:
        asked.set()
        change(other)
        order.append("changed")

    writer = threading.Thread(target=store.write, args=(slow,))
    changer = threading.Thread(target=changing)
    writer.start()
    assert inside.wait(WAIT)
    changer.start()
    assert asked.wait(WAIT)
    go_on.set()
    writer.join(WAIT)
    changer.join(WAIT)
    assert ["slow", "changed"] == order
    assert [OLD.key_id] == sealed_with(store)
    store.write(samples.issue)
    assert [OLD.key_id, NEW.key_id] == sealed_with(store)
    assert 1 == store.read(resealing.counts)[OLD.key_id] // 2, "its subject and its reporter"
    other.close()


def test_writes_that_wait_for_the_change_see_it(store: Store, migrated_url: str) -> None:
    """They stood in line with the old key in their hands; each of them is sealed with the new."""
    inside, go_on = threading.Event(), threading.Event()
    changer = Store.open(migrated_url, BOTH)

    def slow_change(tx: Tx) -> None:
        sealing.change(tx, new=NEW.key_id)
        inside.set()
        assert go_on.wait(WAIT)

    changing = threading.Thread(target=changer.write, args=(slow_change,))
    changing.start()
    assert inside.wait(WAIT)
    stores = [Store.open(migrated_url, BOTH) for _ in range(4)]
    writers = [threading.Thread(target=each.write, args=(samples.issue,)) for each in stores]
    for writer in writers:
        writer.start()
    go_on.set()
    for thread in (changing, *writers):
        thread.join(WAIT)
    assert [NEW.key_id] * 4 == sealed_with(store)
    for each in (changer, *stores):
        each.close()


def test_two_who_change_it_at_once_change_it_once(store: Store, migrated_url: str) -> None:
    stores = [store, Store.open(migrated_url, BOTH)]
    together = threading.Barrier(2)
    said: list[str] = []

    def changing(each: Store) -> None:
        together.wait(WAIT)
        try:
            change(each)
            said.append("changed")
        except Conflict:
            said.append("refused")

    threads = [threading.Thread(target=changing, args=(each,)) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert ["changed", "refused"] == sorted(said)
    assert NEW.key_id == store.read(sealing.state).sealing
    store.read(meta.require_key)
    stores[1].close()
