"""What follows from a message: all of it in one commit, or nothing; and each kind its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from gatekeeper.domain import token
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.report import Kind, MessageState
from gatekeeper.inbound.classify import BOUNCE, classify
from gatekeeper.issues.handling import Arrival, handle
from gatekeeper.issues.letterhead import LOOP
from gatekeeper.store import audit, deliveries, issues, letters, messages
from gatekeeper.store.engine import Tx
from gatekeeper.store.faults import StaleLease
from gatekeeper.store.messages import StoredMessage
from tests.house import ALIAS, START, House
from tests.issues.reports import ANDREA, plain

PEOPLE = 3


def kind_of(house: House, message: RowId) -> Kind | None:
    return house.store.read(lambda tx: messages.head(tx, message)).kind


def report(house: House, raw: bytes | None = None, **how: str) -> StoredMessage:
    """Send a message through and return its row."""
    message = house.receive(raw or plain(), **how)
    house.settle()
    return house.store.read(lambda tx: messages.head(tx, message))


def letters_and_issues(house: House) -> tuple[int, int]:
    rows = house.store.read(deliveries.list_all)
    return len({row.letter for row in rows}), len(house.store.read(issues.list_all))


def first_letter(house: House) -> str:
    issue = house.store.read(issues.list_all)[0].id
    return house.store.read(lambda tx: letters.of_issue(tx, issue))[0].message_id


def test_a_report_opens_an_issue_and_goes_to_everyone(house: House) -> None:
    row = report(house)
    (issue,) = house.store.read(issues.list_all)
    assert (Kind.REPORT, issue.id) == (row.kind, row.issue)
    assert "robin@research.example" == issue.reporter
    assert PEOPLE == len(house.collect())
    entries = [entry.kind for entry in house.store.read(lambda tx: audit.of_issue(tx, issue.id))]
    assert ["issue.opened", "message.handled"] == entries[:2]


def test_the_block_quotes_the_log_as_it_stood_when_the_message_was_handled(house: House) -> None:
    message = house.receive(plain())
    house.inbound.tick()
    head = house.store.read(audit.head)
    letter = house.store.write(
        lambda tx: letters.claim_unsealed(tx, now=START, lease=1, token=b"x" * 16, limit=1)
    )[0]
    stored = house.store.read(lambda tx: letters.load(tx, letter))
    assert f"entry {head.seq}, {head.digest.hex()[:16]}".encode() in stored.plaintext
    assert message == stored.message


def test_a_bounce_is_recorded_where_its_delivery_belongs_and_nobody_gets_a_letter(
    house: House,
) -> None:
    issue = report(house).issue
    delivery = house.store.read(deliveries.list_all)[0]
    to = str(house.desk.own.bounce_address(token.mint(house.desk.token_key, BOUNCE, delivery.id)))
    row = report(house, plain(subject="Undelivered"), sender="", to=to)
    assert (Kind.BOUNCE, issue) == (row.kind, row.issue)
    assert (1, 1) == letters_and_issues(house)


@pytest.mark.parametrize("delivery", [b"\x07" * 16, None])
def test_a_bounce_of_nothing_we_know_is_recorded_alone(
    house: House, delivery: bytes | None
) -> None:
    key = house.desk.token_key
    name = token.mint(key, BOUNCE, row_id(delivery)) if delivery else "stranger"
    row = report(house, plain(), sender="", to=f"bounces+{name}@example.org")
    assert (Kind.BOUNCE, None) == (row.kind, row.issue)
    assert (0, 0) == letters_and_issues(house)


def test_our_own_copy_that_comes_back_comes_to_rest(house: House) -> None:
    issue = report(house).issue
    for job in house.collect():
        row = report(house, job.what.content, sender=str(job.sender))
        assert (Kind.LOOP, issue) == (row.kind, row.issue)
    assert [] == house.collect()
    assert (1, 1) == letters_and_issues(house)


def test_a_copy_older_than_the_database_comes_to_rest_too(house: House) -> None:
    """After a restore its row may be gone; it once waited for ever."""
    name = token.mint(house.desk.token_key, LOOP, row_id(b"\x07" * 16))
    row = report(house, plain(f"X-Gatekeeper-Loop: {name}"))
    assert (Kind.LOOP, None) == (row.kind, row.issue)


def test_a_loop_token_that_is_not_ours_suppresses_nothing(house: House) -> None:
    name = token.mint(b"another key" * 3, LOOP, row_id(b"\x07" * 16))
    assert Kind.REPORT is report(house, plain(f"X-Gatekeeper-Loop: {name}")).kind


@pytest.mark.parametrize("opened", [Kind.BOUNCE, Kind.LOOP])
def test_what_mail_servers_send_back_is_never_opened(house: House, opened: Kind) -> None:
    key = house.desk.token_key
    loop = token.mint(key, LOOP, row_id(b"\x07" * 16))
    bounce = token.mint(key, BOUNCE, row_id(b"\x07" * 16))
    if opened is Kind.LOOP:
        row = report(house, plain(f"X-Gatekeeper-Loop: {loop}"))
    else:
        row = report(house, plain(), to=f"bounces+{bounce}@example.org")
    assert row.summary is not None
    assert (opened, "not looked at") == (row.kind, row.summary["encryption"])


@pytest.mark.parametrize("word", ["auto-generated", "auto-replied", "auto-replied; x=y"])
def test_fresh_mail_that_calls_itself_automatic_is_still_a_report(house: House, word: str) -> None:
    row = report(house, plain(f"Auto-Submitted: {word}"))
    assert Kind.REPORT is row.kind
    assert PEOPLE == len(house.collect())


def test_an_automatic_answer_is_recorded_in_its_thread_and_not_passed_on(house: House) -> None:
    issue = report(house).issue
    fields = ("Auto-Submitted: auto-replied", f"In-Reply-To: {first_letter(house)}")
    row = report(house, plain(*fields, sender=ANDREA))
    assert (Kind.AUTO_REPLY, issue) == (row.kind, row.issue)
    assert (1, 1) == letters_and_issues(house)


def test_a_trackers_mail_in_a_thread_is_passed_on(house: House) -> None:
    """It calls all its mail automatic, but this is no answer to a letter of ours."""
    report(house)
    row = report(house, plain("Auto-Submitted: auto-generated", subject="SEC-2026-0001: more"))
    assert Kind.REPLY is row.kind
    assert (2, 1) == letters_and_issues(house)


WORDS = (
    *("Out of office: quota exceeded", "Undelivered Mail Returned to Sender", "vacation"),
    *("Mail delivery failed: unknown user", "access denied", "delayed 24 hours", "unsubscribe"),
)


def test_words_never_decide_what_a_message_is(house: House) -> None:
    fields = ("Precedence: bulk", "X-Auto-Response-Suppress: All", "List-Id: <x.y.example>")
    for words in WORDS:
        sender = "MAILER-DAEMON@r.example"
        raw = plain(*fields, sender=sender, subject=words, text=b"\r\n" + words.encode())
        assert Kind.REPORT is report(house, raw, sender="").kind, words
        assert PEOPLE == len(house.collect()), words


@pytest.mark.parametrize("local", ["postmaster", "abuse", "POSTMASTER"])
def test_mail_to_postmaster_reaches_the_team_without_an_issue(house: House, local: str) -> None:
    row = report(house, to=f"{local}@example.org")
    assert (Kind.POSTMASTER, None) == (row.kind, row.issue)
    assert (1, 0) == letters_and_issues(house)
    assert PEOPLE == len(house.collect())


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        (f"postmaster@example.org {ALIAS}", Kind.REPORT),
        (f"{ALIAS} SECURITY@EXAMPLE.ORG", Kind.REPORT),
        (f"bounces+x@example.org {ALIAS}", Kind.REPORT),
        ("bounces+x@example.org abuse@example.org", Kind.POSTMASTER),
        ("renamed@example.org", Kind.REPORT),
    ],
)
def test_mail_to_several_of_our_addresses_is_one_message(house: House, to: str, kind: Kind) -> None:
    assert kind is report(house, to=to).kind
    assert PEOPLE == len(house.collect())


class Interrupted(Exception):
    """The failure that a test puts between two statements."""


class Failing:
    """A connection that breaks at its n-th statement."""

    def __init__(self, connection: Connection, at: int) -> None:
        self._connection = connection
        self._left = at

    def __getattr__(self, name: str) -> Callable[..., Any]:
        self._left -= 1
        if self._left < 0:
            raise Interrupted
        return cast("Callable[..., Any]", getattr(self._connection, name))


def arrival(house: House, lease: bytes = b"l" * 16) -> Arrival:
    """Claim the one message that waits, and read it."""
    ((claimed),) = house.store.write(
        lambda tx: messages.claim(tx, now=house.now, lease=1_000_000, token=lease, limit=1)
    )
    stored = house.store.read(lambda tx: messages.load(tx, claimed.id))
    reading = house.reader.read(stored.raw or b"")
    return Arrival(
        id=claimed.id,
        lease=lease,
        envelope=stored.envelope,
        received_at=stored.received_at,
        reading=reading,
        classified=classify(reading, stored.envelope, house.desk.own, house.desk.token_key),
    )


def everything(house: House) -> object:
    """Return what handling writes, as far as people can see it."""
    store = house.store
    return (
        store.read(messages.counts),
        store.read(issues.list_all),
        store.read(deliveries.list_all),
        store.read(audit.head),
    )


def _is_handled(house: House, arrived: Arrival, at: int) -> bool:
    """Handle a message unless the statement numbered `at` is reached, which fails."""

    def broken(tx: Tx) -> None:
        failing = cast("Connection", Failing(tx.connection, at))
        handle(replace(tx, connection=failing), house.desk, arrived, house.now)

    try:
        house.store.write(broken)
    except Interrupted:
        return False
    return True


@pytest.mark.parametrize("is_reply", [False, True])
def test_a_failure_between_any_two_statements_leaves_nothing(
    house: House, *, is_reply: bool
) -> None:
    report(house, plain(subject="the first"))
    fields = (f"In-Reply-To: {first_letter(house)}",) if is_reply else ()
    house.receive(plain(*fields, sender=ANDREA))
    arrived = arrival(house)
    before = everything(house)

    at = 0
    while not _is_handled(house, arrived, at):
        assert before == everything(house)
        at += 1
    assert at > 12
    assert house.store.read(messages.counts)[MessageState.HANDLED] == 2
    assert (2, 1 if is_reply else 2) == letters_and_issues(house)
    assert () == house.store.read(audit.verify)


def test_a_lease_that_was_taken_over_writes_nothing(house: House) -> None:
    house.receive(plain())
    late = arrival(house, b"a" * 16)
    house.pass_time(2_000_000)
    owner = arrival(house, b"b" * 16)
    before = everything(house)
    with pytest.raises(StaleLease):
        house.store.write(lambda tx: handle(tx, house.desk, late, house.now))
    assert before == everything(house)
    house.store.write(lambda tx: handle(tx, house.desk, owner, house.now))
    with pytest.raises(StaleLease):
        house.store.write(lambda tx: handle(tx, house.desk, owner, house.now))
    assert (1, 1) == letters_and_issues(house)
