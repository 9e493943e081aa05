"""Issues: ids without gaps, found by id and row, changed only from the latest version."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import IssueId, RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.domain.report import Kind
from gatekeeper.store import issues, messages, products
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.products import ProductRow
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN

NEW_YEAR = Instant(1_798_761_600 * SECOND)
"""2027-01-01T00:00:00Z."""


def test_an_issue_comes_back_as_it_was_opened(store: Store) -> None:
    opened = store.write(samples.issue)
    assert IssueId(prefix="SEC", year=2026, number=1) == opened.issue_id
    assert ("Overflow in the parser", "Rae Porter <reporter@example.org>") == (
        opened.subject,
        opened.reporter,
    )
    assert ("reported", 1, NOW, NOW, 0) == (
        opened.state,
        opened.version,
        opened.opened_at,
        opened.updated_at,
        opened.message_count,
    )
    assert opened == store.read(lambda tx: issues.by_row(tx, opened.id))
    assert opened == store.read(lambda tx: issues.get(tx, opened.issue_id))
    assert (opened,) == store.read(issues.list_all)


def test_numbers_begin_anew_each_utc_year(store: Store) -> None:
    moments = [NOW, later(NEW_YEAR, -1), NEW_YEAR, later(NEW_YEAR, 1), NOW]
    opened = [store.write(partial(samples.issue, now=now)) for now in moments]
    expected = ["SEC-2026-0001", "SEC-2026-0002", "SEC-2027-0001", "SEC-2027-0002", "SEC-2026-0003"]
    assert expected == [str(row.issue_id) for row in opened]
    listed = store.read(issues.list_all)
    assert sorted(expected) == [str(row.issue_id) for row in listed]


def test_products_count_for_themselves(store: Store) -> None:
    def open_other(tx: Tx) -> IssueId:
        other = products.ensure(tx, ProductRow(key="other", issue_prefix="OTH"), now=NOW)
        return issues.open_issue(
            tx, product=other, prefix="OTH", tag="t", subject="", reporter="", now=NOW
        ).issue_id

    store.write(samples.issue)
    assert IssueId(prefix="OTH", year=2026, number=1) == store.write(open_other)


class Interrupted(Exception):
    """Something that goes wrong after a number was taken."""


def test_numbers_have_no_gaps_when_many_open_and_some_fail(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    """Eight threads on two hosts, every third transaction rolled back after its number."""
    store.write(samples.product)
    hosts = [store, Store.open(migrated_url, codec)]

    def open_one(number: int) -> int | None:
        def work(tx: Tx) -> int:
            opened = samples.issue(tx)
            if number % 3 == 0:
                raise Interrupted
            return opened.issue_id.number

        try:
            return hosts[number % 2].write(work)
        except Interrupted:
            return None

    with ThreadPoolExecutor(max_workers=8) as pool:
        numbers = [number for number in pool.map(open_one, range(48), timeout=60) if number]
    hosts[1].close()
    assert list(range(1, 33)) == sorted(numbers)


def test_a_tag_is_used_once(store: Store) -> None:
    def twice(tx: Tx) -> None:
        for _ in range(2):
            issues.open_issue(
                tx,
                product=samples.product(tx),
                prefix="SEC",
                tag="same",
                subject="",
                reporter="",
                now=NOW,
            )

    with pytest.raises(OurFault):
        store.write(twice)
    assert () == store.read(issues.list_all)


def test_only_who_saw_the_latest_version_changes_an_issue(store: Store) -> None:
    opened = store.write(samples.issue).id
    moment = later(NOW, SECOND)
    store.write(lambda tx: issues.touch(tx, issue=opened, version=1, now=moment))
    with pytest.raises(Conflict, match="changed meanwhile"):
        store.write(lambda tx: issues.touch(tx, issue=opened, version=1, now=moment))
    changed = store.read(lambda tx: issues.by_row(tx, opened))
    assert (2, moment, NOW) == (changed.version, changed.updated_at, changed.opened_at)


def test_of_two_who_change_an_issue_at_once_one_is_told(store: Store) -> None:
    opened = store.write(samples.issue).id

    def touch(_number: int) -> bool:
        try:
            store.write(lambda tx: issues.touch(tx, issue=opened, version=1, now=NOW))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(max_workers=8) as pool:
        done = list(pool.map(touch, range(8), timeout=60))
    assert 1 == sum(done)


def test_messages_handled_into_an_issue_are_counted(store: Store) -> None:
    opened = store.write(samples.issue).id

    def handle_two(tx: Tx) -> None:
        samples.message(tx, raw=b"1")
        samples.message(tx, raw=b"2")
        samples.message(tx, raw=b"3")
        for held in messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=2):
            messages.finish(
                tx,
                message=held.id,
                token=TOKEN,
                kind=Kind.REPORT,
                issue=opened,
                summary={},
                message_id=None,
                now=NOW,
            )

    store.write(handle_two)
    assert 2 == store.read(lambda tx: issues.by_row(tx, opened)).message_count


def test_what_is_not_there(store: Store) -> None:
    nowhere = IssueId(prefix="SEC", year=2026, number=1)
    assert store.read(lambda tx: issues.get(tx, nowhere)) is None
    with pytest.raises(Conflict, match="no such issue"):
        store.read(lambda tx: issues.by_row(tx, RowId(bytes(16))))


def test_an_issue_is_taken_by_one_and_given_back(store: Store) -> None:
    """Whoever takes it last has it; the version stays, for nothing else depends on it."""
    opened = store.write(samples.issue)
    assert "" == opened.owner
    then = later(NOW, SECOND)
    for owner in ("Alice ÿ", "Bob", ""):
        store.write(partial(issues.set_owner, issue=opened.id, owner=owner, now=then))
        found = store.read(lambda tx: issues.by_row(tx, opened.id))
        assert (owner, then, opened.version) == (found.owner, found.updated_at, found.version)


def test_an_issue_that_is_not_there_has_no_owner(store: Store) -> None:
    with pytest.raises(Conflict, match="there is no such issue"):
        store.write(partial(issues.set_owner, issue=RowId(bytes(16)), owner="Alice", now=NOW))
