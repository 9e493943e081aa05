"""Fills a database with issues: some real ones to look up, and rows that only take up room."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from sqlalchemy import Table, insert, text

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId, short_tag
from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.report import Envelope, Kind, MessageState
from gatekeeper.store import deliveries, issues, keys, letters, messages, products, tables
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.products import ProductRow
from gatekeeper.store.tx import POSTGRESQL, Tx
from tests import arriving
from tests.house import ALIAS, START

PER_ISSUE = 10
"""Messages in an issue; about each there is a letter to one recipient."""

SENDER = Address.parse("andrea@team.example")

_BATCH = 500
_TOKEN = b"holder.........."


def message_id(issue: IssueRow) -> str:
    """Return the Message-ID of the letter in a real issue that went to SENDER."""
    return f"<{issue.tag}@example.org>"


def fill(store: Store, count: int, samples: int) -> list[IssueRow]:
    """Make `count` issues with PER_ISSUE messages each; return `samples` of them that are real."""
    row = ProductRow(key="default", issue_prefix="SEC")
    product = store.write(lambda tx: products.ensure(tx, row, now=START))
    made: list[IssueRow] = []
    while len(made) < count:
        size = min(_BATCH, count - len(made))
        made += store.write(partial(_issues, product, size))
    real = made[:: count // samples][:samples]
    known = {issue.id for issue in real}
    padding = [issue.id for issue in made if issue.id not in known]
    for issue in real:
        store.write(partial(_talk, product, issue))
    _pad(store, tables.messages, (_message(product, each) for each in _spread(padding)))
    pairs = [_letter(each) for each in _spread(padding)]
    _pad(store, tables.letters, iter(letter for letter, _ in pairs))
    _pad(store, tables.deliveries, iter(delivery for _, delivery in pairs))
    if store.dialect == POSTGRESQL:
        # what the server does by itself within a minute
        store.write(lambda tx: tx.connection.execute(text("ANALYZE")))
    return real


def _issues(product: RowId, count: int, tx: Tx) -> list[IssueRow]:
    return [_issue(product, tx) for _ in range(count)]


def _issue(product: RowId, tx: Tx) -> IssueRow:
    return issues.open_issue(
        tx,
        product=product,
        prefix="SEC",
        tag=short_tag(keys.new_id()),
        subject="Overflow in the parser of the second header",
        reporter="robin@research.example",
        now=START,
    )


def _talk(product: RowId, issue: IssueRow, tx: Tx) -> None:
    """Put real messages into an issue, and a letter that went to SENDER."""
    sender = Address.parse("robin@research.example")
    envelope = Envelope(sender=sender, recipients=(ALIAS,), peer="192.0.2.7", protocol="ESMTP")
    for number in range(PER_ISSUE):
        raw = f"Subject: {issue.tag} {number}\r\n\r\ntext\r\n".encode()
        arriving.add(tx, product=product, raw=raw, envelope=envelope, now=START)
    for claimed in messages.claim(tx, now=START, lease=1, token=_TOKEN, limit=PER_ISSUE):
        messages.finish(
            tx,
            message=claimed.id,
            token=_TOKEN,
            kind=Kind.REPORT,
            issue=issue.id,
            summary={"subject": "Overflow", "text": "text\n" * 200},
            message_id=None,
            now=START,
        )
    letter = NewLetter(
        issue=issue.id,
        message=None,
        kind="copy",
        message_id=message_id(issue),
        plaintext=b"",
        frame_head=b"",
        frame_tail=b"",
        summary={},
    )
    added = letters.add(tx, letter, now=START)
    deliveries.add(
        tx, letter=added, issue=issue.id, recipient=SENDER, name="Andrea", due_at=START, now=START
    )


def _spread(padding: Sequence[RowId]) -> Iterator[RowId]:
    """Give each issue its turns as time brings them: not one issue after the other."""
    for _ in range(PER_ISSUE):
        yield from padding


def _pad(store: Store, table: Table, rows: Iterator[Mapping[str, object]]) -> None:
    while batch := list(islice(rows, _BATCH)):
        store.write(partial(_insert, table, batch))


def _insert(table: Table, batch: Sequence[Mapping[str, object]], tx: Tx) -> None:
    tx.connection.execute(insert(table), batch)


def _now() -> Instant:
    return later(START, int.from_bytes(os.urandom(5)))


def _message(product: RowId, issue: RowId) -> Mapping[str, object]:
    now = _now()
    return {
        "id": keys.new_id(),
        "product": product,
        "envelope": os.urandom(200),
        "arrival": os.urandom(32),
        "size": 5000,
        "received_at": now,
        "state": MessageState.HANDLED,
        "due_at": now,
        "attempts": 1,
        "updated_at": now,
        "kind": Kind.REPORT,
        "issue": issue,
        "message_id": os.urandom(32),
        "summary": os.urandom(1500),
    }


def _letter(issue: RowId) -> tuple[Mapping[str, object], Mapping[str, object]]:
    letter, now = keys.new_id(), _now()
    times = {"created_at": now, "due_at": now}
    return {
        "id": letter,
        "issue": issue,
        "kind": "copy",
        "message_id": os.urandom(120),
        "message_id_key": os.urandom(32),
        "frame_head": os.urandom(600),
        "frame_tail": os.urandom(100),
        "summary": os.urandom(200),
        "sealed_at": now,
        **times,
    }, {
        "id": keys.new_id(),
        "letter": letter,
        "issue": issue,
        "recipient": os.urandom(80),
        "recipient_key": os.urandom(32),
        "name": os.urandom(80),
        "state": DeliveryState.DELIVERED,
        "first_due_at": now,
        "attempts": 1,
        "doubts": 0,
        "fingerprints": os.urandom(100),
        "key_packets": os.urandom(150),
        "own": False,
        "updated_at": now,
        **times,
    }
