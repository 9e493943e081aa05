"""Rows as the program of schema 0002 wrote them, in the tables that 0001 did not have."""

from gatekeeper.domain.report import Kind
from gatekeeper.store import correspondents, messages, requests, seen
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.first_schema import CLAIMED, HANDLED, ISSUE
from tests.store.samples import FINGERPRINT, NOW, OTHER_FINGERPRINT, TOKEN

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


def fill(tx: Tx) -> None:
    """Converse in the issue that is there already."""
    whom = samples.correspondent(tx, issue_row=ISSUE).id
    correspondents.pin(
        tx,
        correspondent=whom,
        certificate=b"certificate",
        fingerprint=FINGERPRINT,
        key_ids=[FINGERPRINT[-16:]],
        now=NOW,
    )
    correspondents.offer(
        tx, correspondent=whom, certificate=b"other", fingerprint=OTHER_FINGERPRINT, now=NOW
    )
    request = requests.add(
        tx,
        issue=ISSUE,
        kind="reply",
        effect=DIGEST,
        payload={"text": "hello"},
        needed=2,
        created_by="Alice",
        now=NOW,
    )
    requests.approve(tx, request=request, person="A" * 40, name="Alice", now=NOW)
    seen.first_time(tx, digest=DIGEST, message=HANDLED, now=NOW)
    messages.finish(
        tx,
        message=CLAIMED,
        token=TOKEN,
        kind=Kind.REPORT,
        issue=ISSUE,
        summary={},
        message_id=None,
        now=NOW,
        ciphertexts=[DIGEST],
    )
