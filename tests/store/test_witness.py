"""What a host saw last: a database that was set back since is told from one that went on."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from gatekeeper.domain.identity import IssueId
from gatekeeper.store import audit, eras, numbers, witness
from gatekeeper.store.chain import Head
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec, MasterKey
from gatekeeper.store.tables import counters
from gatekeeper.store.tx import Tx
from gatekeeper.store.witness import Forged, Witness
from tests.store import samples
from tests.store.samples import NOW
from tests.store.test_heads import append, execute, put_back, rewritten, snapshot


def number(value: int, *, year: int = 2026, prefix: str = "SEC") -> IssueId:
    """Return an issue number."""
    return IssueId(prefix=prefix, year=year, number=value)


def test_what_was_seen_comes_back_from_its_file(store: Store, codec: Codec) -> None:
    store.write(lambda tx: append(tx, 3))
    store.write(samples.issue)
    found = store.read(witness.seen)
    assert (0, store.read(audit.head), (number(1),)) == (found.era, found.head, found.numbers)
    assert found == witness.load(codec, witness.dump(codec, found))


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda raw: raw[:-3],
        lambda raw: raw.replace(b'"seq":1', b'"seq":2'),
        lambda raw: raw.partition(b"\n")[0] + b"\n",
        lambda _: b"not one\nat all\n",
    ],
)
def test_a_changed_witness_is_forged(
    change: Callable[[bytes], bytes], store: Store, codec: Codec
) -> None:
    store.write(append)
    raw = witness.dump(codec, store.read(witness.seen))
    with pytest.raises(Forged):
        witness.load(codec, change(raw))
    with pytest.raises(Forged):
        witness.load(Codec(MasterKey.generate()), raw)


def said(store: Store, found: Witness) -> str:
    """Return how the database is behind a witness."""
    return store.read(lambda tx: witness.setback(tx, found))


def test_a_witness_that_is_behind_is_harmless(store: Store) -> None:
    store.write(lambda tx: append(tx, 3))
    found = store.read(witness.seen)
    assert "" == said(store, found)
    store.write(lambda tx: append(tx, 3))
    store.write(samples.issue)
    assert "" == said(store, found)


def test_a_database_set_back_is_told_also_when_it_went_on(store: Store) -> None:
    store.write(lambda tx: append(tx, 3))
    kept = store.read(snapshot)
    store.write(lambda tx: append(tx, 2))
    found = store.read(witness.seen)
    store.write(lambda tx: put_back(tx, kept))
    assert "entries 4 to 5 are missing" in said(store, found)
    store.write(lambda tx: append(tx, 9))
    assert "entry 5, which this host has seen" in said(store, found)


def test_a_log_written_anew_is_told(store: Store) -> None:
    store.write(lambda tx: append(tx, 3))
    found = store.read(witness.seen)
    store.write(lambda tx: rewritten(tx, "something else"))
    assert "entry 3" in said(store, found)


def test_numbers_that_fell_back_are_told(store: Store) -> None:
    store.write(lambda tx: [samples.issue(tx) for _ in range(3)])
    found = store.read(witness.seen)
    execute(store, update(counters).values(value=2))
    assert "SEC-2026-0003 had been given out" in said(store, found)


def test_after_a_freeze_witnesses_of_before_count_no_more_up_to_what_it_was_frozen_for(
    store: Store,
) -> None:
    store.write(lambda tx: append(tx, 3))
    kept = store.read(snapshot)
    store.write(lambda tx: append(tx, 5))
    eighth = store.read(witness.seen)
    store.write(append)
    ninth = store.read(witness.seen)
    store.write(lambda tx: put_back(tx, kept))

    def begun(tx: Tx) -> None:
        eras.begin(tx, since=NOW, gone=8)
        append(tx, 2)

    store.write(begun)
    assert "" == said(store, eighth)
    assert "entries 6 to 9 are missing" in said(store, ninth), "nobody was shown that one"
    new = store.read(witness.seen)
    assert 1 == new.era
    store.write(lambda tx: put_back(tx, kept))
    assert said(store, new), "the new era's witnesses count from its beginning"


def test_a_witness_of_a_later_era_says_that_the_freeze_is_gone(store: Store) -> None:
    found = Witness(era=1, head=Head(seq=0, digest=audit.EMPTY.digest), numbers=())
    assert "newer state" in said(store, found)


def test_numbers_are_raised_and_never_lowered(store: Store) -> None:
    store.write(samples.product)

    def raised(*wanted: IssueId) -> tuple[IssueId, ...]:
        store.write(lambda tx: numbers.raise_to(tx, wanted))
        return store.read(numbers.highest)

    assert (number(7), number(2, year=2027)) == raised(number(7), number(2, year=2027))
    assert (number(7), number(2, year=2027)) == raised(number(3), number(9, prefix="OTHER"))
    assert number(8) == store.write(lambda tx: samples.issue(tx, now=NOW)).issue_id
