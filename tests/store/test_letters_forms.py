"""Letters in other forms than sealed ones, and letters that answer without a person's doing."""

from dataclasses import replace
from functools import partial

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.domain.protection import Form
from gatekeeper.store import deliveries, letters
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict, StaleLease
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import ALICE, BOB, LEASE, NOW, OTHER, REPORTER, TOKEN

CLEAR = (Form.CLEAR_FORM, Form.CLEAR_REPLY)
MESSAGE = b"Subject: [SEC] received\r\n\r\nThank you.\r\n"


def write(
    store: Store,
    *,
    form: Form = Form.SEALED,
    automatic: bool = False,
    recipient: Address = REPORTER,
    issue: RowId | None = None,
    kind: str = "acknowledgement",
    now: Instant = NOW,
) -> samples.Sent:
    """Write a letter to one recipient, in an issue of its own unless one is given."""

    def make(tx: Tx) -> samples.Sent:
        where = issue or samples.issue(tx).id
        new = replace(samples.new_letter(where), form=form, automatic=automatic, kind=kind)
        letter = letters.add(tx, new, now=now)
        delivery = deliveries.add(
            tx, letter=letter, issue=where, recipient=recipient, name="", due_at=now, now=now
        )
        return samples.Sent(issue=where, letter=letter, delivery=delivery)

    return store.write(make)


def claim(store: Store) -> tuple[RowId, ...]:
    """Claim letters for sealing."""
    return store.write(
        lambda tx: letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=TOKEN, limit=10)
    )


def keep(store: Store, letter: RowId, *, token: bytes = TOKEN, content: bytes = MESSAGE) -> None:
    """Keep what a letter in clear is on the wire."""
    store.write(lambda tx: letters.keep(tx, letter=letter, token=token, content=content, now=NOW))


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("automatic", [True, False])
def test_form_and_automatic_come_back(form: Form, *, automatic: bool, store: Store) -> None:
    sent = write(store, form=form, automatic=automatic)
    row = store.read(lambda tx: letters.load(tx, sent.letter))
    frame = store.read(lambda tx: letters.frame(tx, sent.letter))
    (head,) = store.read(lambda tx: letters.of_issue(tx, sent.issue))
    assert [form] * 3 == [row.form, frame.form, head.form]
    assert [automatic] * 3 == [row.automatic, frame.automatic, head.automatic]


def test_a_letter_is_sealed_and_written_by_a_person_unless_it_says_otherwise() -> None:
    new = samples.new_letter(None)
    assert (Form.SEALED, False) == (new.form, new.automatic)


@pytest.mark.parametrize("form", CLEAR)
def test_the_message_of_a_letter_in_clear_is_kept_and_never_changes(
    form: Form, store: Store
) -> None:
    """A message is tried again with the same bytes."""
    sent = write(store, form=form)
    assert (sent.letter,) == claim(store)
    keep(store, sent.letter)
    assert MESSAGE == store.read(lambda tx: letters.frame(tx, sent.letter)).shared
    row = store.read(lambda tx: letters.load(tx, sent.letter))
    assert (MESSAGE, b"plaintext") == (row.shared, row.plaintext)
    (head,) = store.read(lambda tx: letters.of_issue(tx, sent.issue))
    assert NOW == head.sealed_at
    assert (sent.letter,) == claim(store), "it was let go, and has a pending delivery"
    with pytest.raises(Conflict, match="sealed already"):
        keep(store, sent.letter, content=b"other")
    assert MESSAGE == store.read(lambda tx: letters.frame(tx, sent.letter)).shared


def test_a_letter_to_be_sealed_is_never_kept_in_clear(store: Store) -> None:
    sent = write(store)
    claim(store)
    with pytest.raises(Conflict, match="in another form"):
        keep(store, sent.letter)
    assert store.read(lambda tx: letters.frame(tx, sent.letter)).shared is None


@pytest.mark.parametrize("form", CLEAR)
def test_a_letter_in_clear_has_no_shared_packet(form: Form, store: Store) -> None:
    sent = write(store, form=form)
    claim(store)
    with pytest.raises(Conflict, match="in another form"):
        store.write(
            lambda tx: letters.sealed(
                tx, letter=sent.letter, token=TOKEN, shared=b"packet", now=NOW
            )
        )
    assert store.read(lambda tx: letters.frame(tx, sent.letter)).shared is None


def test_a_stale_holder_keeps_nothing(store: Store) -> None:
    sent = write(store, form=Form.CLEAR_FORM)
    claim(store)
    with pytest.raises(StaleLease):
        keep(store, sent.letter, token=OTHER)
    assert store.read(lambda tx: letters.frame(tx, sent.letter)).shared is None


def test_automatic_letters_to_one_mailbox_are_counted_from_an_instant(store: Store) -> None:
    shouted = replace(REPORTER, local=REPORTER.local.upper())
    for number, recipient in enumerate([REPORTER, shouted, REPORTER, BOB]):
        now = later(NOW, number * SECOND)
        write(store, automatic=True, recipient=recipient, now=now)
    write(store, recipient=REPORTER)

    def counted(recipient: Address, since: Instant) -> int:
        return store.read(lambda tx: letters.automatic_to(tx, recipient=recipient, since=since))

    assert (3, 1, 0) == tuple(counted(who, NOW) for who in (REPORTER, BOB, ALICE))
    assert (2, 1, 0) == tuple(
        counted(REPORTER, later(NOW, at)) for at in (SECOND, SECOND + 1, 2 * SECOND + 1)
    )


def test_automatic_letters_to_all_are_counted_from_an_instant(store: Store) -> None:
    for number in range(3):
        write(store, automatic=True, now=later(NOW, number * SECOND))
    write(store)

    def counted(since: Instant) -> int:
        return store.read(lambda tx: letters.automatic_since(tx, since))

    assert [3, 3, 2, 1, 0] == [
        counted(later(NOW, at)) for at in (-1, 0, 1, 2 * SECOND, 2 * SECOND + 1)
    ]


def test_an_issue_is_answered_to_whom_an_automatic_letter_went(store: Store) -> None:
    sent = write(store, automatic=True)
    write(store, issue=sent.issue, recipient=BOB)

    def answered(issue: RowId, recipient: Address) -> bool:
        return store.read(lambda tx: letters.answered(tx, issue=issue, recipient=recipient))

    assert answered(sent.issue, REPORTER)
    assert answered(sent.issue, replace(REPORTER, local=REPORTER.local.title()))
    assert not answered(sent.issue, BOB), "that letter was a person's"
    assert not answered(sent.issue, ALICE)
    assert not answered(write(store).issue, REPORTER)


def test_an_issue_has_the_kinds_of_its_letters(store: Store) -> None:
    sent = write(store, kind="acknowledgement")
    other = write(store, kind="reply")
    has = partial(letters.has_kind, issue=sent.issue)
    assert store.read(partial(has, kind="acknowledgement"))
    assert not store.read(partial(has, kind="reply"))
    assert store.read(partial(letters.has_kind, issue=other.issue, kind="reply"))
