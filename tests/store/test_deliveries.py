"""Deliveries: through the domain's table only, recorded only by who holds the lease."""

from dataclasses import replace
from functools import partial

import pytest

from gatekeeper.domain.delivery import GIVE_UP_AFTER, Attempt, DeliveryState, Outcome
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, MINUTE, SECOND, Instant, later
from gatekeeper.store import copies, deliveries, letters
from gatekeeper.store.copies import Copy
from gatekeeper.store.deliveries import ClaimedDelivery, DeliveryRow
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import ALICE, BOB, LEASE, NOW, OTHER, TOKEN

AFTER_LEASE = later(NOW, LEASE)
OWN = bytes(range(256)) * 10_000

DELIVERED = Attempt(outcome=Outcome.DELIVERED, reply="250 2.0.0 queued as X for ÿ")
REFUSED = Attempt(outcome=Outcome.REFUSED, reply="550 5.1.1 no such user")
NOT_NOW = Attempt(outcome=Outcome.NOT_NOW, reply="451 4.3.0 later")
IN_DOUBT = Attempt(outcome=Outcome.IN_DOUBT, reply="connection lost")


def claim(
    store: Store, *, token: bytes = TOKEN, now: Instant = NOW, limit: int = 10
) -> tuple[ClaimedDelivery, ...]:
    """Claim deliveries."""
    return store.write(
        lambda tx: deliveries.claim(tx, now=now, lease=LEASE, token=token, limit=limit)
    )


def record(
    store: Store,
    delivery: RowId,
    attempt: Attempt,
    *,
    token: bytes = TOKEN,
    now: Instant = NOW,
) -> DeliveryState | None:
    """Record what the relay said; None when the lease is over."""
    return store.write(
        lambda tx: samples.record(tx, delivery=delivery, token=token, attempt=attempt, now=now)
    )


def row(store: Store, delivery: RowId) -> DeliveryRow:
    """Return a delivery that is there."""
    found = store.read(partial(deliveries.get, delivery=delivery))
    assert found is not None
    return found


def test_a_delivery_comes_back_as_it_was_added(store: Store) -> None:
    sent = store.write(samples.pending)
    found = row(store, sent.delivery)
    assert (
        DeliveryRow(
            id=sent.delivery,
            letter=sent.letter,
            issue=sent.issue,
            recipient=ALICE,
            correspondent=None,
            name="Alice",
            state=DeliveryState.PENDING,
            fingerprints=(),
            due_at=NOW,
            first_due_at=NOW,
            attempts=0,
            doubts=0,
            reply="",
            reason="",
            created_at=NOW,
            updated_at=NOW,
        )
        == found
    )
    assert (found,) == store.read(partial(deliveries.pending_of, letter=sent.letter))
    assert () == claim(store)


def test_a_letter_goes_to_a_recipient_once(store: Store) -> None:
    sent = store.write(samples.pending)
    again = partial(
        deliveries.add,
        letter=sent.letter,
        issue=sent.issue,
        recipient=replace(ALICE, local="ALICE"),
        name="Alice again",
        due_at=NOW,
        now=NOW,
    )
    with pytest.raises(OurFault):
        store.write(again)
    store.write(partial(again, recipient=BOB))


def test_a_sealed_delivery_is_claimed_and_delivered(store: Store) -> None:
    sent = store.write(samples.sealed)
    assert () == store.read(partial(deliveries.pending_of, letter=sent.letter))
    assert ("A" * 40,) == row(store, sent.delivery).fingerprints
    expected = ClaimedDelivery(
        id=sent.delivery,
        letter=sent.letter,
        recipient=ALICE,
        correspondent=None,
        attempts=1,
        doubts=0,
        first_due_at=NOW,
        key_packets=b"key packets",
        fingerprints=("A" * 40,),
        own=False,
    )
    assert (expected,) == claim(store)
    assert DeliveryState.DELIVERED is record(store, sent.delivery, DELIVERED)
    done = row(store, sent.delivery)
    assert (DeliveryState.DELIVERED, DELIVERED.reply, 1) == (done.state, done.reply, done.attempts)
    assert () == claim(store, now=later(NOW, 400 * DAY))


def test_a_packet_of_its_own_comes_back(store: Store) -> None:
    sent = store.write(samples.pending)
    store.write(partial(samples.seal, delivery=sent.delivery, own_packet=OWN))
    assert [True] == [one.own for one in claim(store)]
    assert OWN == store.read(partial(copies.own_packet, delivery=sent.delivery))


def test_a_delivery_without_a_packet_of_its_own_has_none(store: Store) -> None:
    sent = store.write(samples.sealed)
    with pytest.raises(OurFault, match="missing"):
        store.read(partial(copies.own_packet, delivery=sent.delivery))


def test_those_due_longest_are_claimed_first(store: Store) -> None:
    def write(tx: Tx) -> list[RowId]:
        dues = [later(NOW, seconds * SECOND) for seconds in (-1, -3, -2, 1, 0)]
        return [samples.sealed(tx, due_at=due).delivery for due in dues]

    made = store.write(write)
    assert [made[1], made[2]] == [one.id for one in claim(store, limit=2)]
    assert [made[0], made[4]] == [one.id for one in claim(store, token=OTHER)]
    assert [made[3]] == [one.id for one in claim(store, now=later(NOW, SECOND))]


def test_those_of_one_letter_are_claimed_alone(store: Store) -> None:
    wanted, other = store.write(samples.sealed), store.write(samples.sealed)
    of_letter = partial(
        deliveries.claim, now=NOW, lease=LEASE, token=TOKEN, limit=10, letter=wanted.letter
    )
    assert [wanted.delivery] == [one.id for one in store.write(of_letter)]
    assert () == store.write(of_letter)
    assert [other.delivery] == [one.id for one in claim(store, token=OTHER)]


def test_a_lease_that_ended_is_claimed_again_and_its_holder_is_refused(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    assert () == claim(store, token=OTHER, now=later(AFTER_LEASE, -1))
    assert [2] == [one.attempts for one in claim(store, token=OTHER, now=AFTER_LEASE)]
    before = row(store, sent.delivery)
    assert record(store, sent.delivery, DELIVERED, token=TOKEN) is None
    assert before == row(store, sent.delivery)
    assert DeliveryState.DELIVERED is record(store, sent.delivery, DELIVERED, token=OTHER)
    assert record(store, sent.delivery, DELIVERED, token=OTHER) is None


@pytest.mark.parametrize(
    ("attempt", "state", "due_at", "doubts"),
    [
        (REFUSED, DeliveryState.FAILED, NOW, 0),
        (NOT_NOW, DeliveryState.DEFERRED, later(NOW, MINUTE), 0),
        (IN_DOUBT, DeliveryState.IN_DOUBT, NOW, 1),
    ],
)
def test_what_follows_is_what_the_rules_say(
    attempt: Attempt, state: DeliveryState, due_at: Instant, doubts: int, store: Store
) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    assert state is record(store, sent.delivery, attempt)
    after = row(store, sent.delivery)
    assert (state, due_at, doubts, attempt.reply) == (
        after.state,
        after.due_at,
        after.doubts,
        after.reply,
    )


def test_doubts_are_counted_over_attempts(store: Store) -> None:
    """Once more at once after the first doubt, by the schedule after the second."""
    sent = store.write(samples.sealed)
    claim(store)
    assert DeliveryState.IN_DOUBT is record(store, sent.delivery, IN_DOUBT)
    assert [(2, 1)] == [(one.attempts, one.doubts) for one in claim(store)]
    assert DeliveryState.DEFERRED is record(store, sent.delivery, IN_DOUBT)
    assert 2 == row(store, sent.delivery).doubts


def test_five_days_after_it_was_due_a_delivery_fails(store: Store) -> None:
    sent = store.write(samples.sealed)
    end = later(NOW, GIVE_UP_AFTER)
    claim(store, now=end)
    assert DeliveryState.FAILED is record(store, sent.delivery, NOT_NOW, now=end)


def test_a_person_retries_a_failed_delivery_with_full_time(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    record(store, sent.delivery, REFUSED)
    much_later = later(NOW, 2 * GIVE_UP_AFTER)
    retry = partial(deliveries.retry, delivery=sent.delivery, now=much_later)
    assert DeliveryState.DEFERRED is store.write(retry)
    assert [2] == [one.attempts for one in claim(store, now=much_later)]
    assert DeliveryState.DEFERRED is record(store, sent.delivery, NOT_NOW, now=much_later)


def test_a_person_retries_a_deferred_delivery_at_once(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    record(store, sent.delivery, NOT_NOW)
    assert () == claim(store)
    store.write(partial(deliveries.retry, delivery=sent.delivery, now=NOW))
    assert [sent.delivery] == [one.id for one in claim(store)]


def test_a_blocked_delivery_says_why_until_it_is_retried(store: Store) -> None:
    sent = store.write(samples.pending)
    block = partial(deliveries.blocked, delivery=sent.delivery, reason="no key ÿ", now=NOW)
    store.write(block)
    found = row(store, sent.delivery)
    assert (DeliveryState.BLOCKED, "no key ÿ") == (found.state, found.reason)
    assert () == claim(store, now=later(NOW, DAY))
    moment = later(NOW, 2 * GIVE_UP_AFTER)
    retry = partial(deliveries.retry, delivery=sent.delivery, now=moment)
    assert DeliveryState.PENDING is store.write(retry)
    found = row(store, sent.delivery)
    assert ("", moment, moment) == (found.reason, found.due_at, found.first_due_at)
    claimed = store.write(
        lambda tx: letters.claim_unsealed(tx, now=moment, lease=LEASE, token=TOKEN, limit=1)
    )
    assert (sent.letter,) == claimed


def test_what_the_table_does_not_know_is_a_conflict(store: Store) -> None:
    sent = store.write(samples.sealed)
    for wrong in (
        partial(samples.seal, delivery=sent.delivery),
        partial(samples.seal, delivery=sent.delivery, own_packet=OWN),
        partial(deliveries.blocked, delivery=sent.delivery, reason="", now=NOW),
        partial(deliveries.retry, delivery=sent.delivery, now=NOW),
    ):
        with pytest.raises(Conflict, match="a sealed delivery does not know"):
            store.write(wrong)
    assert DeliveryState.SEALED is row(store, sent.delivery).state


def test_what_is_not_there(store: Store) -> None:
    nowhere = RowId(bytes(16))
    assert store.read(partial(deliveries.get, delivery=nowhere)) is None
    with pytest.raises(Conflict, match="no such delivery"):
        store.write(partial(deliveries.retry, delivery=nowhere, now=NOW))
    bounce = partial(deliveries.returned, delivery=nowhere, report={}, permanent=True, now=NOW)
    with pytest.raises(Conflict, match="no such delivery"):
        store.write(bounce)


def test_lists_by_issue_and_state(store: Store) -> None:
    first, second = (store.write(samples.pending), store.write(samples.sealed))
    both = store.read(deliveries.list_all)
    assert {first.delivery, second.delivery} == {one.id for one in both}
    of_first = store.read(partial(deliveries.list_all, issue=first.issue))
    assert [first.delivery] == [one.id for one in of_first]
    sealed = store.read(partial(deliveries.list_all, state=DeliveryState.SEALED))
    assert [second.delivery] == [one.id for one in sealed]
    none = partial(deliveries.list_all, issue=first.issue, state=DeliveryState.SEALED)
    assert () == store.read(none)
    counted = store.read(deliveries.counts)
    assert set(DeliveryState) == set(counted)
    assert {DeliveryState.PENDING: 1, DeliveryState.SEALED: 1} == {
        state: number for state, number in counted.items() if number
    }


def test_a_start_up_alone_makes_claimed_deliveries_due(store: Store) -> None:
    sent = store.write(samples.sealed)
    claim(store)
    assert 1 == store.write(deliveries.release_leases)
    assert [(sent.delivery, 2)] == [(one.id, one.attempts) for one in claim(store, token=OTHER)]
    assert record(store, sent.delivery, DELIVERED, token=TOKEN) is None


def test_a_delivery_to_a_correspondent_says_to_whom(store: Store) -> None:
    """Also when it goes in clear, with neither key packets nor fingerprints."""

    def make(tx: Tx) -> tuple[RowId, RowId]:
        whom = samples.correspondent(tx)
        letter = letters.add(tx, samples.new_letter(whom.issue), now=NOW)
        delivery = deliveries.add(
            tx,
            letter=letter,
            issue=whom.issue,
            recipient=whom.address,
            name="reporter",
            due_at=NOW,
            now=NOW,
            correspondent=whom.id,
        )
        return whom.id, delivery

    whom, delivery = store.write(make)
    assert whom == row(store, delivery).correspondent
    store.write(
        lambda tx: copies.seal_all(
            tx, [Copy(delivery=delivery, key_packets=b"", fingerprints=())], now=NOW
        )
    )
    assert (DeliveryState.SEALED, ()) == (
        row(store, delivery).state,
        row(store, delivery).fingerprints,
    )
    (claimed,) = claim(store)
    assert (whom, b"", (), False) == (
        claimed.correspondent,
        claimed.key_packets,
        claimed.fingerprints,
        claimed.own,
    )
    assert DeliveryState.DELIVERED is record(store, delivery, DELIVERED)


def test_a_delivery_to_a_correspondent_needs_one(store: Store) -> None:
    sent = store.write(samples.pending)
    with pytest.raises(OurFault):
        store.write(
            lambda tx: deliveries.add(
                tx,
                letter=sent.letter,
                issue=sent.issue,
                recipient=BOB,
                name="Bob",
                due_at=NOW,
                now=NOW,
                correspondent=RowId(bytes(16)),
            )
        )
