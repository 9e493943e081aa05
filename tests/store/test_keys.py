"""Row ids and look-up keys."""

from dataclasses import replace

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import row_id
from gatekeeper.domain.report import Envelope
from gatekeeper.store import keys
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.store.samples import ALIAS, ALICE, BOB, ENVELOPE, FINGERPRINT


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
    turned = replace(ENVELOPE, recipients=(ALICE, ALIAS, ALICE), peer="192.0.2.9", tls="")
    bounce = replace(ENVELOPE, sender=None)
    assert 1 == arrivals(store, twice, turned)
    assert 4 == arrivals(store, ENVELOPE, twice, bounce, replace(ENVELOPE, sender=BOB))
    assert not store.read(
        lambda tx: keys.of_arrival(tx, b"a", ENVELOPE) == keys.of_arrival(tx, b"b", ENVELOPE)
    )


def test_keys_are_found_however_they_are_written(store: Store) -> None:
    spaced = " ".join(FINGERPRINT[at : at + 4] for at in range(0, 40, 4)).lower()
    assert store.read(
        lambda tx: keys.of_fingerprint(tx, spaced) == keys.of_fingerprint(tx, FINGERPRINT)
    )
    assert store.read(
        lambda tx: keys.of_key_id(tx, "abcdef0123456789") == keys.of_key_id(tx, "ABCDEF0123456789")
    )


def test_one_value_has_another_look_up_for_each_purpose(store: Store) -> None:
    """So that a stolen database does not even tell that two columns hold the same."""

    def made(tx: Tx) -> list[bytes]:
        text, raw = "<a@example.org>", b"<a@example.org>"
        return [
            keys.of_message_id(tx, text),
            keys.of_thread(tx, text),
            keys.of_ciphertext(tx, raw),
            keys.of_fingerprint(tx, text),
            keys.of_key_id(tx, text),
            keys.of_effect(tx, raw),
            keys.of_signed(tx, raw),
        ]

    found = store.read(made)
    assert 7 == len(found) == len(set(found))
    assert {32} == {len(one) for one in found}
