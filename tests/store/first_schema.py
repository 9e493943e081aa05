"""Rows as the program of schema 0001 wrote them, in every table and every state.

Nothing of the present store is used but its codec: tables, columns, purposes of look-ups and the
chain of events are written here as they were then.
"""

import hashlib
import json

from sqlalchemy import column, delete, table

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, later
from gatekeeper.store.seal import Place
from gatekeeper.store.tx import Tx
from tests.store.samples import ALIAS, NOW, REPORTER, TOKEN

CHUNK_BYTES = 1024 * 1024
RAW = bytes(range(256)) * (CHUNK_BYTES // 100)
SHARED = RAW[::-1]
OWN = b"own packet" * 300_000

PRODUCT, LIST = RowId(b".........product"), RowId(b"............list")
ISSUE = RowId(b"...........issue")
OPEN, HANDLED, QUARANTINED, CLAIMED = (
    RowId(f"{name:.>16}".encode()) for name in ("open", "handled", "quarantined", "claimed")
)
MESSAGES = (OPEN, HANDLED, QUARANTINED, CLAIMED)
SEALED_LETTER, NEW_LETTER = RowId(b"...sealed letter"), RowId(b"......new letter")
EVENTS = (("opened", "Alice", HANDLED), ("sent", "relay", None))
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
    """Insert a row as the program of then did: it names only the columns that it knows."""
    tx.connection.execute(table(into, *(column(one) for one in values)).insert().values(values))


def seal(tx: Tx, name: str, row: bytes, plaintext: str | bytes) -> bytes:
    """Return a text or bytes sealed for `table.column` of a row."""
    raw = plaintext.encode() if isinstance(plaintext, str) else plaintext
    in_table, in_column = name.split(".")
    return tx.codec.seal(Place(table=in_table, column=in_column, row=row), raw)


def seal_json(tx: Tx, name: str, row: bytes, value: object) -> bytes:
    """Return a JSON value sealed, in the spelling of then."""
    return seal(tx, name, row, spelled(value))


def spelled(value: object) -> bytes:
    """Return the one JSON spelling of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def chunks(tx: Tx, name: str, row: bytes, plaintext: bytes) -> list[tuple[int, bytes]]:
    """Return number and sealed bytes of each MiB."""
    parts = [plaintext[at : at + CHUNK_BYTES] for at in range(0, len(plaintext), CHUNK_BYTES)]
    last = len(parts) - 1
    return [
        (seq, seal(tx, name, row + seq.to_bytes(4) + bytes([seq == last]), part))
        for seq, part in enumerate(parts)
    ]


def fill(tx: Tx) -> None:
    """Put rows into every table of 0001, in every state."""
    fill_meta(tx)
    insert(tx, "products", id=PRODUCT, key="default", issue_prefix="SEC", created_at=NOW)
    insert(tx, "lists", id=LIST, key="pre-disclosure", created_at=NOW)
    insert(tx, "product_lists", product=PRODUCT, list=LIST)
    insert(tx, "counters", product=PRODUCT, year=2026, value=7)
    insert(
        tx,
        "issues",
        id=ISSUE,
        product=PRODUCT,
        prefix="SEC",
        year=2026,
        number=7,
        tag="oldtag7",
        subject=seal(tx, "issues.subject", ISSUE, "Overflow"),
        reporter=seal(tx, "issues.reporter", ISSUE, "Rae <reporter@example.org>"),
        state="reported",
        version=3,
        opened_at=NOW,
        updated_at=NOW,
    )
    for at, message in enumerate(MESSAGES):
        fill_message(tx, message, at=at)
    for letter in (SEALED_LETTER, NEW_LETTER):
        fill_letter(tx, letter)
    for delivery_state, delivery in DELIVERIES.items():
        fill_delivery(tx, delivery, delivery_state)
    fill_events(tx)


def fill_meta(tx: Tx) -> None:
    """Write the proof of the master key, alone, as the database began."""
    tx.connection.execute(delete(table("meta")))
    name = "master key check"
    proof = seal(tx, "meta.value", name.encode(), "this database belongs to this master key")
    insert(tx, "meta", name=name, value=proof)


def fill_events(tx: Tx) -> None:
    """Write two chained entries and the head."""
    digest = hashlib.sha256(b"gatekeeper event log 1").digest()
    for seq, (kind, actor, message) in enumerate(EVENTS, 1):
        salt, text = bytes(31) + bytes([seq]), spelled({"actor": actor, "payload": {}})
        commitment = hashlib.sha256(salt + text).digest()
        hashed = hashlib.sha256(digest + seq.to_bytes(8) + NOW.to_bytes(8, signed=True))
        hashed.update(len(kind).to_bytes(2) + kind.encode())
        for reference in (ISSUE, message or b"", b""):
            hashed.update(len(reference).to_bytes(2) + reference)
        hashed.update(commitment)
        digest = hashed.digest()
        row = seq.to_bytes(8)
        insert(
            tx,
            "events",
            seq=seq,
            at=NOW,
            kind=kind,
            issue=ISSUE,
            message=message,
            delivery=None,
            commitment=commitment,
            digest=digest,
            salt=seal(tx, "events.salt", row, salt),
            payload=seal(tx, "events.payload", row, text),
        )
    head = seal(tx, "meta.value", b"chain head", len(EVENTS).to_bytes(8) + digest)
    insert(tx, "meta", name="chain head", value=head)


def fill_message(tx: Tx, message: RowId, *, at: int) -> None:
    """Insert a message in the state that its id tells."""
    problem = seal(tx, "messages.problem", message, "gpg said no")
    summary = seal_json(tx, "messages.summary", message, {"subject": "Overflow"})
    special: dict[RowId, dict[str, object]] = {
        OPEN: {"state": "stored"},
        HANDLED: {
            "state": "handled",
            "kind": "report",
            "issue": ISSUE,
            "summary": summary,
            "message_id": tx.codec.lookup("message-id", b"<report@example.org>"),
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
    raw = hashlib.sha256(message + RAW).hexdigest()
    arrived = json.dumps([raw, str(REPORTER), [str(ALIAS)]])
    insert(
        tx,
        "messages",
        id=message,
        product=PRODUCT,
        envelope=seal_json(tx, "messages.envelope", message, envelope),
        arrival=tx.codec.lookup("arrival", arrived.encode()),
        size=len(message + RAW),
        received_at=later(NOW, at * SECOND),
        due_at=NOW,
        attempts=1,
        updated_at=NOW,
        **special[message],
    )
    for seq, data in chunks(tx, "message_chunks.data", message, message + RAW):
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
        message_id_key=tx.codec.lookup("message-id", message_id.encode()),
        frame_head=seal(tx, "letters.frame_head", letter, "head"),
        frame_tail=seal(tx, "letters.frame_tail", letter, "tail"),
        summary=seal_json(tx, "letters.summary", letter, {"a": 1}),
        created_at=NOW,
        sealed_at=NOW if letter == SEALED_LETTER else None,
        due_at=NOW,
    )
    parts = {"plaintext": RAW}
    if letter == SEALED_LETTER:
        parts["shared"] = SHARED
    for part, content in parts.items():
        place = letter + part.encode()
        for seq, data in chunks(tx, "letter_chunks.data", place, content):
            insert(tx, "letter_chunks", letter=letter, part=part, seq=seq, data=data)


def fill_delivery(tx: Tx, delivery: RowId, state: DeliveryState) -> None:
    """Insert a delivery in a state; the deferred one has a packet of its own."""
    packed = state not in {DeliveryState.PENDING, DeliveryState.BLOCKED}
    own = state is DeliveryState.DEFERRED
    recipient = f"{state}@team.example"
    reason = seal(tx, "deliveries.reason", delivery, "no key")
    sealed_to = seal_json(tx, "deliveries.fingerprints", delivery, ["A" * 40])
    insert(
        tx,
        "deliveries",
        id=delivery,
        letter=NEW_LETTER if state is DeliveryState.PENDING else SEALED_LETTER,
        issue=ISSUE,
        recipient=seal(tx, "deliveries.recipient", delivery, recipient),
        recipient_key=tx.codec.lookup("address", recipient.encode()),
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
    packet = chunks(tx, "delivery_chunks.data", delivery, OWN)
    for seq, data in packet if own else ():
        insert(tx, "delivery_chunks", delivery=delivery, seq=seq, data=data)
