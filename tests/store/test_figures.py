"""What is counted for those who watch, on both databases."""

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, later
from gatekeeper.domain.report import MessageState
from gatekeeper.store import audit, deliveries, figures, frozen, requests
from gatekeeper.store.engine import Store
from gatekeeper.store.tables import ISSUE_STATES
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN


def test_an_empty_database_has_zeros_and_nothing_waits(store: Store) -> None:
    found = store.read(figures.take)
    assert dict.fromkeys(MessageState, 0) == found.messages
    assert dict.fromkeys(DeliveryState, 0) == found.deliveries
    assert dict.fromkeys(ISSUE_STATES, 0) == found.issues
    assert (None, None, None) == (found.unhandled, found.unsealed, found.unsent)
    assert (None, None) == (found.unanswered, found.unapproved)
    assert (0, False) == (found.events, found.frozen)


def test_what_waits_is_told_with_its_age(store: Store) -> None:
    def fill(tx: Tx) -> None:
        samples.message(tx)
        samples.sealed(tx)
        samples.sealed(tx)
        deliveries.claim(tx, now=later(NOW, MINUTE), lease=LEASE, token=TOKEN, limit=1)
        audit.append(tx, kind="looked", actor="test", now=NOW, payload={})
        frozen.freeze(tx, reason="a test", now=NOW)

    store.write(fill)
    found = store.read(figures.take)
    assert 1 == found.messages[MessageState.STORED]
    sent = (DeliveryState.SEALED, DeliveryState.CLAIMED)
    assert [1, 1] == [found.deliveries[state] for state in sent]
    assert (NOW, NOW) == (found.unhandled, found.unsent)
    assert (1, True) == (found.events, found.frozen)


def test_the_report_and_the_request_that_wait_longest_for_people(store: Store) -> None:
    def fill(tx: Tx) -> RowId:
        first, *others = (samples.issue(tx, now=later(NOW, n * MINUTE)).id for n in range(3))
        requests.add(
            tx,
            issue=first,
            kind="reply",
            effect=bytes(32),
            payload={},
            needed=2,
            created_by="Alice",
            now=later(NOW, MINUTE),
        )
        audit.append(tx, kind="issue.noted", actor="Alice", now=NOW, payload={}, issue=first)
        assert 2 == len(others)
        return first

    first = store.write(fill)
    found = store.read(figures.take)
    assert (NOW, later(NOW, MINUTE)) == (found.unanswered, found.unapproved)
    store.write(
        lambda tx: audit.append(
            tx, kind="issue.replied", actor="Alice", now=NOW, payload={}, issue=first
        )
    )
    assert later(NOW, MINUTE) == store.read(figures.take).unanswered
