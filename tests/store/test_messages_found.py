"""Handled messages found again: by thread and sender, by ciphertext, by Message-ID."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.domain.report import Kind
from gatekeeper.store import keys, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.messages import Twin
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import ALICE, LEASE, NOW, REPORTER, TOKEN

FIRST, SECOND_ID, OTHER_ID = "<first@example.org>", "<second@example.org>", "<other@example.org>"
DIGEST = bytes(range(32))


def handled(
    tx: Tx,
    *,
    issue: RowId | None,
    message_id: str | None = FIRST,
    sender: Address | None = REPORTER,
    thread: str | None = FIRST,
    ciphertexts: Sequence[bytes] = (),
    now: Instant = NOW,
) -> RowId:
    """Return a message that was handled into an issue."""
    message = samples.message(tx, raw=keys.new_id(), now=now)
    claimed = messages.claim(tx, now=later(now, SECOND), lease=LEASE, token=TOKEN, limit=9)
    assert [message] == [one.id for one in claimed]
    messages.finish(
        tx,
        message=message,
        token=TOKEN,
        kind=Kind.REPORT,
        issue=issue,
        summary={},
        message_id=message_id,
        now=now,
        sender=sender,
        thread=thread,
        ciphertexts=ciphertexts,
    )
    return message


def found(store: Store, thread: str, *message_ids: str, sender: Address = REPORTER) -> RowId | None:
    """Return the issue of that thread."""
    return store.read(
        lambda tx: messages.in_thread(tx, sender=sender, thread=thread, message_ids=message_ids)
    )


def issue_with(store: Store, handle: Callable[..., RowId] = handled) -> RowId:
    """Return a new issue with one message, handled so."""

    def make(tx: Tx) -> RowId:
        issue = samples.issue(tx).id
        handle(tx, issue=issue)
        return issue

    return store.write(make)


def test_a_thread_is_found_by_its_beginning_or_by_what_it_answers(store: Store) -> None:
    issue = issue_with(store, partial(handled, message_id=SECOND_ID, thread=FIRST))
    assert issue == found(store, FIRST)
    assert issue == found(store, OTHER_ID, SECOND_ID)
    assert issue == found(store, OTHER_ID, OTHER_ID, SECOND_ID)
    assert issue == found(store, FIRST, SECOND_ID)
    assert found(store, OTHER_ID) is None
    assert found(store, SECOND_ID) is None
    assert found(store, OTHER_ID, FIRST) is None


def test_a_thread_belongs_to_its_sender(store: Store) -> None:
    """Whoever else names the same Message-IDs gets nowhere with them."""
    issue = issue_with(store)
    assert found(store, FIRST, FIRST, sender=ALICE) is None
    assert issue == found(store, FIRST, sender=Address.parse(str(REPORTER).upper()))


def test_of_several_the_latest_message_counts(store: Store) -> None:
    moments = (1, 5, 3)
    made = [issue_with(store, partial(handled, now=later(NOW, at * SECOND))) for at in moments]
    newest = issue_with(
        store, partial(handled, now=later(NOW, 9 * SECOND), message_id=SECOND_ID, thread=OTHER_ID)
    )
    assert made[1] == found(store, FIRST)
    assert newest == found(store, FIRST, SECOND_ID)
    assert newest == found(store, OTHER_ID, FIRST)


@pytest.mark.parametrize(
    "lacking",
    [partial(handled, sender=None), partial(handled, thread=None, message_id=None)],
)
def test_what_has_no_sender_or_no_ids_is_in_no_thread(
    lacking: Callable[..., RowId], store: Store
) -> None:
    issue_with(store, lacking)
    assert found(store, FIRST, FIRST) is None


def test_what_is_in_no_issue_leads_to_none(store: Store) -> None:
    store.write(partial(handled, issue=None))
    assert found(store, FIRST, FIRST) is None


def test_a_message_that_is_not_handled_yet_is_not_found(store: Store) -> None:
    store.write(samples.message)
    assert found(store, FIRST, FIRST) is None
    assert () == store.read(lambda tx: messages.same_ciphertext(tx, DIGEST))


def test_twins_have_the_same_ciphertext_and_say_who_sent_them(store: Store) -> None:
    def make(tx: Tx) -> tuple[Twin, ...]:
        issue = samples.issue(tx).id
        make_one = partial(handled, tx, ciphertexts=[DIGEST])
        return (
            Twin(
                message=make_one(issue=issue),
                issue=issue,
                sender_key=keys.of_address(tx, REPORTER),
            ),
            Twin(
                message=make_one(issue=None, sender=ALICE, now=later(NOW, SECOND)),
                issue=None,
                sender_key=keys.of_address(tx, ALICE),
            ),
            Twin(
                message=make_one(issue=None, sender=None, now=later(NOW, 2 * SECOND)),
                issue=None,
                sender_key=b"",
            ),
        )

    issue_with(store, partial(handled, ciphertexts=[DIGEST[::-1]]))
    issue_with(store)
    twins = store.write(make)
    assert twins == store.read(lambda tx: messages.same_ciphertext(tx, DIGEST))
    assert () == store.read(lambda tx: messages.same_ciphertext(tx, bytes(32)))


def test_a_message_is_found_once_by_each_of_its_ciphertexts(store: Store) -> None:
    """Also by one that stands in it several times."""
    several = [DIGEST, DIGEST[::-1], DIGEST]
    message = store.write(lambda tx: handled(tx, issue=None, ciphertexts=several))
    for digest in several:
        twins = store.read(partial(messages.same_ciphertext, digest=digest))
        assert [message] == [twin.message for twin in twins]


def test_messages_with_the_same_message_id_are_counted(store: Store) -> None:
    def count(message_id: str) -> int:
        return store.read(lambda tx: messages.same_message_id(tx, message_id))

    assert 0 == count(FIRST)
    issue_with(store)
    issue_with(store, partial(handled, sender=ALICE))
    issue_with(store, partial(handled, message_id=SECOND_ID))
    issue_with(store, partial(handled, message_id=None))
    assert (2, 1, 0) == (count(FIRST), count(SECOND_ID), count(FIRST.upper()))
