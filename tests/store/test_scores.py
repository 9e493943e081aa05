"""Scores are kept for each mailbox, once, and what got through since is found."""

from functools import partial

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.bounces import Score
from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.store import deliveries, letters, scores
from gatekeeper.store.engine import Store
from gatekeeper.store.scores import ScoreRow
from gatekeeper.store.tx import Tx
from tests.store.samples import ALICE, BOB, LEASE, NOW, TOKEN, new_letter, record, seal

SCORE = Score(points=2, counted_at=NOW)


def put(store: Store, recipient: Address, score: Score) -> None:
    store.write(lambda tx: scores.put(tx, recipient=recipient, score=score, now=NOW))


def test_a_score_is_its_mailboxs(store: Store) -> None:
    assert store.read(lambda tx: scores.get(tx, ALICE)) is None
    put(store, ALICE, SCORE)
    shouted = Address.parse("ALICE@Team.Example")
    assert SCORE == store.read(lambda tx: scores.get(tx, shouted))
    assert store.read(lambda tx: scores.get(tx, BOB)) is None


def test_a_score_takes_the_place_of_the_one_of_before(store: Store) -> None:
    put(store, ALICE, SCORE)
    more = Score(points=6, counted_at=later(NOW, DAY), suspended_at=later(NOW, DAY))
    put(store, ALICE, more)
    put(store, BOB, SCORE)
    expected = (ScoreRow(recipient=ALICE, score=more), ScoreRow(recipient=BOB, score=SCORE))
    assert expected == store.read(scores.list_all)


def test_scores_are_dropped_and_forgotten(store: Store) -> None:
    put(store, ALICE, SCORE)
    put(store, BOB, Score(points=1, counted_at=later(NOW, DAY)))
    assert 1 == store.write(lambda tx: scores.forget(tx, before=later(NOW, 1)))
    assert [False, True] == [
        store.write(partial(scores.drop, recipient=each)) for each in (ALICE, BOB)
    ]
    assert () == store.read(scores.list_all)


def delivered(tx: Tx, *, at: Instant, outcome: Outcome = Outcome.DELIVERED) -> RowId:
    letter = letters.add(tx, new_letter(None), now=at)
    row = deliveries.add(
        tx, letter=letter, issue=None, recipient=ALICE, name="Alice", due_at=at, now=at
    )
    seal(tx, row)
    deliveries.claim(tx, now=at, lease=LEASE, token=TOKEN, limit=1)
    attempt = Attempt(outcome=outcome, reply="250 taken")
    record(tx, delivery=row, token=TOKEN, attempt=attempt, now=at)
    return row


def arrived(store: Store, *, settled: Instant) -> bool:
    return store.read(lambda tx: scores.arrived(tx, recipient=ALICE, since=NOW, settled=settled))


@pytest.mark.parametrize(
    ("at", "outcome", "settled", "expected"),
    [
        (later(NOW, 1), Outcome.DELIVERED, later(NOW, 1), True),
        (NOW, Outcome.DELIVERED, later(NOW, DAY), False),
        (later(NOW, 1), Outcome.REFUSED, later(NOW, DAY), False),
        (later(NOW, DAY), Outcome.DELIVERED, later(NOW, DAY - 1), False),
    ],
    ids=["got there", "before the bounce", "refused", "may still come back"],
)
def test_what_got_there_was_taken_after_the_bounce_and_a_while_ago(
    store: Store, at: Instant, outcome: Outcome, settled: Instant, expected: bool
) -> None:
    store.write(partial(delivered, at=at, outcome=outcome))
    assert expected is arrived(store, settled=settled)


def test_what_came_back_did_not_get_there(store: Store) -> None:
    at = later(NOW, 1)
    row = store.write(partial(delivered, at=at))
    assert arrived(store, settled=at)
    store.write(
        lambda tx: deliveries.returned(tx, delivery=row, report={}, permanent=False, now=at)
    )
    assert not arrived(store, settled=at)
