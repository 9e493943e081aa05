"""What is erased loses its content; what waits, is open, on hold or too new does not."""

from functools import partial

import pytest
from sqlalchemy import select, update

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.participants import Credit
from gatekeeper.domain.report import Kind
from gatekeeper.domain.retention import ERASED, ERASED_ADDRESS
from gatekeeper.store import (
    applied,
    audit,
    ceilings,
    clocks,
    correspondents,
    dates,
    deciding,
    deliveries,
    erasure,
    forgetting,
    issue_facts,
    issues,
    letters,
    messages,
    reminded,
    requests,
    scores,
    seen,
    tables,
)
from gatekeeper.store.applied import Applied
from gatekeeper.store.chain import ISSUE_ERASED
from gatekeeper.store.engine import Store
from gatekeeper.store.erasure import Erased
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tx import Tx
from tests.store import full, samples
from tests.store.samples import ALICE, LEASE, NOW, TOKEN

LATER = later(NOW, DAY)


def handled(tx: Tx, *, kind: Kind, issue: RowId | None) -> RowId:
    """Return a message that was handled as that kind."""
    row = samples.message(tx, raw=f"Subject: {kind} {issue!r}\r\n\r\n".encode())
    messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.finish(
        tx,
        message=row,
        token=TOKEN,
        kind=kind,
        issue=issue,
        summary={"text": "words", "subject": "Overflow"},
        message_id=None,
        now=NOW,
        ciphertexts=(b"c" * 32,),
    )
    return row


def a_case(tx: Tx, *, delivered: bool = True) -> RowId:
    """Return a closed issue with a message, a correspondent, an entry and a letter."""
    sent = samples.sealed(tx)
    handled(tx, kind=Kind.REPORT, issue=sent.issue)
    samples.correspondent(tx, issue_row=sent.issue)
    if delivered:
        deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
        taken = Attempt(outcome=Outcome.DELIVERED, reply="250 taken")
        samples.record(tx, delivery=sent.delivery, token=TOKEN, attempt=taken, now=NOW)
    audit.append(tx, kind="issue.shown", actor="Andrea", now=NOW, payload={}, issue=sent.issue)
    statement = update(tables.issues).where(tables.issues.c.id == sent.issue)
    tx.connection.execute(statement.values(state="disclosed", updated_at=NOW))
    return sent.issue


def due(store: Store) -> RowId | None:
    return store.read(partial(erasure.with_mail, before=LATER))


def test_a_closed_issue_with_mail_is_found_once_it_is_old_enough(store: Store) -> None:
    issue = store.write(a_case)
    assert store.read(partial(erasure.with_mail, before=NOW)) is None
    assert issue == due(store)


def test_an_open_issue_and_one_with_something_that_waits_are_not(store: Store) -> None:
    store.write(samples.sealed)
    store.write(partial(a_case, delivered=False))
    assert due(store) is None
    assert store.read(partial(forgetting.next_issue, before=LATER)) is None


def test_a_hold_keeps_it_and_says_whether_it_changed_anything(store: Store) -> None:
    issue = store.write(a_case)
    hold = partial(issues.hold, issue=issue)
    assert [True, False] == [store.write(partial(hold, on=True)) for _ in range(2)]
    assert due(store) is None
    assert not store.write(partial(issues.locked_unchanged, issue=issue, before=LATER))
    assert store.write(partial(hold, on=False))
    assert issue == due(store)
    assert store.write(partial(issues.locked_unchanged, issue=issue, before=LATER))
    with pytest.raises(Conflict, match="no such issue"):
        store.write(partial(issues.hold, issue=RowId(b"?" * 16), on=True))


def test_mail_then_all_else_of_an_issue_is_erased(store: Store) -> None:
    issue = store.write(a_case)
    assert store.read(partial(forgetting.next_issue, before=LATER)) is None, "it has mail"

    def erase(tx: Tx) -> Erased:
        erasure.for_good(tx)
        return erasure.mail_of(tx, issue, now=LATER)

    assert Erased(messages=1, letters=1) == store.write(erase)
    (message,) = store.read(lambda tx: messages.of_issue(tx, issue))
    assert store.read(lambda tx: messages.load(tx, message.id)).raw is None
    assert {"subject": "Overflow"} == message.summary
    (head,) = store.read(lambda tx: letters.of_issue(tx, issue))
    letter = store.read(lambda tx: letters.load(tx, head.id))
    assert (LATER, b"", None) == (head.erased_at, letter.plaintext, letter.shared)
    assert issue == store.read(partial(forgetting.next_issue, before=LATER))
    assert [1, 0] == [store.write(partial(forgetting.entries, issue=issue)) for _ in range(2)]
    store.write(partial(forgetting.rest, issue=issue))
    (row,) = store.read(lambda tx: deliveries.list_all(tx, issue=issue))
    (other,) = store.read(lambda tx: correspondents.of_issue(tx, issue))
    assert (ERASED_ADDRESS, ERASED, ERASED_ADDRESS) == (row.recipient, row.name, other.address)
    assert ERASED == store.read(lambda tx: issues.by_row(tx, issue)).subject
    assert () == store.read(lambda tx: messages.same_ciphertext(tx, b"c" * 32))
    said = audit.Entry(kind=ISSUE_ERASED, actor="gatekeeper", payload={}, issue=issue)
    store.write(lambda tx: audit.append_all(tx, (said,), now=LATER))
    assert () == store.read(audit.verify)


def test_what_was_decided_and_agreed_is_erased_and_instants_of_dates_stay(store: Store) -> None:
    issue = store.write(a_case)

    def fill_and_forget(tx: Tx) -> None:
        full.decide(tx, issue)
        reporter = correspondents.of_issue(tx, issue)[0].id
        credit = Credit(line=full.CANARY)
        correspondents.set_credit(tx, correspondent=reporter, credit=credit, now=NOW)
        forgetting.rest(tx, issue)

    store.write(fill_and_forget)
    decided = store.read(partial(deciding.get, issue=issue))
    assert (None, None, "") == (decided.track, decided.severity, decided.reason)
    empty: tuple[object, ...] = ({}, (), {}, None)
    assert empty == (
        store.read(partial(issue_facts.of_issue, issue=issue)),
        store.read(partial(ceilings.of_issue, issue=issue)),
        store.read(partial(clocks.of_issue, issue=issue)),
        store.read(partial(reminded.last, key=full.CANARY, issue=issue)),
    )
    (date,) = store.read(partial(dates.history, issue=issue))
    assert (NOW, dates.AGREED, ERASED, "", "") == (
        date.instant,
        date.state,
        date.by,
        date.via,
        date.reason,
    )
    (other,) = store.read(partial(correspondents.of_issue, issue=issue))
    assert other.credit is None


def test_what_was_asked_about_no_issue_is_forgotten_unless_it_is_in_force(store: Store) -> None:
    def ask(tx: Tx, effect: bytes, *, ends: bool = True, issue: RowId | None = None) -> RowId:
        made = requests.add(
            tx,
            issue=issue,
            kind="team",
            effect=effect,
            payload={"name": "Alice"},
            needed=2,
            created_by="Alice",
            now=NOW,
        )
        requests.approve(tx, request=made, person="A" * 40, name="Alice", now=NOW)
        if ends:
            requests.close(tx, request=made, state=requests.DONE, now=NOW)
        return made

    of_one = store.write(samples.issue).id
    store.write(partial(ask, effect=b"over"))
    store.write(partial(ask, effect=b"waits", ends=False))
    store.write(partial(ask, effect=b"of an issue", issue=of_one))
    stands = store.write(partial(ask, effect=b"in force"))
    in_force = Applied(kind="team", digest=b"1", content=b"", at=NOW, request=stands)
    store.write(partial(applied.adopt, new=in_force))
    forget = partial(forgetting.requests_of_none, before=LATER)
    assert 0 == store.write(partial(forgetting.requests_of_none, before=NOW))
    assert [1, 0] == [store.write(forget) for _ in range(2)]
    effects = (b"over", b"waits", b"of an issue", b"in force")
    kept = [store.read(partial(requests.by_effect, effect=effect)) for effect in effects]
    assert [False, True, True, True] == [one is not None for one in kept]


def test_what_machines_sent_goes_apart_from_mail_to_people(store: Store) -> None:
    open_ = store.write(samples.issue).id
    rows = [
        store.write(partial(handled, kind=kind, issue=issue))
        for kind, issue in (
            (Kind.BOUNCE, None),
            (Kind.BOUNCE, open_),
            (Kind.POSTMASTER, None),
        )
    ]
    automatic = partial(erasure.automatic, before=LATER, now=LATER)
    assert Erased(messages=1, letters=0) == store.write(automatic)
    assert 0 == store.write(automatic).rows
    postmaster = partial(erasure.postmaster, before=LATER, now=LATER)
    assert Erased(messages=1, letters=0) == store.write(postmaster)
    gone = [store.read(partial(messages.head, message=row)).erased_at for row in rows]
    assert [LATER, None, LATER] == gone


def test_people_are_forgotten_by_themselves(store: Store) -> None:
    sent = store.write(samples.sealed)
    message = store.write(partial(handled, kind=Kind.REPORT, issue=sent.issue))
    which = select(tables.deliveries.c.id).where(tables.deliveries.c.letter == sent.letter)
    store.write(partial(erasure.forget_recipients, which=which))
    store.write(partial(erasure.forget_senders, found=[message]))
    found = store.read(lambda tx: deliveries.get(tx, sent.delivery))
    assert found is not None
    assert ERASED_ADDRESS == found.recipient
    envelope = store.read(lambda tx: messages.head(tx, message)).envelope
    assert (None, (ERASED_ADDRESS,)) == (envelope.sender, envelope.recipients)


def test_old_commands_are_forgotten(store: Store) -> None:
    message = store.write(samples.message)
    store.write(partial(seen.first_time, digest=b"d" * 32, message=message, now=NOW))
    assert 0 == store.write(partial(erasure.commands, before=NOW))
    assert 1 == store.write(partial(erasure.commands, before=LATER))
    assert store.write(partial(seen.first_time, digest=b"d" * 32, message=message, now=NOW))


def test_a_score_is_locked_for_its_recipient_alone(store: Store) -> None:
    """Another's is counted meanwhile."""

    def both(tx: Tx) -> None:
        scores.lock(tx, ALICE)
        scores.lock(tx, Address.parse("bob@team.example"))

    store.write(both)
    assert () == store.read(scores.list_all)
