"""Rows as the program of schema 0001 wrote them, in every table and every state."""

from typing import Any

from sqlalchemy import column, table

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, later
from gatekeeper.store import audit, fields, keys, products
from gatekeeper.store.fields import CHUNK_BYTES
from gatekeeper.store.products import ListRow, ProductRow
from gatekeeper.store.tables import SEALED
from gatekeeper.store.tx import Tx
from tests.store.samples import ALIAS, ENVELOPE, NOW, REPORTER, TOKEN

RAW = bytes(range(256)) * (CHUNK_BYTES // 100)
SHARED = RAW[::-1]
OWN = b"own packet" * 300_000

ISSUE = RowId(b"...........issue")
OPEN, HANDLED, QUARANTINED, CLAIMED = (
    RowId(f"{name:.>16}".encode()) for name in ("open", "handled", "quarantined", "claimed")
)
MESSAGES = (OPEN, HANDLED, QUARANTINED, CLAIMED)
SEALED_LETTER, NEW_LETTER = RowId(b"...sealed letter"), RowId(b"......new letter")
DELIVERIES = {state: RowId(f"{state:.>16}".encode()) for state in DeliveryState}
TABLES = {
    "counters",
    "deliveries",
    "delivery_chunks",
    "events",
    "issues",
    "letter_chunks",
    "letters",
    "lists",
    "message_chunks",
    "messages",
    "meta",
    "product_lists",
    "products",
}


def insert(tx: Tx, into: str, /, **values: object) -> None:
    """Insert a row as the program of 0001 did: it names only the columns that it knows."""
    tx.connection.execute(table(into, *(column(one) for one in values)).insert().values(values))


def sealed(name: str) -> Any:  # noqa: ANN401 - a column of any type
    """Return the sealed column `table.column`."""
    return next(one for one in SEALED if str(one) == name)


def seal(tx: Tx, name: str, row: bytes, plaintext: str) -> bytes:
    """Return a text sealed for its place."""
    return fields.seal_text(tx, sealed(name), row, plaintext)


def fill(tx: Tx) -> None:
    """Put rows into every table of 0001, in every state."""
    product = products.ensure(tx, ProductRow(key="default", issue_prefix="SEC"), now=NOW)
    products.ensure_list(tx, ListRow(key="pre-disclosure"), product=product, now=NOW)
    insert(tx, "counters", product=product, year=2026, value=7)
    insert(
        tx,
        "issues",
        id=ISSUE,
        product=product,
        prefix="SEC",
        year=2026,
        number=7,
        tag="tag7",
        subject=seal(tx, "issues.subject", ISSUE, "Overflow"),
        reporter=seal(tx, "issues.reporter", ISSUE, "Rae <reporter@example.org>"),
        state="reported",
        version=3,
        opened_at=NOW,
        updated_at=NOW,
    )
    for at, message in enumerate(MESSAGES):
        fill_message(tx, message, product=product, at=at)
    for letter in (SEALED_LETTER, NEW_LETTER):
        fill_letter(tx, letter)
    for delivery_state, delivery in DELIVERIES.items():
        fill_delivery(tx, delivery, delivery_state)
    audit.append(
        tx, kind="opened", actor="Alice", now=NOW, payload={"a": 1}, issue=ISSUE, message=HANDLED
    )
    audit.append(tx, kind="sent", actor="relay", now=NOW, payload={}, issue=ISSUE)


def fill_message(tx: Tx, message: RowId, *, product: RowId, at: int) -> None:
    """Insert a message in the state that its id tells."""
    problem = seal(tx, "messages.problem", message, "gpg said no")
    summary = fields.seal_json(tx, sealed("messages.summary"), message, {"subject": "Overflow"})
    special: dict[RowId, dict[str, object]] = {
        OPEN: {"state": "stored"},
        HANDLED: {
            "state": "handled",
            "kind": "report",
            "issue": ISSUE,
            "summary": summary,
            "message_id": keys.of_message_id(tx, "<report@example.org>"),
        },
        QUARANTINED: {"state": "quarantined", "problem": problem},
        CLAIMED: {"state": "claimed", "lease": TOKEN},
    }
    envelope = {
        "sender": str(REPORTER),
        "recipients": [str(ALIAS)],
        "peer": "192.0.2.1",
        "protocol": "ESMTP",
        "tls": True,
    }
    insert(
        tx,
        "messages",
        id=message,
        product=product,
        envelope=fields.seal_json(tx, sealed("messages.envelope"), message, envelope),
        arrival=keys.of_arrival(tx, message + RAW, ENVELOPE),
        size=len(message + RAW),
        received_at=later(NOW, at * SECOND),
        due_at=NOW,
        attempts=1,
        updated_at=NOW,
        **special[message],
    )
    for seq, data in fields.seal_chunks(tx, sealed("message_chunks.data"), message, message + RAW):
        insert(tx, "message_chunks", message=message, seq=seq, data=data)


def fill_letter(tx: Tx, letter: RowId) -> None:
    """Insert a letter, sealed or not."""
    message_id = f"<{letter.decode()}@example.org>"
    insert(
        tx,
        "letters",
        id=letter,
        issue=ISSUE,
        message=HANDLED,
        kind="copy",
        message_id=seal(tx, "letters.message_id", letter, message_id),
        message_id_key=keys.of_message_id(tx, message_id),
        frame_head=seal(tx, "letters.frame_head", letter, "head"),
        frame_tail=seal(tx, "letters.frame_tail", letter, "tail"),
        summary=fields.seal_json(tx, sealed("letters.summary"), letter, {"a": 1}),
        created_at=NOW,
        sealed_at=NOW if letter == SEALED_LETTER else None,
        due_at=NOW,
    )
    parts = {"plaintext": RAW}
    if letter == SEALED_LETTER:
        parts["shared"] = SHARED
    for part, content in parts.items():
        place = letter + part.encode()
        for seq, data in fields.seal_chunks(tx, sealed("letter_chunks.data"), place, content):
            insert(tx, "letter_chunks", letter=letter, part=part, seq=seq, data=data)


def fill_delivery(tx: Tx, delivery: RowId, state: DeliveryState) -> None:
    """Insert a delivery in a state; the deferred one has a packet of its own."""
    packed = state not in {DeliveryState.PENDING, DeliveryState.BLOCKED}
    own = state is DeliveryState.DEFERRED
    recipient = f"{state}@team.example"
    reason = seal(tx, "deliveries.reason", delivery, "no key")
    sealed_to = fields.seal_json(tx, sealed("deliveries.fingerprints"), delivery, ["A" * 40])
    insert(
        tx,
        "deliveries",
        id=delivery,
        letter=NEW_LETTER if state is DeliveryState.PENDING else SEALED_LETTER,
        issue=ISSUE,
        recipient=seal(tx, "deliveries.recipient", delivery, recipient),
        recipient_key=keys.of_address(tx, Address.parse(recipient)),
        name=seal(tx, "deliveries.name", delivery, "Alice"),
        state=state.value,
        due_at=NOW,
        first_due_at=NOW,
        lease=TOKEN if state is DeliveryState.CLAIMED else None,
        attempts=2,
        doubts=1,
        fingerprints=sealed_to if packed else None,
        key_packets=seal(tx, "deliveries.key_packets", delivery, "keys") if packed else None,
        own=own,
        reply=seal(tx, "deliveries.reply", delivery, "451 later"),
        reason=reason if state is DeliveryState.BLOCKED else None,
        created_at=NOW,
        updated_at=NOW,
    )
    packet = fields.seal_chunks(tx, sealed("delivery_chunks.data"), delivery, OWN)
    for seq, data in packet if own else ():
        insert(tx, "delivery_chunks", delivery=delivery, seq=seq, data=data)
