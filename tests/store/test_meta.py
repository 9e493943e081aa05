"""The sealed single values."""

from functools import partial

import pytest
from sqlalchemy import delete, update

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.store import meta
from gatekeeper.store.engine import Store
from gatekeeper.store.tables import meta as table
from tests.store.samples import FINGERPRINT, OTHER_FINGERPRINT


def test_the_head_of_the_chain_moves(store: Store) -> None:
    assert 40 == len(store.read(lambda tx: meta.chain_head(tx, lock=False)))
    store.write(lambda tx: meta.move_chain_head(tx, b"next"))
    assert b"next" == store.write(lambda tx: meta.chain_head(tx, lock=True))


def test_a_value_of_another_name_does_not_open(store: Store) -> None:
    def swap(head: bytes) -> None:
        statement = update(table).where(table.c.name == meta.CHAIN_HEAD).values(value=head)
        store.write(lambda tx: tx.connection.execute(statement).close())

    query = table.select().where(table.c.name != meta.CHAIN_HEAD)
    swap(store.read(lambda tx: tx.connection.execute(query).one().value))
    with pytest.raises(OurFault, match=r"meta\.value does not open"):
        store.read(lambda tx: meta.chain_head(tx, lock=False))


def test_missing_values_are_told(store: Store) -> None:
    store.write(lambda tx: tx.connection.execute(delete(table)).close())
    with pytest.raises(OurFault, match="the head of the event log is missing"):
        store.read(lambda tx: meta.chain_head(tx, lock=False))
    with pytest.raises(Misconfigured, match="not set up"):
        store.read(meta.require_key)


def test_the_keys_of_the_alias_are_kept_the_present_one_first(store: Store) -> None:
    assert () == store.read(lambda tx: meta.alias_keys(tx, lock=False))
    for kept in ((FINGERPRINT,), (OTHER_FINGERPRINT, FINGERPRINT)):
        store.write(partial(meta.note_alias_keys, fingerprints=kept))
        assert kept == store.write(lambda tx: meta.alias_keys(tx, lock=True))


def test_a_key_is_noted_by_its_fingerprint_only(store: Store) -> None:
    with pytest.raises(ValueError, match="40 hexadecimal digits"):
        store.write(lambda tx: meta.note_alias_keys(tx, ["AB"]))
