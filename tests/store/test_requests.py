"""Requests: asked for once, approved once by each person, closed once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.store import requests
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.requests import DONE, EXPIRED, REFUSED, WAITING, WITHDRAWN, Request
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import FINGERPRINT, NOW, OTHER_FINGERPRINT

EFFECT = bytes(range(32))
PAYLOAD: dict[str, object] = {"text": "Thank you.\nWe look into it ÿ", "files": [], "to": None}
NOWHERE = RowId(bytes(16))
WAIT = 30


def add(
    store: Store,
    *,
    effect: bytes = EFFECT,
    issue: RowId | None = None,
    now: Instant = NOW,
    needed: int = 2,
) -> RowId:
    """Ask for something, in an issue of its own unless one is given."""

    def ask(tx: Tx) -> RowId:
        return requests.add(
            tx,
            issue=issue or samples.issue(tx).id,
            kind="clear reply",
            effect=effect,
            payload=PAYLOAD,
            needed=needed,
            created_by="Alice",
            now=now,
        )

    return store.write(ask)


def approve(
    store: Store, request: RowId, person: str = FINGERPRINT, *, name: str = "Alice", at: int = 0
) -> int:
    """Approve, `at` seconds after NOW."""
    return store.write(
        lambda tx: requests.approve(
            tx, request=request, person=person, name=name, now=later(NOW, at * SECOND)
        )
    )


def close(store: Store, request: RowId, state: str = DONE) -> None:
    """Close a request."""
    store.write(lambda tx: requests.close(tx, request=request, state=state, now=NOW))


def found(store: Store, effect: bytes = EFFECT) -> Request:
    """Return the request with that effect."""
    request = store.read(lambda tx: requests.by_effect(tx, effect))
    assert request is not None
    return request


def test_a_request_comes_back_as_it_was_made(store: Store) -> None:
    made = add(store)
    request = found(store)
    assert (made, "clear reply", EFFECT, PAYLOAD, 2, WAITING, "Alice", NOW, ()) == (
        request.id,
        request.kind,
        request.effect,
        request.payload,
        request.needed,
        request.state,
        request.created_by,
        request.created_at,
        request.approved_by,
    )
    assert store.read(lambda tx: requests.by_effect(tx, EFFECT[:-1])) is None


def test_waiting_requests_are_listed_oldest_first_by_issue_if_wanted(store: Store) -> None:
    issue = store.write(samples.issue).id
    second = add(store, effect=b"2", issue=issue, now=later(NOW, SECOND))
    first = add(store, effect=b"1", issue=issue)
    elsewhere = add(store, effect=b"3", now=later(NOW, 2 * SECOND))
    closed = add(store, effect=b"4", issue=issue)
    close(store, closed)

    def listed(issue: RowId | None = None) -> list[RowId]:
        return [one.id for one in store.read(lambda tx: requests.waiting(tx, issue))]

    assert [first, second, elsewhere] == listed()
    assert [first, second] == listed(issue)
    assert [] == listed(NOWHERE)


def test_an_effect_is_asked_for_once_whatever_came_of_it(store: Store) -> None:
    made = add(store)
    with pytest.raises(Conflict, match="asked for before"):
        add(store)
    close(store, made, WITHDRAWN)
    with pytest.raises(Conflict, match="asked for before"):
        add(store)
    assert made == found(store).id


def test_each_person_counts_once(store: Store) -> None:
    made = add(store)
    spaced = " ".join(FINGERPRINT[at : at + 4] for at in range(0, 40, 4)).lower()
    assert 1 == approve(store, made)
    assert 1 == approve(store, made, name="Alice under another name", at=1)
    assert 1 == approve(store, made, spaced, at=2)
    assert 2 == approve(store, made, OTHER_FINGERPRINT, name="Bob", at=3)
    assert ("Alice", "Bob") == found(store).approved_by


def test_approvals_of_another_request_do_not_count(store: Store) -> None:
    one, other = add(store, effect=b"1"), add(store, effect=b"2")
    assert 1 == approve(store, one)
    assert 1 == approve(store, other, OTHER_FINGERPRINT, name="Bob")
    assert ("Alice",) == found(store, b"1").approved_by
    assert ("Bob",) == found(store, b"2").approved_by


@pytest.mark.parametrize("state", [DONE, WITHDRAWN, REFUSED, EXPIRED])
def test_what_is_closed_stays_closed(state: str, store: Store) -> None:
    made = add(store)
    approve(store, made)
    close(store, made, state)
    assert state == found(store).state
    for again in (
        partial(close, store, made, DONE),
        partial(close, store, made, WITHDRAWN),
        partial(approve, store, made, OTHER_FINGERPRINT),
    ):
        with pytest.raises(Conflict, match=f"the request is {state} already"):
            again()
    assert (state, ("Alice",)) == (found(store).state, found(store).approved_by)


@pytest.mark.parametrize("state", [WAITING, "", "approved"])
def test_a_request_ends_in_one_of_four_ways(state: str, store: Store) -> None:
    made = add(store)
    with pytest.raises(ValueError, match="does not end"):
        close(store, made, state)
    assert WAITING == found(store).state


def test_what_is_not_there_is_a_conflict(store: Store) -> None:
    for change in (partial(approve, store, NOWHERE), partial(close, store, NOWHERE)):
        with pytest.raises(Conflict, match="no such request"):
            change()


def test_a_request_needs_somebody_and_an_issue(store: Store) -> None:
    for wrong in (partial(add, store, needed=0), partial(add, store, issue=NOWHERE)):
        with pytest.raises(OurFault):
            wrong()


def test_a_request_that_was_refused_says_by_whom_and_why(store: Store) -> None:
    kept, other = add(store), add(store, effect=b"other")
    refuse = partial(requests.close, request=kept, state=REFUSED, by="Bob", why="Too early ÿ.")
    store.write(partial(refuse, now=later(NOW, SECOND)))
    close(store, other)
    request = found(store)
    assert (REFUSED, "Bob", "Too early ÿ.") == (request.state, request.ended_by, request.why)
    over = found(store, b"other")
    assert (DONE, "", "") == (over.state, over.ended_by, over.why)

    def ended(issue: RowId | None = None, *, at: int = 0) -> list[RowId]:
        since = later(NOW, at * SECOND)
        return [one.id for one in store.read(partial(requests.ended, since=since, issue=issue))]

    assert {kept, other} == set(ended())
    assert [kept] == ended(at=1)
    assert [kept] == ended(request.issue)


def test_a_request_of_no_issue_waits_until_its_time_is_over(store: Store) -> None:
    def ask(tx: Tx) -> RowId:
        return requests.add(
            tx,
            issue=None,
            kind="policy",
            effect=EFFECT,
            payload={},
            needed=2,
            created_by="Alice",
            now=NOW,
            expires_at=later(NOW, 9),
        )

    made = store.write(ask)
    add(store, effect=b"for ever")
    assert (None, later(NOW, 9)) == (found(store).issue, found(store).expires_at)
    assert 2 == len(store.read(requests.waiting))

    def over(at: int) -> list[RowId]:
        return [one.id for one in store.read(partial(requests.expired, now=later(NOW, at)))]

    assert [[], [made]] == [over(8), over(9)]
    close(store, made, EXPIRED)
    assert [] == over(9)


def test_who_is_suspended_approved_nothing_of_what_still_waits(store: Store) -> None:
    waits, done = add(store), add(store, effect=b"done")
    for request in (waits, done):
        approve(store, request)
        approve(store, request, OTHER_FINGERPRINT, name="Bob", at=1)
    close(store, done)
    void = partial(requests.void_approvals, persons=[FINGERPRINT.lower(), "nobody"])
    assert [1, 0] == [store.write(void), store.write(void)]
    assert (("Bob",), ("Alice", "Bob")) == (
        found(store).approved_by,
        found(store, b"done").approved_by,
    )
    assert 2 == approve(store, waits), "by a key that others have vouched for since"


def two_hosts(url: str, codec: Codec, *persons: str) -> list[int]:
    """Let each person approve at once through a store of their own; return what each is told."""
    together = threading.Barrier(len(persons))

    def work(person: str) -> int:
        host = Store.open(url, codec)
        try:
            request = found(host).id
            together.wait(WAIT)
            return approve(host, request, person)
        finally:
            host.close()

    with ThreadPoolExecutor(max_workers=len(persons)) as pool:
        return sorted(pool.map(work, persons, timeout=WAIT))


def test_the_same_person_twice_at_once_counts_once(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    add(store)
    assert [1] * 4 == two_hosts(migrated_url, codec, *[FINGERPRINT] * 4)
    assert ("Alice",) == found(store).approved_by


def test_of_two_persons_at_once_exactly_one_is_the_second(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    """So that what they approved is done once, and is done."""
    add(store)
    assert [1, 2] == two_hosts(migrated_url, codec, FINGERPRINT, OTHER_FINGERPRINT)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_an_approval_waits_for_the_one_before_it(store: Store) -> None:
    """While the first is not committed, the second neither counts without it nor closes."""
    made = add(store)
    approved, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> int:
        count = requests.approve(tx, request=made, person=FINGERPRINT, name="Alice", now=NOW)
        approved.set()
        assert go_on.wait(WAIT)
        return count

    with ThreadPoolExecutor(max_workers=2) as pool:
        slow = pool.submit(store.write, slowly)
        assert approved.wait(WAIT)
        second = pool.submit(approve, store, made, OTHER_FINGERPRINT, name="Bob")
        with pytest.raises(TimeoutError):
            second.result(0.5)
        go_on.set()
        assert [1, 2] == [slow.result(WAIT), second.result(WAIT)]


class Interrupted(Exception):
    """Something that goes wrong after an approval."""


def test_an_approval_rolled_back_never_was(store: Store) -> None:
    made = add(store)

    def fail(tx: Tx) -> None:
        requests.approve(tx, request=made, person=FINGERPRINT, name="Alice", now=NOW)
        requests.close(tx, request=made, state=DONE, now=NOW)
        raise Interrupted

    with pytest.raises(Interrupted):
        store.write(fail)
    assert (WAITING, ()) == (found(store).state, found(store).approved_by)
