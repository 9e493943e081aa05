"""A frozen database: nothing is sealed and nothing is sent, and why is said once."""

import logging

import pytest
from sqlalchemy import select, update

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.store import deliveries, frozen
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import deliveries as table
from gatekeeper.store.tx import Tx
from tests.house import House
from tests.issues.reports import plain
from tests.store.test_heads import append, put_back, snapshot


def states(house: House) -> set[DeliveryState]:
    """Return the states of all deliveries."""
    return {row.state for row in house.store.read(deliveries.list_all)}


def test_mail_is_handled_and_nothing_leaves_until_it_is_thawed(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.store.write(lambda tx: frozen.freeze(tx, reason="it was restored", now=house.now))
    house.receive(plain())
    house.settle()
    assert {DeliveryState.PENDING} == states(house)
    house.store.write(frozen.thaw)
    house.settle()
    assert {DeliveryState.SEALED} == states(house)
    house.store.write(lambda tx: frozen.freeze(tx, reason="it was restored", now=house.now))
    outbox = house.outbox
    with caplog.at_level(logging.WARNING, "gatekeeper.outbound"):
        for _ in range(3):
            assert () == outbox.claim()
        assert {DeliveryState.SEALED} == states(house)
        house.store.write(frozen.thaw)
        assert outbox.claim()
    said = [record.getMessage() for record in caplog.records]
    assert 2 == len(said)
    assert "frozen and nothing is sent: it was restored" in said[0]
    assert "not frozen any more" in said[1]


@pytest.mark.parametrize("more", [1, 30])
def test_a_stale_replica_under_a_running_service_is_found_before_anything_goes_out_again(
    more: int, house: House, migrated_url: str, codec: Codec
) -> None:
    """The rows of before are put back by somebody else; no witness was asked since."""
    house.receive(plain())
    house.settle()
    kept = house.store.read(snapshot)
    rows = house.store.read(lambda tx: tx.connection.execute(select(table)).mappings().all())
    assert house.collect()
    another = Store.open(migrated_url, codec)

    def fail_over(tx: Tx) -> None:
        put_back(tx, kept)
        for row in rows:
            tx.connection.execute(update(table).where(table.c.id == row["id"]).values(**row))
        append(tx, more)

    another.write(fail_over)
    another.close()
    assert {DeliveryState.SEALED} == states(house)
    seen = house.store.memory.recall()[1]
    assert () == house.outbox.claim()
    assert {DeliveryState.BLOCKED} == states(house)
    found = house.store.read(frozen.of)
    assert found is not None
    assert seen == found.witnesses
    assert () == house.outbox.claim()
    assert found == house.store.read(frozen.of)


def test_nothing_is_sealed_either(house: House, migrated_url: str, codec: Codec) -> None:
    kept = house.store.read(snapshot)
    house.receive(plain())
    house.inbound.tick()
    another = Store.open(migrated_url, codec)
    another.write(lambda tx: put_back(tx, kept))
    another.close()
    assert 0 == house.press.tick()
    assert {DeliveryState.BLOCKED} == states(house)
    assert house.store.read(frozen.of) is not None
