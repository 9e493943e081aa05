"""Rows as the program of schema 0002 wrote them, in what 0001 did not have."""

from sqlalchemy import column, table, update

from gatekeeper.domain.identity import RowId
from gatekeeper.store.tx import Tx
from tests.store.first_schema import CLAIMED, HANDLED, ISSUE, insert, seal, seal_json
from tests.store.samples import FINGERPRINT, NOW, OTHER_FINGERPRINT, REPORTER

TABLES = {
    "approvals",
    "correspondent_keys",
    "correspondents",
    "message_ciphertexts",
    "offered_keys",
    "requests",
    "seen_commands",
}
DIGEST = bytes(32)
CORRESPONDENT, REQUEST = RowId(b"...correspondent"), RowId(b".........request")


def fill(tx: Tx) -> None:
    """Converse in the issue that is there already."""
    fill_correspondent(tx)
    fill_request(tx)
    signed = tx.codec.lookup("signed", DIGEST)
    insert(tx, "seen_commands", digest=signed, message=HANDLED, at=NOW)
    handled = {
        "state": "handled",
        "lease": None,
        "kind": "report",
        "issue": ISSUE,
        "summary": seal_json(tx, "messages.summary", CLAIMED, {}),
        "sender": tx.codec.lookup("address", str(REPORTER).encode()),
        "thread": tx.codec.lookup("thread", b"<report@example.org>"),
    }
    messages = table("messages", column("id"), *(column(name) for name in handled))
    tx.connection.execute(update(messages).where(messages.c.id == CLAIMED).values(handled))
    ciphertext = tx.codec.lookup("ciphertext", DIGEST)
    insert(tx, "message_ciphertexts", message=CLAIMED, ciphertext=ciphertext)


def fill_correspondent(tx: Tx) -> None:
    """Write to one who pinned a key and offered another."""
    insert(
        tx,
        "correspondents",
        id=CORRESPONDENT,
        issue=ISSUE,
        name="reporter",
        address=seal(tx, "correspondents.address", CORRESPONDENT, str(REPORTER)),
        address_key=tx.codec.lookup("address", str(REPORTER).encode()),
        route=b"...........route",
        certificate=seal(tx, "correspondents.certificate", CORRESPONDENT, "certificate"),
        fingerprint=seal(tx, "correspondents.fingerprint", CORRESPONDENT, FINGERPRINT),
        nonce=seal(tx, "correspondents.nonce", CORRESPONDENT, "nonce"),
        wrote_in_clear=True,
        created_at=NOW,
        updated_at=NOW,
    )
    key_id = tx.codec.lookup("key id", FINGERPRINT[-16:].encode())
    insert(tx, "correspondent_keys", correspondent=CORRESPONDENT, key_id=key_id)
    key = tx.codec.lookup("fingerprint", OTHER_FINGERPRINT.encode())
    insert(
        tx,
        "offered_keys",
        correspondent=CORRESPONDENT,
        fingerprint_key=key,
        certificate=seal(tx, "offered_keys.certificate", CORRESPONDENT + key, "other"),
        fingerprint=seal(tx, "offered_keys.fingerprint", CORRESPONDENT + key, OTHER_FINGERPRINT),
        offered_at=NOW,
    )


def fill_request(tx: Tx) -> None:
    """Ask a second person, who has approved."""
    insert(
        tx,
        "requests",
        id=REQUEST,
        issue=ISSUE,
        kind="reply",
        effect=seal(tx, "requests.effect", REQUEST, DIGEST),
        effect_key=tx.codec.lookup("effect", DIGEST),
        payload=seal_json(tx, "requests.payload", REQUEST, {"text": "hello"}),
        needed=2,
        state="waiting",
        created_by=seal(tx, "requests.created_by", REQUEST, "Alice"),
        created_at=NOW,
        updated_at=NOW,
    )
    person = tx.codec.lookup("fingerprint", ("A" * 40).encode())
    name = seal(tx, "approvals.name", REQUEST + person, "Alice")
    insert(tx, "approvals", request=REQUEST, person_key=person, name=name, at=NOW)
