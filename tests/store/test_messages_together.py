"""Messages stored as a group: as one by one, in few statements, and once whoever is faster."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import event

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.report import Envelope, MessageState
from gatekeeper.store import messages
from gatekeeper.store.engine import Store
from gatekeeper.store.messages import Added
from gatekeeper.store.tx import Tx
from tests.store.samples import ENVELOPE, NOW, product

Item = tuple[bytes, Envelope]
OTHER = replace(ENVELOPE, sender=Address(local="wei", domain="team.example"))
WAIT = 30.0


def add(store: Store, items: Sequence[Item], now: Instant = NOW) -> tuple[Added, ...]:
    return store.write(lambda tx: messages.add_all(tx, product=product(tx), items=items, now=now))


def raw_of(store: Store, message: RowId) -> bytes | None:
    return store.read(lambda tx: messages.load(tx, message)).raw


def test_each_comes_back_as_it_came(store: Store) -> None:
    """Small and large ones mixed: a chunk more or less is noticed by no other."""
    sizes = (0, 1, 5000, 3 * 1024 * 1024 + 1, 7, 1024 * 1024, 2)
    items = [(bytes([number]) * size, ENVELOPE) for number, size in enumerate(sizes)]
    added = add(store, items)
    assert [raw for raw, _ in items] == [raw_of(store, each.id) for each in added]
    assert len(items) == store.read(messages.counts)[MessageState.STORED]


def test_duplicates_in_the_group_and_before_it(store: Store) -> None:
    """By bytes, sender and recipients, for seven days; each names the message it is one of."""
    (first,) = add(store, [(b"one", ENVELOPE)])
    items = [(b"two", ENVELOPE), (b"one", ENVELOPE), (b"two", ENVELOPE), (b"one", OTHER)]
    added = add(store, items)
    assert [False, True, True, False] == [each.duplicate for each in added]
    assert (first.id, added[0].id) == (added[1].id, added[2].id)
    (again,) = add(store, [(b"one", ENVELOPE)], later(NOW, 7 * DAY + 1))
    assert not again.duplicate


def test_nothing_is_a_group_too(store: Store) -> None:
    assert () == add(store, [])


@pytest.mark.parametrize("number", [1, 200])
def test_it_takes_few_statements(store: Store, number: int) -> None:
    said: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        said.append(statement)

    def write(tx: Tx) -> None:
        row = product(tx)
        event.listen(tx.connection, "before_cursor_execute", note)
        items = [(b"%d" % each, ENVELOPE) for each in range(number)]
        messages.add_all(tx, product=row, items=items, now=NOW)

    store.write(write)
    assert len(said) <= 5, said


def test_the_same_group_twice_at_once(store: Store) -> None:
    """In another order, so that each could wait for the other; every message is there once."""
    items = [(b"%d" % number, ENVELOPE) for number in range(50)]
    start = threading.Barrier(2)
    found: list[tuple[Added, ...]] = []

    def run(mine: Sequence[Item]) -> None:
        start.wait(WAIT)
        found.append(add(store, mine))

    threads = [threading.Thread(target=run, args=(mine,)) for mine in (items, items[::-1])]
    add(store, [(b"so that the product is there", ENVELOPE)])
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert 2 == len(found)
    assert 50 == sum(not each.duplicate for group in found for each in group)
    assert 51 == store.read(messages.counts)[MessageState.STORED]
