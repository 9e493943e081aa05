"""Values and rows that the store's tests start from."""

from dataclasses import dataclass
from itertools import count

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import Attempt, DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant
from gatekeeper.domain.report import Envelope
from gatekeeper.store import (
    copies,
    correspondents,
    deliveries,
    issues,
    letters,
    marks,
    products,
)
from gatekeeper.store.copies import Copy
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.marks import Held, Mark
from gatekeeper.store.products import ProductRow
from gatekeeper.store.tx import Tx
from tests import arriving

NOW = Instant(1_790_000_000 * 1_000_000)
"""2026-09-21, well inside a year."""

LEASE = DAY
TOKEN = b"first holder...."
OTHER = b"second holder..."

ALICE = Address.parse("alice@team.example")
BOB = Address.parse("bob@team.example")
REPORTER = Address.parse("reporter@example.org")
ALIAS = Address.parse("security@example.org")

ENVELOPE = Envelope(
    sender=REPORTER, recipients=(ALIAS,), peer="192.0.2.1", protocol="ESMTP", tls="TLSv1.3"
)

FINGERPRINT = "0123456789ABCDEF" * 2 + "01234567"
OTHER_FINGERPRINT = "FEDCBA9876543210" * 2 + "FEDCBA98"

_numbers = count(1)


def product(tx: Tx) -> RowId:
    """Return the one product."""
    return products.ensure(tx, ProductRow(key="default", issue_prefix="SEC"), now=NOW)


def message(tx: Tx, *, raw: bytes = b"Subject: hello\r\n\r\nbody\r\n", now: Instant = NOW) -> RowId:
    """Return a stored message."""
    return arriving.add(tx, product=product(tx), raw=raw, envelope=ENVELOPE, now=now).id


def issue(tx: Tx, *, now: Instant = NOW) -> issues.IssueRow:
    """Return a new issue."""
    return issues.open_issue(
        tx,
        product=product(tx),
        prefix="SEC",
        tag=f"tag{next(_numbers)}",
        subject="Overflow in the parser",
        reporter="Rae Porter <reporter@example.org>",
        now=now,
    )


def new_letter(issue_row: RowId | None, *, message_id: str | None = None) -> NewLetter:
    """Return a letter that is not in the database yet, with a Message-ID of its own."""
    return NewLetter(
        issue=issue_row,
        message=None,
        kind="copy",
        message_id=message_id or f"<{next(_numbers)}@example.org>",
        plaintext=b"plaintext",
        frame_head=b"head",
        frame_tail=b"tail",
        summary={"subject": "Overflow"},
    )


def correspondent(
    tx: Tx, *, issue_row: RowId | None = None, name: str = "reporter", address: Address = REPORTER
) -> Correspondent:
    """Return a new correspondent, of an issue of its own unless one is given."""
    return correspondents.add(
        tx,
        issue=issue_row or issue(tx).id,
        name=name,
        address=address,
        wrote_in_clear=True,
        now=NOW,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A letter to one recipient."""

    issue: RowId
    letter: RowId
    delivery: RowId


def pending(
    tx: Tx,
    *,
    recipient: Address = ALICE,
    now: Instant = NOW,
    due_at: Instant = NOW,
    urgent: bool = False,
) -> Sent:
    """Return a letter with one pending delivery."""
    opened = issue(tx).id
    letter = letters.add(tx, new_letter(opened), now=now)
    delivery = deliveries.add(
        tx,
        letter=letter,
        issue=opened,
        recipient=recipient,
        name="Alice",
        due_at=due_at,
        now=now,
        urgent=urgent,
    )
    return Sent(issue=opened, letter=letter, delivery=delivery)


def sealed(
    tx: Tx, *, recipient: Address = ALICE, due_at: Instant = NOW, urgent: bool = False
) -> Sent:
    """Return a letter with one sealed delivery."""
    sent = pending(tx, recipient=recipient, due_at=due_at, urgent=urgent)
    seal(tx, sent.delivery)
    return sent


def seal(tx: Tx, delivery: RowId, *, own_packet: bytes | None = None) -> None:
    """Seal a pending delivery."""
    copies.seal_all(
        tx,
        [
            Copy(
                delivery=delivery,
                key_packets=b"key packets",
                fingerprints=["A" * 40],
                own_packet=own_packet,
            )
        ],
        now=NOW,
    )


def record(
    tx: Tx, *, delivery: RowId, token: bytes, attempt: Attempt, now: Instant
) -> DeliveryState | None:
    """Record what came of one attempt; None when the token's lease is over."""
    mark = Mark(held=Held(delivery=delivery, token=token), attempt=attempt)
    (marked,) = marks.record_all(tx, [mark], now=now)
    return marked.state if marked is not None else None
