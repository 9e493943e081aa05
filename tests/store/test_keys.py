"""Row ids and look-up keys."""

from dataclasses import replace

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import row_id
from gatekeeper.domain.report import Envelope
from gatekeeper.store import keys
from gatekeeper.store.engine import Store
from tests.store.samples import ALIAS, ALICE, BOB, ENVELOPE


@pytest.fixture
def dialect() -> str:
    """One database is enough for what never reaches it."""
    return "sqlite"


def test_ids_are_rows_and_do_not_repeat() -> None:
    made = {keys.new_id() for _ in range(1000)}
    assert 1000 == len(made)
    assert all(row_id(value) == value for value in made)


def test_spellings_of_one_mailbox_are_one(store: Store) -> None:
    one, other = Address.parse("Bob@Team.EXAMPLE"), BOB
    assert store.read(lambda tx: keys.of_address(tx, one) == keys.of_address(tx, other))
    assert not store.read(lambda tx: keys.of_address(tx, ALICE) == keys.of_address(tx, BOB))


def test_message_ids_are_compared_exactly(store: Store) -> None:
    assert not store.read(
        lambda tx: keys.of_message_id(tx, "<A@x>") == keys.of_message_id(tx, "<a@x>")
    )


def arrivals(store: Store, *envelopes: Envelope) -> int:
    """Count how many different arrivals these are of the same bytes."""
    return store.read(lambda tx: len({keys.of_arrival(tx, b"raw", found) for found in envelopes}))


def test_an_arrival_is_bytes_sender_and_recipients(store: Store) -> None:
    twice = replace(ENVELOPE, recipients=(ALIAS, ALICE))
    turned = replace(ENVELOPE, recipients=(ALICE, ALIAS, ALICE), peer="192.0.2.9", tls=False)
    bounce = replace(ENVELOPE, sender=None)
    assert 1 == arrivals(store, twice, turned)
    assert 4 == arrivals(store, ENVELOPE, twice, bounce, replace(ENVELOPE, sender=BOB))
    assert not store.read(
        lambda tx: keys.of_arrival(tx, b"a", ENVELOPE) == keys.of_arrival(tx, b"b", ENVELOPE)
    )
