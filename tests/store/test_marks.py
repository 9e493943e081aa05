"""Marks of many deliveries in one transaction: each by its own lease, with few statements."""

from functools import partial

import pytest
from sqlalchemy import event

from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, SECOND, Instant, later
from gatekeeper.store import deliveries, marks
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Store
from gatekeeper.store.marks import Held, Mark, Marked
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import LEASE, NOW, OTHER, TOKEN

DELIVERED = Attempt(outcome=Outcome.DELIVERED, reply="250 2.0.0 queued as X for ÿ")
REFUSED = Attempt(outcome=Outcome.REFUSED, reply="550 5.1.1 no such user")
NOT_NOW = Attempt(outcome=Outcome.NOT_NOW, reply="451 4.3.0 later")


def held(store: Store, count: int, *, token: bytes = TOKEN, now: Instant = NOW) -> list[RowId]:
    """Return deliveries that were made and claimed."""

    def make(tx: Tx) -> list[RowId]:
        made = [samples.sealed(tx).delivery for _ in range(count)]
        claimed = deliveries.claim(tx, now=now, lease=LEASE, token=token, limit=count)
        assert set(made) == {one.id for one in claimed}
        return made

    return store.write(make)


def mark(delivery: RowId, attempt: Attempt, *, token: bytes = TOKEN) -> Mark:
    """Return a mark."""
    return Mark(held=Held(delivery=delivery, token=token), attempt=attempt)


def row(store: Store, delivery: RowId) -> DeliveryRow:
    """Return a delivery that is there."""
    found = store.read(partial(deliveries.get, delivery=delivery))
    assert found is not None
    return found


def test_each_of_a_group_gets_its_own(store: Store) -> None:
    first, second, third = held(store, 3)
    group = [mark(third, NOT_NOW), mark(first, DELIVERED), mark(second, REFUSED)]
    found = store.write(partial(marks.record_all, marks=group, now=NOW))
    states = [DeliveryState.DEFERRED, DeliveryState.DELIVERED, DeliveryState.FAILED]
    assert states == [one.state for one in found if one]
    assert [row(store, each).issue for each in (third, first, second)] == [
        one.issue for one in found if one
    ]
    for delivery, attempt, state in zip(
        (third, first, second), (NOT_NOW, DELIVERED, REFUSED), states, strict=True
    ):
        after = row(store, delivery)
        assert (state, attempt.reply, 1) == (after.state, after.reply, after.attempts)
    assert later(NOW, MINUTE) == row(store, third).due_at


def test_one_whose_lease_is_over_is_left_alone_and_holds_up_no_other(store: Store) -> None:
    """Its row stays as whoever holds it now needs it."""
    mine, theirs = held(store, 1)[0], held(store, 1, token=OTHER)[0]
    before = row(store, theirs)
    group = [mark(theirs, DELIVERED), mark(mine, DELIVERED), mark(RowId(bytes(16)), REFUSED)]
    stale, counted, nowhere = store.write(partial(marks.record_all, marks=group, now=NOW))
    assert stale is nowhere is None
    assert Marked(issue=row(store, mine).issue, state=DeliveryState.DELIVERED) == counted
    assert before == row(store, theirs)


def test_a_delivery_that_is_marked_twice_counts_once(store: Store) -> None:
    (delivery,) = held(store, 1)
    group = [mark(delivery, DELIVERED), mark(delivery, REFUSED)]
    first, second = store.write(partial(marks.record_all, marks=group, now=NOW))
    assert first is not None
    assert second is None
    assert DeliveryState.DELIVERED is row(store, delivery).state


def test_no_marks_are_no_work(store: Store) -> None:
    assert () == store.write(partial(marks.record_all, marks=(), now=NOW))
    assert 0 == store.write(partial(marks.release_all, held=(), wait=0, now=NOW))


def test_what_was_not_begun_is_let_go_without_a_try(store: Store) -> None:
    mine, theirs = held(store, 2), held(store, 1, token=OTHER)
    asked = [Held(delivery=each, token=TOKEN) for each in (*mine, *theirs)]
    release = partial(marks.release_all, held=asked, wait=10 * SECOND, now=NOW)
    assert 2 == store.write(release)
    due = later(NOW, 10 * SECOND)
    for delivery in mine:
        after = row(store, delivery)
        assert (DeliveryState.DEFERRED, due, 0) == (after.state, after.due_at, after.attempts)
    assert DeliveryState.CLAIMED is row(store, theirs[0]).state
    claim = partial(deliveries.claim, now=due, lease=LEASE, token=OTHER, limit=9)
    assert {*mine} == {one.id for one in store.write(claim)}


@pytest.mark.parametrize("count", [1, 40])
def test_the_statements_do_not_grow_with_the_group(store: Store, count: int) -> None:
    group = [mark(each, DELIVERED) for each in held(store, count)]
    seen: list[str] = []

    def record(tx: Tx) -> None:
        @event.listens_for(tx.connection, "before_cursor_execute")
        def note(*words: object) -> None:
            seen.append(str(words[2]))

        marks.record_all(tx, group, now=NOW)

    store.write(record)
    assert ["SELECT", "UPDATE"] == [statement.split()[0] for statement in seen]
