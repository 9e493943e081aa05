"""Letters that wait for a fault of ours are told of in the log, every hour, and then no more."""

import logging

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import HOUR, MINUTE, Instant, later
from gatekeeper.outbound import overdue
from gatekeeper.outbound.overdue import Overdue
from gatekeeper.store import deliveries
from tests.house import START, House
from tests.issues.reports import plain


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what stands in the log, and forget it."""
    found = [record.getMessage() for record in caplog.records if record.name.endswith("outbound")]
    caplog.clear()
    return found


def wait(house: House) -> None:
    """Let a report wait to be encrypted, as when gpg fails."""
    house.receive_quietly(plain())
    while house.inbound.tick():
        pass


def test_it_is_said_once_an_hour_until_it_is_over(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Overdue(store=house.store, now=house.clock)
    wait(house)
    minutes = [0, 10, 11, 12, 70, 71, 72, 130, 131]
    told = []
    for minute in minutes:
        house.now = later(START, minute * MINUTE)
        assert 0 == watch.tick()
        told.append(said(caplog))
    assert [0, 0, 1, 0, 0, 1, 0, 0, 1] == [len(each) for each in told]
    assert "since Thu 2026-09-03 12:00:00Z, and nothing leaves" in told[2][0]
    assert "gatekeeper doctor" in told[2][0]
    with caplog.at_level(logging.WARNING, logger="gatekeeper.outbound"):
        house.settle()
        watch.tick()
        watch.tick()
    assert ["no letter waits long to be encrypted any more"] == said(caplog)


def test_what_waits_now_was_not_waiting_while_it_was_blocked(house: House) -> None:
    wait(house)
    house.now = later(START, HOUR)
    assert START == overdue.since(house.store, house.now)
    rows = house.store.read(deliveries.list_all)
    for row in rows:
        block(house, row.id)
    assert overdue.since(house.store, house.now) is None
    retried = rows[0].id
    house.store.write(lambda tx: deliveries.retry(tx, delivery=retried, now=house.now))
    assert overdue.since(house.store, house.now) is None
    assert house.now == overdue.since(house.store, Instant(house.now + 11 * MINUTE))


def block(house: House, delivery: RowId) -> None:
    """Block a delivery."""
    house.store.write(
        lambda tx: deliveries.blocked(tx, delivery=delivery, reason="no key", now=house.now)
    )
