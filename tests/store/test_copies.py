"""Copies of a letter: kept for all of its recipients in one go, or for none."""

from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import event

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.store import copies, deliveries, letters
from gatekeeper.store.copies import Copy
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tx import Tx, Work
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN


def people(count: int) -> list[tuple[Address, str]]:
    """Return so many addresses with a name each."""
    numbers = range(count)
    return [(Address.parse(f"n{number}@team.example"), f"Number {number}") for number in numbers]


def added(tx: Tx, count: int) -> RowId:
    """Return a letter to so many people."""
    issue = samples.issue(tx).id
    letter = letters.add(tx, samples.new_letter(issue), now=NOW)
    deliveries.add_all(tx, letter=letter, issue=issue, to=people(count), due_at=NOW, now=NOW)
    return letter


def copies_for(tx: Tx, letter: RowId) -> list[Copy]:
    """Return a copy for each recipient, each with packets of its own."""
    return [
        Copy(delivery=row.id, key_packets=str(row.recipient).encode(), fingerprints=["A" * 40])
        for row in deliveries.pending_of(tx, letter)
    ]


def test_each_recipient_gets_the_own_copy(store: Store) -> None:
    def make(tx: Tx) -> None:
        letter = added(tx, 30)
        assert people(30) == sorted(
            ((row.recipient, row.name) for row in deliveries.pending_of(tx, letter)),
            key=lambda one: int(one[1].split()[1]),
        )
        copies.seal_all(tx, copies_for(tx, letter), now=NOW)

    store.write(make)
    claimed = store.write(
        lambda tx: deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=99)
    )
    assert {address for address, _ in people(30)} == {one.recipient for one in claimed}
    for one in claimed:
        assert (str(one.recipient).encode(), ("A" * 40,), False) == (
            one.key_packets,
            one.fingerprints,
            one.own,
        )


def test_many_are_written_with_as_many_statements_as_a_few(store: Store) -> None:
    def statements(count: int) -> int:
        seen: list[str] = []

        def make(tx: Tx) -> None:
            def note(*given: object) -> None:
                seen.append(str(given[2]))

            event.listen(tx.connection, "before_cursor_execute", note)
            letter = added(tx, count)
            copies.seal_all(tx, copies_for(tx, letter), now=NOW)

        store.write(make)
        return len(seen)

    assert statements(2) == statements(40)


def _twice(copy: Copy) -> Sequence[Copy]:
    return [copy, copy]


def _nowhere(copy: Copy) -> Sequence[Copy]:
    return [copy, Copy(delivery=RowId(bytes(16)), key_packets=b"", fingerprints=())]


@pytest.mark.parametrize("which", [_twice, _nowhere])
def test_one_that_is_not_pending_keeps_all_back(store: Store, which: object) -> None:
    assert callable(which)
    letter = store.write(partial(added, count=1))
    (copy,) = store.read(partial(copies_for, letter=letter))
    with pytest.raises(Conflict):
        store.write(partial(copies.seal_all, copies=which(copy), now=NOW))
    store.write(partial(copies.seal_all, copies=[copy], now=NOW))
    with pytest.raises(Conflict):
        store.write(partial(copies.seal_all, copies=[copy], now=NOW))
    assert 1 == store.read(deliveries.counts)[DeliveryState.SEALED]


def test_nothing_to_keep_wakes_nobody(store: Store) -> None:
    def make(tx: Tx) -> None:
        copies.seal_all(tx, [], now=NOW)
        letter = letters.add(tx, samples.new_letter(samples.issue(tx).id), now=NOW)
        deliveries.add_all(tx, letter=letter, issue=None, to=[], due_at=NOW, now=NOW)
        assert set() == tx.wakes
        deliveries.add_all(tx, letter=letter, issue=None, to=people(1), due_at=NOW, now=NOW)
        assert {Work.SEALING} == tx.wakes
        copies.seal_all(tx, copies_for(tx, letter), now=NOW)
        assert {Work.SEALING, Work.SENDING} == tx.wakes

    store.write(make)
