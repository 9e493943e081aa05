"""What the team was told of late is found by its kind and time, in an issue or in none."""

from dataclasses import replace
from functools import partial

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store import letters, told
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import NOW

KIND = "member-returned"


def tell(tx: Tx, *, of: str, now: Instant, kind: str = KIND, issue: RowId | None = None) -> None:
    """Write a letter about somebody."""
    letter = replace(samples.new_letter(issue), kind=kind, summary={"of": of})
    letters.add(tx, letter, now=now)


def test_letters_of_a_kind_since_then_are_found_and_no_others(store: Store) -> None:
    issue = store.write(samples.issue).id
    store.write(partial(tell, of="long ago", now=later(NOW, -1)))
    store.write(partial(tell, of="just then", now=NOW))
    store.write(partial(tell, of="of late", now=later(NOW, 9)))
    store.write(partial(tell, of="another kind", now=NOW, kind="notice"))
    store.write(partial(tell, of="in an issue", now=NOW, issue=issue))
    found = store.read(partial(told.since, kind=KIND, at=NOW))
    assert {"just then", "of late"} == {each["of"] for each in found}
    found = store.read(partial(told.since, kind=KIND, at=NOW, issue=issue))
    assert ["in an issue"] == [each["of"] for each in found]


def test_two_lines_of_one_transaction_may_both_tell(store: Store) -> None:
    """The lock is the transaction's: whoever holds it may take it again."""

    def twice(tx: Tx) -> bool:
        told.lock(tx)
        told.lock(tx)
        return True

    assert store.write(twice)
