"""Every public function of the store is used by a test that runs on both databases.

Most have a test module of their own; here stand those that only others of the program called, and
what two do at once where nothing else shows it: with barriers, never by waiting.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from gatekeeper.domain.bounces import Score
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Kind
from gatekeeper.domain.retention import ERASED
from gatekeeper.store import (
    audit,
    correspondents,
    deliveries,
    erasure,
    forgetting,
    issues,
    letters,
    messages,
    products,
    reaffirmations,
    requests,
    scores,
    seen,
    tables,
)
from gatekeeper.store.chain import ISSUE_ERASED
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict, StaleLease
from gatekeeper.store.products import ProductRow
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.reached import public_functions, reached_on_both
from tests.store.samples import ALICE, BOB, LEASE, NOW, OTHER, TOKEN

SHOWN = b"what they were shown"
WAIT = 30.0


def test_every_function_of_the_store_is_used_on_both_databases() -> None:
    assert [] == sorted(public_functions() - reached_on_both(Path(__file__).parent))


def test_the_search_knows_what_is_not_used(tmp_path: Path) -> None:
    """A folder without tests uses nothing; and there is much to be used."""
    assert set() == reached_on_both(tmp_path)
    assert len(public_functions()) > 100


def test_a_correspondent_may_write_in_clear_from_now_on(store: Store) -> None:
    whom = store.write(samples.correspondent)
    closed = partial(correspondents.by_row, correspondent=whom.id)
    statement = update(tables.metadata.tables["correspondents"]).values(wrote_in_clear=False)
    store.write(lambda tx: tx.connection.execute(statement).close())
    assert not store.read(closed).wrote_in_clear
    store.write(partial(correspondents.allow_clear, correspondent=whom.id, now=NOW))
    assert store.read(closed).wrote_in_clear


def test_a_claimed_delivery_is_called_back_by_its_holder_alone(store: Store) -> None:
    sent = store.write(samples.sealed)
    store.write(lambda tx: deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1))
    recall = partial(deliveries.recall, delivery=sent.delivery, reason="key gone", now=NOW)
    with pytest.raises(StaleLease):
        store.write(partial(recall, token=OTHER))
    store.write(partial(recall, token=TOKEN))
    found = store.read(lambda tx: deliveries.get(tx, sent.delivery))
    assert found is not None
    assert (DeliveryState.BLOCKED, "key gone") == (found.state, found.reason)


def test_a_letter_tells_its_kind_and_its_size_once_it_is_ready(store: Store) -> None:
    letter = store.write(samples.pending).letter
    kind, size = partial(letters.kind_of, letter=letter), partial(letters.sent_size, letter=letter)
    assert ("copy", 0) == (store.read(kind), store.read(size))
    store.write(lambda tx: letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1))
    sealed = partial(letters.sealed, letter=letter, token=TOKEN, shared=bytes(1000), now=NOW)
    store.write(sealed)
    assert 1400 <= store.read(size) <= 1500
    with pytest.raises(Conflict):
        store.read(partial(letters.kind_of, letter=RowId(bytes(16))))


def test_those_who_reaffirmed_are_known_while_they_are_asked_about(store: Store) -> None:
    add = partial(reaffirmations.add, shown=SHOWN, now=NOW)
    assert store.write(partial(add, person=ALICE, name="Alice"))
    assert not store.write(partial(add, person=ALICE, name="Alice"))
    among = partial(reaffirmations.among, people=[BOB, ALICE])
    assert (ALICE,) == store.read(partial(among, shown=SHOWN))
    assert () == store.read(partial(among, shown=b"something else"))


def close(tx: Tx, issue: RowId) -> None:
    """End an issue, as the command that does it will."""
    statement = update(tables.issues).where(tables.issues.c.id == issue)
    tx.connection.execute(statement.values(state="disclosed"))


def test_an_issue_on_hold_and_one_that_changed_are_not_erased(store: Store) -> None:
    issue = store.write(samples.issue).id
    may = partial(issues.locked_unchanged, issue=issue)
    past, present = NOW, later(NOW, 1)
    assert not store.write(partial(may, before=present)), "it is open"
    store.write(partial(close, issue=issue))
    assert store.write(partial(may, before=present))
    assert not store.write(partial(may, before=past))
    hold = partial(issues.hold, issue=issue)
    assert [True, False] == [store.write(partial(hold, on=True)) for _ in range(2)]
    assert not store.write(partial(may, before=present))
    assert store.write(partial(hold, on=False))
    with pytest.raises(Conflict):
        store.write(partial(issues.hold, issue=RowId(bytes(16)), on=True))


def case(tx: Tx) -> RowId:
    """Return a closed issue with a message, a letter that was delivered, people and a request."""
    issue = samples.issue(tx).id
    received(tx, issue, Kind.REPORT)
    sent = samples.sealed(tx)
    letter = tables.letters.c
    tx.connection.execute(
        update(tables.letters).where(letter.id == sent.letter).values(issue=issue, sealed_at=NOW)
    )
    delivered = update(tables.deliveries).where(tables.deliveries.c.id == sent.delivery)
    tx.connection.execute(delivered.values(issue=issue, state="delivered"))
    samples.correspondent(tx, issue_row=issue)
    request = requests.add(
        tx,
        issue=issue,
        kind="reply",
        effect=bytes(32),
        payload={"text": "secret"},
        needed=2,
        created_by="Alice",
        now=NOW,
    )
    requests.close(tx, request=request, state=requests.DONE, now=NOW)
    close(tx, issue)
    audit.append(tx, kind="issue.opened", actor="Alice", now=NOW, payload={"a": 1}, issue=issue)
    return issue


def received(tx: Tx, issue: RowId | None, kind: Kind) -> RowId:
    """Return a handled message."""
    message = samples.message(tx, raw=f"{kind} {issue!r}".encode())
    messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.finish(
        tx,
        message=message,
        token=TOKEN,
        kind=kind,
        issue=issue,
        summary={"subject": "Overflow", "text": "secret"},
        message_id=None,
        now=NOW,
    )
    return message


def test_a_closed_issue_is_erased_step_by_step_and_its_chain_holds(store: Store) -> None:
    issue = store.write(case)
    past, after = NOW, later(NOW, DAY)
    ask = (erasure.with_mail, forgetting.next_issue)
    assert [None, None] == [store.read(partial(one, before=past)) for one in ask]
    assert [issue, None] == [store.read(partial(one, before=after)) for one in ask]
    store.write(erasure.for_good)
    erased = store.write(partial(erasure.mail_of, issue=issue, now=after))
    assert (1, 1) == (erased.messages, erased.letters)
    assert [None, issue] == [store.read(partial(one, before=after)) for one in ask]
    assert 1 == store.write(partial(forgetting.entries, issue=issue))
    assert 0 == store.write(partial(forgetting.entries, issue=issue))
    store.write(partial(forgetting.rest, issue=issue))
    assert ERASED == store.read(lambda tx: issues.by_row(tx, issue)).subject
    said = audit.Entry(kind=ISSUE_ERASED, actor="gatekeeper", payload={}, issue=issue)
    store.write(lambda tx: audit.append_all(tx, (said,), now=after))
    assert () == store.read(audit.verify)


def test_mail_of_no_issue_and_old_commands_are_erased(store: Store) -> None:
    machine = store.write(partial(received, issue=None, kind=Kind.BOUNCE))
    store.write(partial(received, issue=None, kind=Kind.POSTMASTER))
    first = partial(seen.first_time, digest=bytes(32), message=machine, now=NOW)
    assert store.write(first)
    after = later(NOW, DAY)
    for erase in (erasure.automatic, erasure.postmaster):
        assert 0 == store.write(partial(erase, before=NOW, now=after)).rows
        assert 1 == store.write(partial(erase, before=after, now=after)).messages
    assert [0, 1] == [store.write(partial(erasure.commands, before=at)) for at in (NOW, after)]
    assert store.write(first), "it is forgotten"


def at_once(stores: list[Store], work: Callable[[Tx], object]) -> list[object]:
    """Have every store do it in a transaction of its own, all let go at the same moment.

    Who is refused gives its refusal.
    """
    together = threading.Barrier(len(stores))

    def run(one: Store) -> object:
        together.wait(WAIT)
        try:
            return one.write(work)
        except OurFault as fault:
            return fault

    with ThreadPoolExecutor(len(stores)) as pool:
        return list(pool.map(run, stores))


@pytest.fixture
def hosts(migrated_url: str, codec: Codec) -> Iterator[list[Store]]:
    """Several hosts on one database."""
    opened = [Store.open(migrated_url, codec) for _ in range(4)]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


def counted(tx: Tx) -> int:
    """Add one point to a score, as a bounce does: read, then written, under its lock."""
    scores.lock(tx, ALICE)
    before = scores.get(tx, ALICE)
    points = (before.points if before else 0) + 1
    score = Score(points=points, counted_at=NOW, suspended_at=None)
    scores.put(tx, recipient=ALICE, score=score, now=NOW)
    return points


def opened(tx: Tx) -> int:
    """Open an issue and return its number."""
    return samples.issue(tx).issue_id.number


def letter_of_one_id(tx: Tx) -> RowId:
    """Write a letter whose Message-ID is somebody else's, too."""
    new = samples.new_letter(None, message_id="<same@example.org>")
    assert new.form is Form.SEALED
    return letters.add(tx, new, now=NOW)


def test_what_many_do_at_once_counts_as_if_they_came_one_by_one(hosts: list[Store]) -> None:
    """Scores under their lock, numbers of issues, and who said first that a database is right."""
    assert {1, 2, 3, 4} == set(at_once(hosts, counted))
    hosts[0].write(samples.product)
    assert {1, 2, 3, 4} == set(at_once(hosts, opened))
    said = partial(reaffirmations.add, shown=SHOWN, person=ALICE, name="Alice", now=NOW)
    assert 1 == at_once(hosts, said).count(True)
    issue = hosts[0].write(samples.issue).id
    assert 1 == at_once(hosts, partial(issues.hold, issue=issue, on=True)).count(True)


def test_a_product_that_many_make_at_once_is_one(hosts: list[Store]) -> None:
    """Also where they meet at its prefix before they meet at its key: hence many times."""
    rows = [ProductRow(key=f"another-{n}", issue_prefix=f"OTH{n}") for n in range(40)]
    for row in rows:
        made = set(at_once(hosts, partial(products.ensure, product=row, now=NOW)))
        assert 1 == len(made), made
        assert not isinstance(made.pop(), OurFault)


def test_of_many_letters_with_one_message_id_one_is_kept(hosts: list[Store]) -> None:
    found = at_once(hosts, letter_of_one_id)
    assert 1 == sum(isinstance(one, bytes) for one in found)
    assert 3 == sum(isinstance(one, OurFault) for one in found)
