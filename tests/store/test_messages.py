"""Accepted mail: stored as it came, once, claimed by one, handled or quarantined."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select, text, update

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, SECOND, Instant, later
from gatekeeper.domain.report import Envelope, Kind, MessageState
from gatekeeper.store import messages
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict, StaleLease
from gatekeeper.store.messages import DUPLICATE_WITHIN, Added, ClaimedMessage
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import message_chunks, products
from gatekeeper.store.tx import Tx
from tests import arriving
from tests.store import samples
from tests.store.samples import ALICE, BOB, ENVELOPE, LEASE, NOW, OTHER, TOKEN

HOSTILE = b"From: \xff\x00(((\r\nSubject: =?x?\r\n\r\n\x00\x80\xff\r\n.\r\n"
AFTER_LEASE = later(NOW, LEASE)


def add(
    store: Store, *, raw: bytes = HOSTILE, envelope: Envelope = ENVELOPE, now: Instant = NOW
) -> Added:
    """Accept a message."""

    def accept(tx: Tx) -> Added:
        product = samples.product(tx)
        return arriving.add(tx, product=product, raw=raw, envelope=envelope, now=now)

    return store.write(accept)


def claim(
    store: Store, *, token: bytes = TOKEN, now: Instant = NOW, limit: int = 10
) -> tuple[ClaimedMessage, ...]:
    """Claim messages."""
    return store.write(
        lambda tx: messages.claim(tx, now=now, lease=LEASE, token=token, limit=limit)
    )


def finish(
    store: Store,
    message: RowId,
    *,
    token: bytes = TOKEN,
    kind: Kind = Kind.REPORT,
    issue: RowId | None = None,
    summary: Mapping[str, object] | None = None,
) -> None:
    """Say that a message is handled."""
    store.write(
        lambda tx: messages.finish(
            tx,
            message=message,
            token=token,
            kind=kind,
            issue=issue,
            summary=summary or {},
            message_id="<a@example.org>",
            now=NOW,
        )
    )


def fail(
    store: Store,
    message: RowId,
    *,
    token: bytes = TOKEN,
    quarantine: bool = False,
    retry_at: Instant | None = None,
) -> None:
    """Say that handling failed."""
    store.write(
        lambda tx: messages.fail(
            tx,
            message=message,
            token=token,
            problem="gpg said ÿ",
            quarantine=quarantine,
            now=NOW,
            retry_at=retry_at,
        )
    )


@pytest.mark.parametrize(
    "envelope",
    [
        ENVELOPE,
        Envelope(sender=None, recipients=(ALICE, BOB), peer="local", protocol="LMTP", tls=""),
    ],
)
def test_a_message_comes_back_as_it_came(envelope: Envelope, store: Store) -> None:
    added = add(store, envelope=envelope)
    found = store.read(lambda tx: messages.load(tx, added.id))
    assert not added.duplicate
    assert HOSTILE == found.raw
    assert envelope == found.envelope
    assert (MessageState.STORED, len(HOSTILE), 0, NOW) == (
        found.state,
        found.size,
        found.attempts,
        found.received_at,
    )
    assert (None, None, None, "") == (found.kind, found.issue, found.summary, found.problem)
    assert replace(found, raw=None) == store.read(lambda tx: messages.head(tx, added.id))


def test_an_empty_message_is_a_message(store: Store) -> None:
    added = add(store, raw=b"")
    assert b"" == store.read(lambda tx: messages.load(tx, added.id)).raw


def test_the_same_message_within_seven_days_is_a_duplicate(store: Store) -> None:
    first = add(store)
    almost = later(NOW, DUPLICATE_WITHIN - 1)
    assert Added(id=first.id, duplicate=True) == add(store)
    assert Added(id=first.id, duplicate=True) == add(store, now=almost)
    assert not add(store, raw=HOSTILE + b"x").duplicate
    assert not add(store, envelope=replace(ENVELOPE, sender=None)).duplicate
    assert not add(store, envelope=replace(ENVELOPE, recipients=(ALICE,))).duplicate
    assert not add(store, now=later(NOW, DUPLICATE_WITHIN)).duplicate
    assert {MessageState.STORED: 5} == {k: v for k, v in counts(store).items() if v}


def counts(store: Store) -> Mapping[MessageState, int]:
    """Count messages by state."""
    return store.read(messages.counts)


def test_a_message_twice_in_one_commit_is_a_duplicate(store: Store) -> None:
    """As in a group commit that took both."""

    def both(tx: Tx) -> list[bool]:
        product = samples.product(tx)
        return [
            arriving.add(tx, product=product, raw=HOSTILE, envelope=ENVELOPE, now=NOW).duplicate
            for _ in range(2)
        ]

    assert [False, True] == store.write(both)


def test_one_message_taken_by_two_hosts_at_once_is_stored_once(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    store.write(samples.product)
    hosts = [store, Store.open(migrated_url, codec)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        futures = [pool.submit(add, hosts[number % 2]) for number in range(16)]
        added = [future.result(30) for future in futures]
    hosts[1].close()
    assert 1 == len({one.id for one in added})
    assert 1 == sum(not one.duplicate for one in added)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_host_waits_for_the_other_that_is_storing_the_same_message(store: Store) -> None:
    """Else it would not see the row that is not committed yet."""
    store.write(samples.product)
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )

    def store_slowly(tx: Tx) -> tuple[Added, Future[Added]]:
        product = samples.product(tx)
        first = arriving.add(tx, product=product, raw=HOSTILE, envelope=ENVELOPE, now=NOW)
        second = pool.submit(store.write, work)
        while not second.done() and not tx.connection.scalar(waiting):
            pass
        return first, second

    def work(tx: Tx) -> Added:
        product = tx.connection.execute(select(products.c.id)).scalar_one()
        return arriving.add(tx, product=product, raw=HOSTILE, envelope=ENVELOPE, now=NOW)

    with ThreadPoolExecutor(max_workers=1) as pool:
        first, second = store.write(store_slowly)
        assert Added(id=first.id, duplicate=True) == second.result(30)


def test_the_oldest_are_claimed_first_and_only_once(store: Store) -> None:
    made = [
        add(store, raw=bytes([number]), now=later(NOW, -number * SECOND)).id for number in range(5)
    ]
    oldest = [ClaimedMessage(id=made[number], attempts=1) for number in (4, 3, 2)]
    assert oldest == list(claim(store, limit=3))
    assert made[1::-1] == [one.id for one in claim(store, token=OTHER)]
    assert () == claim(store)
    assert 5 == counts(store)[MessageState.CLAIMED]


def test_a_lease_that_ended_is_claimed_again_and_its_holder_is_refused(store: Store) -> None:
    made = add(store).id
    claim(store)
    assert () == claim(store, token=OTHER, now=later(AFTER_LEASE, -1))
    again = claim(store, token=OTHER, now=AFTER_LEASE)
    assert (ClaimedMessage(id=made, attempts=2),) == again
    with pytest.raises(StaleLease):
        finish(store, made, token=TOKEN)
    with pytest.raises(StaleLease):
        fail(store, made, token=TOKEN)
    finish(store, made, token=OTHER)
    assert MessageState.HANDLED is store.read(lambda tx: messages.head(tx, made)).state


def test_a_holder_whose_lease_ended_unnoticed_may_still_finish(store: Store) -> None:
    """Nobody else began it, so nothing is done twice."""
    made = add(store).id
    claim(store)
    finish(store, made)
    assert () == claim(store, now=AFTER_LEASE)


def test_a_handled_message_keeps_what_was_found(store: Store) -> None:
    made = add(store).id
    claim(store)
    issue = store.write(samples.issue).id
    summary = {"subject": "\x00 ü", "signed": [True]}
    finish(store, made, issue=issue, summary=summary)
    found = store.read(lambda tx: messages.head(tx, made))
    assert (Kind.REPORT, issue, summary) == (found.kind, found.issue, found.summary)
    assert (found,) == store.read(lambda tx: messages.of_issue(tx, issue))
    with pytest.raises(StaleLease):
        finish(store, made)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_can_be_stored(kind: Kind, store: Store) -> None:
    made = add(store).id
    claim(store)
    finish(store, made, kind=kind)
    assert kind is store.read(lambda tx: messages.head(tx, made)).kind


def test_messages_of_an_issue_come_by_age(store: Store) -> None:
    issue, other = store.write(lambda tx: (samples.issue(tx).id, samples.issue(tx).id))
    made = [
        add(store, raw=bytes([number]), now=later(NOW, -number * SECOND)).id for number in range(3)
    ]
    claim(store)
    for message in made[:2]:
        finish(store, message, issue=issue)
    finish(store, made[2], issue=other)
    listed = store.read(lambda tx: messages.of_issue(tx, issue))
    assert [made[1], made[0]] == [one.id for one in listed]


def test_a_failed_message_is_due_when_it_is_said(store: Store) -> None:
    made = add(store).id
    claim(store)
    fail(store, made, retry_at=later(NOW, MINUTE))
    found = store.read(lambda tx: messages.head(tx, made))
    assert (MessageState.STORED, "gpg said ÿ", 1) == (found.state, found.problem, found.attempts)
    assert () == claim(store)
    assert (ClaimedMessage(id=made, attempts=2),) == claim(store, now=later(NOW, MINUTE))
    fail(store, made)
    assert (ClaimedMessage(id=made, attempts=3),) == claim(store)


def test_the_oldest_that_waits_is_told_until_it_is_handled_or_in_quarantine(store: Store) -> None:
    assert store.read(messages.oldest_waiting) is None
    first = add(store)
    add(store, raw=b"another", now=later(NOW, SECOND))
    assert NOW == store.read(messages.oldest_waiting)
    store.write(
        lambda tx: messages.claim(tx, now=later(NOW, SECOND), lease=LEASE, token=TOKEN, limit=1)
    )
    assert NOW == store.read(messages.oldest_waiting)
    store.write(
        lambda tx: messages.fail(
            tx, message=first.id, token=TOKEN, problem="x", quarantine=True, now=NOW
        )
    )
    assert later(NOW, SECOND) == store.read(messages.oldest_waiting)


def test_a_quarantined_message_is_listed_and_left_alone(store: Store) -> None:
    made = add(store).id
    claim(store)
    fail(store, made, quarantine=True)
    listed = store.read(messages.quarantined)
    assert [(made, "gpg said ÿ")] == [(one.id, one.problem) for one in listed]
    assert () == claim(store, now=AFTER_LEASE)
    assert 1 == counts(store)[MessageState.QUARANTINED]


def test_a_start_up_alone_makes_claimed_messages_due(store: Store) -> None:
    made = add(store).id
    add(store, raw=b"stored")
    claim(store, limit=1)
    assert 1 == store.write(messages.release_leases)
    assert {made} < {one.id for one in claim(store, token=OTHER)}
    with pytest.raises(StaleLease):
        finish(store, made, token=TOKEN)


def test_what_is_not_there_is_a_conflict(store: Store) -> None:
    nowhere = RowId(bytes(16))
    for look in (messages.load, messages.head):
        with pytest.raises(Conflict, match="no such message"):
            store.read(partial(look, message=nowhere))


def test_chunks_of_another_message_do_not_open(store: Store) -> None:
    one, other = add(store, raw=b"one").id, add(store, raw=b"other").id

    def swap(tx: Tx) -> None:
        data = tx.connection.execute(
            message_chunks.select().where(message_chunks.c.message == one)
        ).one()
        statement = update(message_chunks).where(message_chunks.c.message == other)
        tx.connection.execute(statement.values(data=data.data))

    store.write(swap)
    with pytest.raises(OurFault, match=r"message_chunks\.data does not open"):
        store.read(lambda tx: messages.load(tx, other))


def test_a_message_is_released_from_quarantine_once(store: Store) -> None:
    """It is due at once, its attempts counted anew; nothing else can be released."""

    def give_up(tx: Tx) -> RowId:
        message = samples.message(tx)
        messages.claim(tx, now=NOW, lease=1, token=TOKEN, limit=1)
        messages.fail(tx, message=message, token=TOKEN, problem="x", quarantine=True, now=NOW)
        return message

    message = store.write(give_up)
    store.write(lambda tx: messages.release(tx, message=message, now=NOW))
    row = store.read(lambda tx: messages.head(tx, message))
    assert (MessageState.STORED, 0, "") == (row.state, row.attempts, row.problem)
    with pytest.raises(Conflict):
        store.write(lambda tx: messages.release(tx, message=message, now=NOW))
    (claimed,) = store.write(lambda tx: messages.claim(tx, now=NOW, lease=1, token=TOKEN, limit=1))
    assert (message, 1) == (claimed.id, claimed.attempts)
