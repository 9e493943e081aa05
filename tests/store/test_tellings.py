"""What somebody outside was told, and what does not reach them once they are removed."""

from functools import partial

from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, later
from gatekeeper.store import correspondents, deliveries, letters, tellings, withheld
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import ALICE, BOB, LEASE, NOW, TOKEN


def letter_to(tx: Tx, whom: Correspondent, *, after: int = 0) -> RowId:
    """Return the delivery of a letter to a correspondent, written `after` seconds."""
    at = later(NOW, after * SECOND)
    letter = letters.add(tx, samples.new_letter(whom.issue), now=at)
    return deliveries.add(
        tx,
        letter=letter,
        issue=whom.issue,
        recipient=whom.address,
        name=whom.name,
        correspondent=whom.id,
        due_at=at,
        now=at,
    )


def deliver(tx: Tx, delivery: RowId) -> None:
    """Have the relay take a sealed delivery."""
    samples.seal(tx, delivery)
    deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    taken = Attempt(outcome=Outcome.DELIVERED, reply="250 taken")
    samples.record(tx, delivery=delivery, token=TOKEN, attempt=taken, now=later(NOW, SECOND))


def test_each_letter_is_listed_with_its_key_and_how_far_it_came(store: Store) -> None:
    whom, other = store.write(samples.correspondent), store.write(samples.correspondent)
    assert () == store.read(partial(tellings.of_correspondent, correspondent=whom.id))
    first = store.write(partial(letter_to, whom=whom))
    second = store.write(partial(letter_to, whom=whom, after=5))
    store.write(partial(letter_to, whom=other))
    store.write(partial(deliver, delivery=first))
    told = store.read(partial(tellings.of_correspondent, correspondent=whom.id))
    assert [first, second] == [one.delivery for one in told]
    assert ("copy", "Overflow", NOW, later(NOW, SECOND), DeliveryState.DELIVERED) == (
        told[0].kind,
        told[0].subject,
        told[0].written_at,
        told[0].at,
        told[0].state,
    )
    assert (("A" * 40,), False) == (told[0].fingerprints, told[0].came_back)
    assert (DeliveryState.PENDING, ()) == (told[1].state, told[1].fingerprints)


def test_what_waits_for_who_is_removed_is_blocked_and_nothing_else(store: Store) -> None:
    issue = store.write(samples.issue).id
    add = partial(samples.correspondent, issue_row=issue)
    whom = store.write(partial(add, name="upstream", address=ALICE))
    other = store.write(partial(add, name="vendor", address=BOB))
    done, waiting, sealed, theirs = (
        store.write(partial(letter_to, whom=each)) for each in (whom, whom, whom, other)
    )
    store.write(partial(deliver, delivery=done))
    store.write(partial(samples.seal, delivery=sealed))
    withhold = partial(withheld.withhold_to, correspondent=whom.id, now=NOW)
    assert [2, 0] == [store.write(withhold) for _ in range(2)]
    states = {one.id: (one.state, one.reason) for one in store.read(deliveries.list_all)}
    blocked = (DeliveryState.BLOCKED, withheld.REMOVED)
    assert {
        done: (DeliveryState.DELIVERED, ""),
        waiting: blocked,
        sealed: blocked,
        theirs: (DeliveryState.PENDING, ""),
    } == states


def test_who_takes_part_is_who_was_not_removed(store: Store) -> None:
    issue = store.write(samples.issue).id
    add = partial(samples.correspondent, issue_row=issue)
    first = store.write(partial(add, name="reporter", address=ALICE))
    second = store.write(partial(add, name="upstream", address=BOB))
    part = partial(correspondents.taking_part, issue=issue)
    assert {first, second} == set(store.read(part))
    store.write(partial(correspondents.remove, correspondent=second.id, now=NOW))
    assert (first,) == store.read(part)
