"""To whom automatic letters went of late is known, as the addresses were written."""

from dataclasses import replace
from functools import partial

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store import answered, deliveries, letters
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.store.samples import ALICE, BOB, NOW, REPORTER, new_letter


def write(tx: Tx, to: Address, *, at: Instant, automatic: bool = True) -> None:
    letter = letters.add(tx, replace(new_letter(None), automatic=automatic), now=at)
    deliveries.add(tx, letter=letter, issue=None, recipient=to, name="x", due_at=at, now=at)


def test_those_since_then_are_returned_one_for_each_letter(store: Store) -> None:
    for to, at, automatic in (
        (ALICE, NOW, True),
        (ALICE, later(NOW, 1), True),
        (REPORTER, later(NOW, -1), True),
        (BOB, NOW, False),
    ):
        store.write(partial(write, to=to, at=at, automatic=automatic))
    assert (ALICE, ALICE) == store.read(lambda tx: answered.recipients_since(tx, NOW))
