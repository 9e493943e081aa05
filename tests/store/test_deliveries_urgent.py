"""What is urgent is claimed and tried first; what a bounce says counts for what may have left."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, update

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.instants import DAY, MINUTE, SECOND, later
from gatekeeper.store import deliveries
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import letters as letters_table
from gatekeeper.store.tx import SQLITE, Tx
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN
from tests.store.test_deliveries import DELIVERED, IN_DOUBT, NOT_NOW, claim, record, row


def test_what_is_urgent_is_tried_again_sooner(store: Store) -> None:
    sent = store.write(partial(samples.sealed, urgent=True))
    claim(store)
    assert DeliveryState.DEFERRED is record(store, sent.delivery, NOT_NOW)
    found = row(store, sent.delivery)
    assert (True, later(NOW, 10 * SECOND)) == (found.urgent, found.due_at)


REPORT = {"status": "5.1.1", "said": "no such user ÿ"}


@pytest.mark.parametrize(
    ("permanent", "state"), [(True, DeliveryState.FAILED), (False, DeliveryState.DELIVERED)]
)
def test_a_bounce_is_kept_and_a_permanent_one_fails_what_was_delivered(
    permanent: bool,
    state: DeliveryState,
    store: Store,
) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    record(store, sent.delivery, DELIVERED)
    bounce = partial(
        deliveries.returned, delivery=sent.delivery, report=REPORT, permanent=permanent, now=NOW
    )
    assert state is store.write(bounce)
    found = row(store, sent.delivery)
    assert (state, REPORT, DELIVERED.reply) == (found.state, found.returned, found.reply)
    assert () == claim(store, now=later(NOW, 400 * DAY))


def test_a_bounce_that_is_faster_than_our_mark_counts_and_the_mark_does_not(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    bounce = partial(
        deliveries.returned, delivery=sent.delivery, report=REPORT, permanent=True, now=NOW
    )
    assert DeliveryState.FAILED is store.write(bounce)
    assert record(store, sent.delivery, DELIVERED) is None
    found = row(store, sent.delivery)
    assert (DeliveryState.FAILED, REPORT) == (found.state, found.returned)


def test_a_bounce_settles_a_doubt(store: Store) -> None:
    """What came back for good had arrived: it does not go out once more."""
    sent = store.write(samples.sealed)
    claim(store)
    record(store, sent.delivery, IN_DOUBT)
    bounce = partial(
        deliveries.returned, delivery=sent.delivery, report=REPORT, permanent=True, now=NOW
    )
    assert DeliveryState.FAILED is store.write(bounce)
    assert () == claim(store, now=later(NOW, DAY))


def test_a_bounce_leaves_alone_what_waits_to_be_tried_again(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    record(store, sent.delivery, NOT_NOW)
    bounce = partial(
        deliveries.returned, delivery=sent.delivery, report=REPORT, permanent=True, now=NOW
    )
    assert DeliveryState.DEFERRED is store.write(bounce)
    assert REPORT == row(store, sent.delivery).returned
    assert [sent.delivery] == [one.id for one in claim(store, now=later(NOW, MINUTE))]


def test_what_is_urgent_can_be_claimed_alone(store: Store) -> None:
    ordinary = store.write(partial(samples.sealed, due_at=later(NOW, -DAY)))
    urgent = store.write(partial(samples.sealed, urgent=True))
    first = partial(deliveries.claim, now=NOW, lease=LEASE, token=TOKEN, limit=10, urgent=True)
    assert [(urgent.delivery, True)] == [(one.id, one.urgent) for one in store.write(first)]
    assert () == store.write(first)
    assert [(ordinary.delivery, False)] == [(one.id, one.urgent) for one in claim(store)]


def test_claims_use_the_indexes_that_are_made_for_them(store: Store) -> None:
    """Whatever was sent before, what is due is found at once."""

    def plan(tx: Tx) -> list[str]:
        if tx.dialect != SQLITE:
            return ["ix_deliveries_urgent", "ix_deliveries_claim"]
        seen: list[str] = []

        @event.listens_for(tx.connection, "before_cursor_execute")
        def explain(*words: Any) -> None:  # noqa: ANN401 - the driver's
            statement, values = words[2], words[3]
            if statement.startswith(("WITH", "UPDATE")):
                rows = tx.connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
                seen.append(" ".join(row[3] for row in rows))

        for urgent in (True, False):
            deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1, urgent=urgent)
        return seen

    found = store.write(plan)
    assert ["ix_deliveries_urgent", "ix_deliveries_claim"] == [
        name
        for text in found
        for name in ("ix_deliveries_urgent", "ix_deliveries_claim")
        if name in text
    ]


def test_a_returned_delivery_may_be_tried_again_by_a_person(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    record(store, sent.delivery, DELIVERED)
    store.write(
        partial(deliveries.returned, delivery=sent.delivery, report={}, permanent=True, now=NOW)
    )
    store.write(partial(deliveries.retry, delivery=sent.delivery, now=NOW))
    assert [sent.delivery] == [one.id for one in claim(store)]


def test_a_letter_that_was_erased_is_not_tried_again(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    record(store, sent.delivery, NOT_NOW)
    erase = update(letters_table).where(letters_table.c.id == sent.letter)
    store.write(lambda tx: tx.connection.execute(erase.values(erased_at=NOW)))
    with pytest.raises(Conflict, match="its letter was erased"):
        store.write(partial(deliveries.retry, delivery=sent.delivery, now=NOW))
