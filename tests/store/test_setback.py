"""A database that was set back is stopped: frozen, nothing goes out again, numbers go on above."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import delete, update

from gatekeeper.domain.delivery import FINAL, Attempt, DeliveryState, Outcome
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import IssueId, RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.store import (
    audit,
    copies,
    deliveries,
    frozen,
    letters,
    numbers,
    products,
    setback,
    withheld,
    witness,
)
from gatekeeper.store.chain import Head
from gatekeeper.store.engine import Store
from gatekeeper.store.frozen import Freeze
from gatekeeper.store.products import ProductRow
from gatekeeper.store.tables import events, meta
from gatekeeper.store.tx import Tx
from gatekeeper.store.witness import Witness
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN
from tests.store.test_heads import append, execute

SEEN = Witness(
    era=0,
    head=Head(seq=100, digest=b"d" * 32),
    numbers=(IssueId(prefix="SEC", year=2026, number=40),),
)


def stop(tx: Tx, *, seen: Witness | None = SEEN, now: Instant = NOW, skip: int = 0) -> bool:
    """Stop the database."""
    return setback.stop(tx, reason="it was set back.", now=now, witness=seen, skip=skip)


def test_it_is_frozen_with_what_was_seen_and_recorded(store: Store) -> None:
    store.write(samples.issue)
    last = store.write(append)
    assert store.write(stop)
    found = store.read(frozen.of)
    assert found is not None
    assert ("it was set back.", NOW, last, (SEEN.head,), 0, SEEN.numbers) == (
        found.reason,
        found.since,
        found.head,
        found.witnesses,
        found.held,
        found.numbers,
    )
    assert "database.frozen" == store.read(audit.listed)[-1].kind
    assert 41 == store.write(samples.issue).issue_id.number
    assert () == store.read(audit.verify)


def frozen_now(store: Store) -> Freeze:
    """Return the freeze that is in force."""
    found = store.read(frozen.of)
    assert found is not None
    return found


def test_a_second_host_freezes_it_anew_once_and_both_stay_known(store: Store) -> None:
    store.write(samples.issue)
    store.write(stop)
    first = frozen_now(store)
    later_head = Head(seq=101, digest=b"e" * 32)
    other = Witness(era=0, head=later_head, numbers=(IssueId(prefix="SEC", year=2026, number=44),))
    assert store.write(partial(stop, seen=other, now=later(NOW, 9)))
    second = frozen_now(store)
    for seen in (SEEN, other):
        assert not store.write(partial(stop, seen=seen, now=later(NOW, 10)))
    assert second == frozen_now(store)
    assert first.nonce != second.nonce
    assert (later(NOW, 9), (SEEN.head, later_head)) == (second.since, second.witnesses)
    assert other.numbers == second.numbers
    assert 45 == store.write(samples.issue).issue_id.number
    kinds = [event.kind for event in store.read(audit.listed)]
    assert ["database.frozen", "database.frozen"] == kinds


def test_a_copy_that_was_made_while_it_was_frozen_is_frozen_anew(store: Store) -> None:
    """Nobody knows what was thawed and sent since; as a restore does it, without a witness."""
    store.write(samples.issue)
    store.write(partial(stop, skip=100))
    first = frozen_now(store)
    store.write(samples.pending)
    store.write(samples.issue)
    assert store.write(partial(stop, seen=None, now=later(NOW, 9), skip=100))
    second = frozen_now(store)
    assert (0, 1) == (first.held, second.held)
    assert first.nonce != second.nonce
    assert later(NOW, 9) == second.since
    (row,) = store.read(deliveries.list_all)
    assert DeliveryState.BLOCKED == row.state
    highest = first.numbers[0].number + 2
    assert (IssueId(prefix="SEC", year=2026, number=highest + 100),) == second.numbers
    assert second.numbers == store.read(numbers.highest)


def test_numbers_skip_where_nobody_knows_how_far_they_went(store: Store) -> None:
    store.write(samples.issue)
    store.write(partial(stop, seen=None, skip=100))
    assert (IssueId(prefix="SEC", year=2026, number=101),) == store.read(numbers.highest)


def test_numbers_skip_also_in_a_year_of_which_none_is_known(store: Store) -> None:
    """A copy of December that is restored in January: the year's first ones may be given out."""
    store.write(samples.issue)
    january = Instant(NOW + 120 * DAY)
    store.write(partial(stop, seen=None, now=january, skip=100))
    assert (number(1), number(100, year=2027)) == store.read(numbers.highest)


def number(value: int, *, year: int = 2026, prefix: str = "SEC") -> IssueId:
    """Return an issue number."""
    return IssueId(prefix=prefix, year=year, number=value)


@pytest.mark.parametrize("before", [None, "OLD"], ids=["lost", "older"])
def test_numbers_of_a_product_that_the_copy_does_not_know_are_not_given_out_again(
    before: str | None, store: Store
) -> None:
    """A database that is lost has none yet; an older copy has it by its prefix of then."""
    if before is not None:
        row = ProductRow(key="default", issue_prefix=before)
        store.write(lambda tx: products.ensure(tx, row, now=NOW))
    assert store.write(stop)
    assert (number(40),) == frozen_now(store).numbers
    assert (number(40),) == store.read(witness.seen).numbers
    other = Witness(era=0, head=Head(seq=101, digest=b"e" * 32), numbers=(number(3, year=2027),))
    assert store.write(partial(stop, seen=other))
    assert (number(40), number(3, year=2027)) == frozen_now(store).numbers
    assert 41 == store.write(samples.issue).issue_id.number
    store.write(frozen.thaw)
    assert 42 == store.write(samples.issue).issue_id.number


def claimed(tx: Tx) -> RowId:
    """Return a delivery that somebody holds."""
    sent = samples.sealed(tx)
    deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1, letter=sent.letter)
    return sent.delivery


def attempted(outcome: Outcome) -> Callable[[Tx], RowId]:
    """Return how to make a delivery that was tried once."""

    def make(tx: Tx) -> RowId:
        delivery = claimed(tx)
        said = Attempt(outcome=outcome, reply="said so")
        samples.record(tx, delivery=delivery, token=TOKEN, attempt=said, now=NOW)
        return delivery

    return make


def blocked(tx: Tx) -> RowId:
    """Return a delivery that is blocked for want of a key."""
    delivery = samples.pending(tx).delivery
    deliveries.blocked(tx, delivery=delivery, reason="no key", now=NOW)
    return delivery


MAKERS: dict[DeliveryState, Callable[[Tx], RowId]] = {
    DeliveryState.PENDING: lambda tx: samples.pending(tx).delivery,
    DeliveryState.SEALED: lambda tx: samples.sealed(tx).delivery,
    DeliveryState.CLAIMED: claimed,
    DeliveryState.DEFERRED: attempted(Outcome.NOT_NOW),
    DeliveryState.IN_DOUBT: attempted(Outcome.IN_DOUBT),
    DeliveryState.DELIVERED: attempted(Outcome.DELIVERED),
    DeliveryState.FAILED: attempted(Outcome.REFUSED),
    DeliveryState.BLOCKED: blocked,
}


@pytest.mark.parametrize("state", DeliveryState)
def test_whatever_has_not_ended_is_withheld_until_a_person_tries_it_again(
    state: DeliveryState, store: Store
) -> None:
    row = store.write(MAKERS[state])
    before = store.read(lambda tx: deliveries.get(tx, row))
    store.write(stop)
    after = store.read(lambda tx: deliveries.get(tx, row))
    assert before is not None
    assert after is not None
    assert state is before.state
    if state in FINAL:
        assert before == after
        return
    assert (DeliveryState.BLOCKED, withheld.REASON, ()) == (
        after.state,
        after.reason,
        after.fingerprints,
    )
    found = store.read(frozen.of)
    assert found is not None
    assert 1 == found.held
    claim = partial(deliveries.claim, now=later(NOW, LEASE), lease=LEASE, token=TOKEN, limit=9)
    assert () == store.write(claim)
    with pytest.raises(Refusal, match="is frozen") as caught:
        store.write(lambda tx: deliveries.retry(tx, delivery=row, now=NOW))
    assert "gatekeeper audit frozen" in caught.value.remedy
    assert after == store.read(lambda tx: deliveries.get(tx, row))
    store.write(frozen.thaw)
    store.write(lambda tx: deliveries.retry(tx, delivery=row, now=NOW))
    again = store.read(lambda tx: deliveries.get(tx, row))
    assert again is not None
    assert DeliveryState.PENDING is again.state


def test_who_holds_a_delivery_cannot_record_it_any_more(store: Store) -> None:
    row = store.write(claimed)
    store.write(stop)
    said = Attempt(outcome=Outcome.DELIVERED, reply="250 ok")
    record = partial(samples.record, delivery=row, token=TOKEN, attempt=said, now=NOW)
    assert store.write(record) is None


def test_a_packet_of_its_own_is_forgotten(store: Store) -> None:
    def own(tx: Tx) -> RowId:
        delivery = samples.pending(tx).delivery
        samples.seal(tx, delivery, own_packet=b"packet")
        return delivery

    row = store.write(own)
    store.write(stop)
    store.write(frozen.thaw)
    store.write(lambda tx: deliveries.retry(tx, delivery=row, now=NOW))
    store.write(lambda tx: samples.seal(tx, row, own_packet=b"another"))
    assert b"another" == store.read(lambda tx: copies.own_packet(tx, row))


def answer(tx: Tx, *, received: Instant, written: Instant) -> RowId:
    """Return a pending delivery of a letter about a message."""
    message = samples.message(tx, raw=str(received).encode(), now=received)
    issue = samples.issue(tx)
    new = replace(samples.new_letter(issue.id), message=message)
    letter = letters.add(tx, new, now=written)
    return deliveries.add(
        tx,
        letter=letter,
        issue=issue.id,
        recipient=samples.ALICE,
        name="Alice",
        due_at=written,
        now=written,
    )


def test_answers_to_mail_of_before_that_was_handled_again_are_withheld(store: Store) -> None:
    """And nothing else: neither answers to new mail nor what a person tries again."""
    since = later(NOW, 100)
    retried = store.write(partial(answer, received=NOW, written=NOW))
    again = store.write(partial(answer, received=later(NOW, 1), written=later(NOW, 200)))
    new = store.write(partial(answer, received=later(NOW, 150), written=later(NOW, 200)))
    assert 1 == store.write(lambda tx: withheld.withhold_answers(tx, since=since, now=since))
    states = {row.id: row.state for row in store.read(deliveries.list_all)}
    pending, held = DeliveryState.PENDING, DeliveryState.BLOCKED
    assert {retried: pending, again: held, new: pending} == states


def test_a_log_too_broken_to_append_to_is_frozen_all_the_same(store: Store) -> None:
    store.write(lambda tx: append(tx, 3))
    head = update(meta).where(meta.c.name == "chain head").values(value=b"nonsense")
    execute(store, delete(events).where(events.c.seq < 3), head)
    assert store.write(stop)
    assert store.read(frozen.of) is not None


def test_thawed_it_is_frozen_no_more_and_may_be_again(store: Store) -> None:
    store.write(partial(frozen.freeze, reason="first.", now=NOW))
    store.write(partial(frozen.freeze, reason="second.", now=later(NOW, 1)))
    assert ("second.", later(NOW, 1)) == (frozen_now(store).reason, frozen_now(store).since)
    store.write(frozen.thaw)
    store.write(frozen.thaw)
    assert store.read(frozen.of) is None
    assert store.write(stop)
    assert 1 == store.read(witness.seen).era
