"""Letters: kept once, sealed once, found again by Message-ID and recipient."""

from dataclasses import replace
from functools import partial

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.store import deliveries, letters
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict, StaleLease
from gatekeeper.store.fields import CHUNK_BYTES
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import ALICE, BOB, LEASE, NOW, OTHER, TOKEN

AFTER_LEASE = later(NOW, LEASE)
LONG = bytes(range(256)) * (CHUNK_BYTES // 100)


def claim(
    store: Store, *, token: bytes = TOKEN, now: Instant = NOW, limit: int = 10
) -> tuple[RowId, ...]:
    """Claim letters for sealing."""
    return store.write(
        lambda tx: letters.claim_unsealed(tx, now=now, lease=LEASE, token=token, limit=limit)
    )


def seal(store: Store, letter: RowId, *, token: bytes = TOKEN, shared: bytes = LONG) -> None:
    """Keep a shared packet."""
    store.write(lambda tx: letters.sealed(tx, letter=letter, token=token, shared=shared, now=NOW))


def test_a_letter_comes_back_as_it_was_written(store: Store) -> None:
    def write(tx: Tx) -> tuple[NewLetter, RowId]:
        new = replace(
            samples.new_letter(samples.issue(tx).id),
            message=samples.message(tx),
            plaintext=LONG,
            frame_head=b"h" * 5000,
            frame_tail=b"\x00\xff",
        )
        return new, letters.add(tx, new, now=NOW)

    new, made = store.write(write)
    row = store.read(lambda tx: letters.load(tx, made))
    assert (made, new.issue, new.message, new.message_id, None) == (
        row.id,
        row.issue,
        row.message,
        row.message_id,
        row.shared,
    )
    assert (new.plaintext, new.frame_head, new.frame_tail) == (
        row.plaintext,
        row.frame_head,
        row.frame_tail,
    )
    issue = row.issue
    assert issue is not None
    (head,) = store.read(lambda tx: letters.of_issue(tx, issue))
    assert (made, "copy", new.message, new.message_id, new.summary, NOW, None) == (
        head.id,
        head.kind,
        head.message,
        head.message_id,
        head.summary,
        head.created_at,
        head.sealed_at,
    )


def test_sealing_keeps_the_shared_packet_and_lets_go(store: Store) -> None:
    sent = store.write(samples.pending)
    assert (sent.letter,) == claim(store)
    seal(store, sent.letter)
    row = store.read(lambda tx: letters.load(tx, sent.letter))
    frame = store.read(lambda tx: letters.frame(tx, sent.letter))
    assert (LONG, b"plaintext") == (row.shared, row.plaintext)
    assert (LONG, b"head", b"tail") == (frame.shared, frame.frame_head, frame.frame_tail)
    (head,) = store.read(lambda tx: letters.of_issue(tx, sent.issue))
    assert NOW == head.sealed_at
    # its delivery is still pending, so it is claimed at once, by anyone
    assert (sent.letter,) == claim(store, token=OTHER)


def test_a_shared_packet_never_changes(store: Store) -> None:
    sent = store.write(samples.pending)
    claim(store)
    seal(store, sent.letter)
    claim(store)
    with pytest.raises(Conflict, match="sealed already"):
        seal(store, sent.letter, shared=b"other")
    assert LONG == store.read(lambda tx: letters.frame(tx, sent.letter)).shared


def test_only_letters_with_pending_deliveries_are_claimed_oldest_first(store: Store) -> None:
    def write(tx: Tx) -> list[RowId]:
        samples.sealed(tx)
        letters.add(tx, samples.new_letter(None), now=NOW)
        return [samples.pending(tx, now=later(NOW, -number * SECOND)).letter for number in range(3)]

    made = store.write(write)
    assert (made[2], made[1]) == claim(store, limit=2)
    assert (made[0],) == claim(store, token=OTHER)
    assert () == claim(store)


def test_a_letter_with_two_pending_deliveries_is_claimed_once(store: Store) -> None:
    sent = store.write(samples.pending)
    store.write(
        lambda tx: deliveries.add(
            tx,
            letter=sent.letter,
            issue=sent.issue,
            recipient=BOB,
            name="Bob",
            due_at=NOW,
            now=NOW,
        )
    )
    assert (sent.letter,) == claim(store)


def test_a_stale_holder_keeps_nothing(store: Store) -> None:
    """The delivery sealed in the same transaction is pending again."""
    sent = store.write(samples.pending)
    claim(store)
    assert () == claim(store, token=OTHER, now=later(AFTER_LEASE, -1))
    assert (sent.letter,) == claim(store, token=OTHER, now=AFTER_LEASE)

    def seal_all(tx: Tx, *, token: bytes) -> None:
        samples.seal(tx, sent.delivery)
        letters.sealed(tx, letter=sent.letter, token=token, shared=b"shared", now=NOW)

    with pytest.raises(StaleLease):
        store.write(partial(seal_all, token=TOKEN))
    with pytest.raises(StaleLease):
        store.write(lambda tx: letters.release(tx, letter=sent.letter, token=TOKEN, due_at=NOW))
    assert 1 == len(store.read(lambda tx: deliveries.pending_of(tx, sent.letter)))
    store.write(partial(seal_all, token=OTHER))
    assert () == store.read(lambda tx: deliveries.pending_of(tx, sent.letter))
    assert () == claim(store, now=later(AFTER_LEASE, LEASE))


def test_a_released_letter_is_due_when_it_is_said(store: Store) -> None:
    sent = store.write(samples.pending)
    claim(store)
    due = later(NOW, SECOND)
    store.write(lambda tx: letters.release(tx, letter=sent.letter, token=TOKEN, due_at=due))
    assert () == claim(store)
    assert (sent.letter,) == claim(store, now=due)


def test_a_start_up_alone_makes_claimed_letters_due(store: Store) -> None:
    sent = store.write(samples.pending)
    claim(store)
    assert 1 == store.write(letters.release_leases)
    assert (sent.letter,) == claim(store, token=OTHER)


def test_a_message_id_of_ours_is_known_and_used_once(store: Store) -> None:
    new = samples.new_letter(None, message_id="<a@example.org>")
    made = store.write(lambda tx: letters.add(tx, new, now=NOW))
    assert made == store.read(lambda tx: letters.known_message_id(tx, "<a@example.org>"))
    assert store.read(lambda tx: letters.known_message_id(tx, "<A@example.org>")) is None
    with pytest.raises(OurFault):
        store.write(lambda tx: letters.add(tx, new, now=NOW))


def test_a_reference_counts_only_for_who_got_that_letter(store: Store) -> None:
    to_alice = store.write(partial(samples.pending, recipient=ALICE))
    to_bob = store.write(partial(samples.pending, recipient=BOB, now=later(NOW, SECOND)))
    alices, bobs = (
        store.read(partial(letters.load, letter=sent.letter)).message_id
        for sent in (to_alice, to_bob)
    )
    ids = ["<unknown@example.org>", alices, bobs]
    assert to_alice.issue == store.read(
        lambda tx: letters.sent_to(tx, message_ids=ids, recipient=ALICE)
    )
    assert to_bob.issue == store.read(
        lambda tx: letters.sent_to(tx, message_ids=ids, recipient=BOB)
    )
    none: list[str] = []
    for wrong in (none, ["<unknown@example.org>"], [bobs]):
        assert store.read(partial(letters.sent_to, message_ids=wrong, recipient=ALICE)) is None


def test_of_several_references_the_latest_letter_counts(store: Store) -> None:
    sent = [
        store.write(partial(samples.pending, now=later(NOW, number * SECOND)))
        for number in (1, 3, 2)
    ]
    ids = [store.read(partial(letters.load, letter=one.letter)).message_id for one in sent]
    assert sent[1].issue == store.read(
        lambda tx: letters.sent_to(tx, message_ids=ids, recipient=ALICE)
    )


def test_the_first_message_id_of_a_kind_in_an_issue(store: Store) -> None:
    sent = store.write(samples.pending)
    first = store.read(lambda tx: letters.load(tx, sent.letter)).message_id
    for at, kind in ((-SECOND, "reply"), (SECOND, "copy"), (SECOND, "reply")):
        other = replace(samples.new_letter(sent.issue), kind=kind)
        store.write(partial(letters.add, letter=other, now=later(NOW, at)))

    def found(issue: RowId, kind: str) -> str | None:
        return store.read(lambda tx: letters.first_message_id(tx, issue, kind=kind))

    assert first == found(sent.issue, "copy")
    assert found(sent.issue, "reply") not in {first, None}
    assert found(sent.issue, "notice") is None
    assert found(RowId(bytes(16)), "copy") is None


def test_what_is_not_there_is_a_conflict(store: Store) -> None:
    for look in (letters.load, letters.frame):
        with pytest.raises(Conflict, match="no such letter"):
            store.read(partial(look, letter=RowId(bytes(16))))
