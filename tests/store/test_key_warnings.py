"""What was told of a key that ends is known, of each end and in each issue by itself."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from gatekeeper.domain.expiry import Stage
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, later
from gatekeeper.store import key_warnings
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.store.samples import FINGERPRINT, NOW, OTHER_FINGERPRINT

ISSUE = RowId(b"the first issue.")
END = later(NOW, 7 * DAY)


def note(tx: Tx, stage: Stage = Stage.SEVEN_DAYS, *, issue: RowId | None = None) -> bool:
    return key_warnings.note(
        tx, fingerprint=FINGERPRINT, ends_at=END, stage=stage, issue=issue, now=NOW
    )


def told(store: Store, *, issue: RowId | None = None) -> frozenset[Stage]:
    return store.read(
        lambda tx: key_warnings.told(tx, fingerprint=FINGERPRINT, ends_at=END, issue=issue)
    )


def test_a_stage_is_noted_once(store: Store) -> None:
    assert frozenset() == told(store)
    assert [True, False] == [store.write(note), store.write(note)]
    assert store.write(partial(note, stage=Stage.ENDED))
    assert {Stage.SEVEN_DAYS, Stage.ENDED} == told(store)


def test_another_key_another_end_and_another_issue_are_apart(store: Store) -> None:
    store.write(note)
    for fingerprint, end in ((OTHER_FINGERPRINT, END), (FINGERPRINT, later(END, DAY))):
        look = partial(key_warnings.told, fingerprint=fingerprint, ends_at=end)
        assert frozenset() == store.read(look)
    assert frozenset() == told(store, issue=ISSUE)
    assert store.write(partial(note, issue=ISSUE))
    assert {Stage.SEVEN_DAYS} == told(store, issue=ISSUE)


def test_a_transaction_that_fails_has_told_nothing(store: Store) -> None:
    class Died(BaseException):
        """The end of the process before the commit."""

    def dying(tx: Tx) -> None:
        assert note(tx)
        raise Died

    with pytest.raises(Died):
        store.write(dying)
    assert store.write(note)


def test_of_two_that_look_at_once_one_tells(store: Store) -> None:
    def look(_: int) -> bool:
        def write(tx: Tx) -> bool:
            key_warnings.lock(tx)
            new = not key_warnings.told(tx, fingerprint=FINGERPRINT, ends_at=END)
            return new and note(tx)

        return store.write(write)

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert [False] * 7 + [True] == sorted(pool.map(look, range(8)))


def test_only_a_fingerprint_is_taken(store: Store) -> None:
    with pytest.raises(ValueError, match="40 hexadecimal digits"):
        store.read(lambda tx: key_warnings.told(tx, fingerprint="AB", ends_at=END))
