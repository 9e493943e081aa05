"""The event log: entries appended together are the chain that they would be one by one."""

from gatekeeper.domain.identity import RowId
from gatekeeper.store import audit
from gatekeeper.store.audit import Entry
from gatekeeper.store.engine import Store
from tests.store.samples import NOW

ISSUE = RowId(b"i" * 16)


def entry(number: int) -> Entry:
    """Return an entry about the issue."""
    return Entry(kind="seen", actor="Alice ÿ", payload={"number": number}, issue=ISSUE)


def test_entries_appended_together_follow_each_other(store: Store) -> None:
    first = store.write(lambda tx: audit.append_all(tx, [entry(1)], now=NOW))
    last = store.write(lambda tx: audit.append_all(tx, [entry(2), entry(3)], now=NOW))
    assert (1, 3) == (first.seq, last.seq)
    assert last == store.read(audit.head)
    assert () == store.read(audit.verify)
    rows = store.read(lambda tx: audit.of_issue(tx, ISSUE))
    expected = [(1, {"number": 1}), (2, {"number": 2}), (3, {"number": 3})]
    assert expected == [(row.seq, row.payload) for row in rows]


def test_no_entries_move_no_head(store: Store) -> None:
    assert audit.EMPTY == store.write(lambda tx: audit.append_all(tx, (), now=NOW))
    assert () == store.read(audit.verify)
