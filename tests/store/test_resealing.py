"""Values sealed anew: all of them, each where it was, none that anybody changed meanwhile."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import select, update

from gatekeeper.store import audit, issues, messages, resealing, sealing
from gatekeeper.store.engine import Store
from gatekeeper.store.masterkey import MasterKey
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import SEALED, metadata
from gatekeeper.store.tables import issues as table
from gatekeeper.store.tables import messages as mail
from gatekeeper.store.tx import Tx
from tests.store import full, samples
from tests.store.opened import every_value

OLD = MasterKey.of(bytes(range(32)))
NEW = OLD.successor()


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    """A full database of the old key, which the new one seals from now on."""
    opened = Store.open(migrated_url, Codec(OLD, NEW))
    try:
        opened.write(full.fill)
        opened.write(partial(sealing.change, new=NEW.key_id))
        yield opened
    finally:
        opened.close()


def batches(store: Store) -> Iterator[resealing.Batch]:
    """Give every batch there is, not written."""
    for name in resealing.TABLES:
        after: resealing.Key | None = None
        read = partial(resealing.batch, table=name, former=OLD.key_id)
        while (found := store.read(partial(read, after=after))) is not None:
            yield found
            after = found.last


def test_every_sealed_value_is_sealed_anew_and_opens_with_the_new_key_alone(
    store: Store, migrated_url: str
) -> None:
    """In every column, every chunk, the event log with its chain, and the single values."""
    before = store.read(every_value)
    assert {str(column) for column in SEALED} == {place.name for place in before}
    counted = store.read(resealing.counts)
    assert (
        0
        < counted[OLD.key_id]
        == sum(store.write(partial(resealing.write, found=batch)) for batch in batches(store))
    )
    assert {NEW.key_id: sum(counted.values())} == store.read(resealing.counts)
    assert [] == list(batches(store))
    store.write(sealing.retire)
    alone = Store.open(migrated_url, Codec(NEW))
    after = alone.read(every_value)
    here = {place: value for place, value in after.items() if place.table != "meta"}
    assert {place: value for place, value in before.items() if place.table != "meta"} == here
    assert () == alone.read(audit.verify)
    alone.close()


def test_a_batch_is_bounded(store: Store) -> None:
    for batch in batches(store):
        size = sum(len(one.new) for one in batch.changed)
        assert len(batch.changed) <= resealing.ROWS * len(resealing.TABLES[batch.table])
        assert size <= 5 << 20, "so that no write is held up for long, and no log grows"
        assert () == batch.damaged


def test_what_somebody_changed_meanwhile_is_left_alone(store: Store) -> None:
    found = [batch for batch in batches(store) if batch.table == "issues"]
    (issue,) = store.read(issues.list_all)
    store.write(lambda tx: issues.set_owner(tx, issue=issue.id, owner="Bob", now=samples.NOW))
    written = sum(store.write(partial(resealing.write, found=batch)) for batch in found)
    assert sum(len(batch.changed) for batch in found) - 1 == written
    assert "Bob" == store.read(lambda tx: issues.by_row(tx, issue.id)).owner
    assert [] == [batch for batch in batches(store) if batch.table == "issues"]


def test_a_row_that_is_gone_meanwhile_stays_gone(store: Store) -> None:
    found = [batch for batch in batches(store) if batch.table == "offered_keys"]
    offered = metadata.tables["offered_keys"]
    store.write(lambda tx: tx.connection.execute(offered.delete()).close())
    assert found
    assert 0 == sum(store.write(partial(resealing.write, found=batch)) for batch in found)


def test_a_value_that_does_not_open_is_told_and_left(store: Store) -> None:
    def damage(tx: Tx) -> None:
        (value,) = tx.connection.scalars(select(table.c.subject)).all()
        other = value[:-1] + bytes([value[-1] ^ 1])
        tx.connection.execute(update(table).values(subject=other))

    store.write(damage)
    (batch,) = [batch for batch in batches(store) if batch.table == "issues"]
    assert ("issues.subject",) == batch.damaged
    store.write(partial(resealing.write, found=batch))
    assert [("issues.subject",)] == [b.damaged for b in batches(store) if b.table == "issues"]


def test_the_pass_goes_on_behind_the_last_key(store: Store) -> None:
    """Batch for batch, without one twice or left out, whatever was written already."""
    for number in range(2 * resealing.ROWS + 1):
        store.write(partial(samples.message, raw=b"%d" % number))
    fresh = store.read(lambda tx: tx.connection.scalars(select(mail.c.id)).all())
    assert 2 * resealing.ROWS + 1 < len(fresh)
    former = partial(resealing.batch, table="messages", former=NEW.key_id)
    keys: list[resealing.Key] = []
    after: resealing.Key | None = None
    while (found := store.read(partial(former, after=after))) is not None:
        assert len({one.key for one in found.changed}) <= resealing.ROWS
        keys += dict.fromkeys(one.key for one in found.changed)
        after = found.last
    assert sorted(set(keys)) == keys


def test_every_message_is_read_through_its_function_as_before(
    store: Store, migrated_url: str
) -> None:
    rows = store.read(lambda tx: tx.connection.scalars(select(mail.c.id)).all())
    before = [store.read(partial(messages.load, message=row)) for row in rows]
    for batch in batches(store):
        store.write(partial(resealing.write, found=batch))
    store.write(sealing.retire)
    alone = Store.open(migrated_url, Codec(NEW))
    assert before == [alone.read(partial(messages.load, message=row)) for row in rows]
    alone.close()
