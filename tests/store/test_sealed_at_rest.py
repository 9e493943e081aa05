"""A stolen database tells nothing: canaries from every secret field stand in none of its bytes."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import LargeBinary, Text, cast, inspect, select, text

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.expiry import Stage
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Envelope, Kind
from gatekeeper.store import (
    audit,
    connect,
    correspondents,
    deliveries,
    issues,
    key_warnings,
    letters,
    messages,
    products,
    requests,
    seen,
)
from gatekeeper.store.engine import Store
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.products import ListRow, ProductRow
from gatekeeper.store.seal import MasterKey
from gatekeeper.store.tables import LOOKUPS, SEALED, metadata
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN

CANARY = "Canary7f3aQuetzal"
PEER = "198.51.100.77"
FINGERPRINT = "C0FFEE" * 6 + "BEEF"
ADDRESS = Address.parse(f"{CANARY}@{CANARY}.example")
DIGEST_TEXT = "Digest of what was signed 91f4.."
DIGEST = DIGEST_TEXT.encode()
SECRETS = (CANARY, PEER, FINGERPRINT, FINGERPRINT[-16:], DIGEST_TEXT)


def fill(tx: Tx) -> None:
    """Put a secret into every field that takes one, through every function that writes."""
    product = samples.product(tx)
    products.ensure_list(tx, ListRow(key="pre-disclosure"), product=product, now=NOW)
    message = handled(tx)
    quarantined(tx)
    issue = issues.open_issue(
        tx, product=product, prefix="SEC", tag="t", subject=CANARY, reporter=CANARY, now=NOW
    ).id
    letter = letters.add(
        tx,
        NewLetter(
            issue=issue,
            message=message,
            kind="copy",
            message_id=f"<{CANARY}@{CANARY}.example>",
            plaintext=CANARY.encode() * 1000,
            frame_head=CANARY.encode(),
            frame_tail=CANARY.encode(),
            summary={CANARY: CANARY},
        ),
        now=NOW,
    )
    deliver(tx, letter)
    converse(tx, issue=issue, message=message)
    audit.append(tx, kind="x", actor=CANARY, now=NOW, payload={CANARY: CANARY}, issue=issue)


def handled(tx: Tx) -> RowId:
    """Store and handle a message."""
    envelope = Envelope(sender=ADDRESS, recipients=(ADDRESS,), peer=PEER, protocol="ESMTP")
    raw = f"From: {CANARY}\r\n\r\n{CANARY}\r\n".encode() * 200_000
    message = messages.add(tx, product=samples.product(tx), raw=raw, envelope=envelope, now=NOW).id
    messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.finish(
        tx,
        message=message,
        token=TOKEN,
        kind=Kind.REPORT,
        issue=None,
        summary={"subject": CANARY},
        message_id=f"<{CANARY}@example.org>",
        now=NOW,
        sender=ADDRESS,
        thread=f"<{CANARY}@example.org>",
        ciphertexts=[DIGEST],
    )
    return message


def quarantined(tx: Tx) -> None:
    """Store a message that cannot be handled."""
    samples.message(tx, raw=CANARY.encode())
    (held,) = messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.fail(tx, message=held.id, token=TOKEN, problem=CANARY, quarantine=True, now=NOW)


def deliver(tx: Tx, letter: RowId) -> None:
    """Seal and deliver to one recipient, block another."""
    first, second = (
        deliveries.add(
            tx,
            letter=letter,
            issue=None,
            recipient=recipient,
            name=CANARY,
            due_at=NOW,
            now=NOW,
        )
        for recipient in (ADDRESS, replace(ADDRESS, local="other"))
    )
    letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    deliveries.sealed(
        tx,
        delivery=first,
        key_packets=CANARY.encode(),
        fingerprints=[FINGERPRINT],
        own_packet=CANARY.encode(),
        now=NOW,
    )
    deliveries.blocked(tx, delivery=second, reason=CANARY, now=NOW)
    letters.sealed(tx, letter=letter, token=TOKEN, shared=CANARY.encode(), now=NOW)
    deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    attempt = Attempt(outcome=Outcome.NOT_NOW, reply=CANARY)
    deliveries.record(tx, delivery=first, token=TOKEN, attempt=attempt, now=NOW)


def converse(tx: Tx, *, issue: RowId, message: RowId) -> None:
    """Write to someone outside, keep their keys, and ask a second person."""
    issues.set_owner(tx, issue=issue, owner=CANARY, now=NOW)
    whom = correspondents.add(
        tx, issue=issue, name="reporter", address=ADDRESS, wrote_in_clear=True, now=NOW
    ).id
    correspondents.pin(
        tx,
        correspondent=whom,
        certificate=CANARY.encode(),
        fingerprint=FINGERPRINT,
        key_ids=[FINGERPRINT[-16:]],
        now=NOW,
    )
    correspondents.offer(
        tx,
        correspondent=whom,
        certificate=CANARY.encode(),
        fingerprint=FINGERPRINT,
        now=NOW,
    )
    correspondents.give_nonce(tx, correspondent=whom, nonce=CANARY, now=NOW)
    request = requests.add(
        tx,
        issue=issue,
        kind="reply",
        effect=DIGEST,
        payload={CANARY: CANARY},
        needed=2,
        created_by=CANARY,
        now=NOW,
    )
    requests.approve(tx, request=request, person=FINGERPRINT, name=CANARY, now=NOW)
    seen.first_time(tx, digest=DIGEST, message=message, now=NOW)
    key_warnings.note(tx, fingerprint=FINGERPRINT, ends_at=NOW, stage=Stage.ENDED, now=NOW)
    keep_in_clear(tx, issue)


def keep_in_clear(tx: Tx, issue: RowId) -> None:
    """Keep a letter that goes out in clear: on the disk it is as secret as any."""
    new = replace(samples.new_letter(issue), form=Form.CLEAR_REPLY, plaintext=CANARY.encode())
    letter = letters.add(tx, new, now=NOW)
    deliveries.add(
        tx, letter=letter, issue=issue, recipient=ADDRESS, name=CANARY, due_at=NOW, now=NOW
    )
    letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=TOKEN, limit=9)
    letters.keep(tx, letter=letter, token=TOKEN, content=CANARY.encode(), now=NOW)


def spellings(secret: str) -> Iterator[bytes]:
    """Yield the ways in which bytes could still show a secret; all are compared in lower case."""
    raw = secret.encode()
    for folded in (raw, raw.lower(), raw.upper()):
        yield folded
        yield folded.hex().encode()
        yield folded.decode().encode("utf-16-le")
        for phase in range(3):
            # without the characters that also depend on what stands before and after
            encoded = b64encode(b"x" * phase + folded).rstrip(b"=")
            yield encoded[4 if phase else 0 : -1]


def found(secrets: tuple[str, ...], haystack: bytes) -> list[bytes]:
    """Return the spellings of secrets that stand in the bytes."""
    low = haystack.lower()
    return [one for secret in secrets for one in spellings(secret) if one.lower() in low]


def at_rest(store: Store, url: str) -> bytes:
    """Return everything that lies on the disk, or that a dump would hold."""
    if path := connect.sqlite_path(url):
        files = sorted(path.parent.glob(f"{path.name}*"))
        assert 3 == len(files), "the file, its -wal and its -shm"
        return b"".join(file.read_bytes() for file in files)
    return store.read(dump)


def dump(tx: Tx) -> bytes:
    """Return all columns of all tables as text and as bytes."""
    names = inspect(tx.connection).get_table_names()
    assert {*metadata.tables, "alembic_version"} == set(names)
    parts: list[bytes] = []
    for name in names:
        rows = tx.connection.execute(text(f"SELECT CAST(t AS text) FROM {name} AS t"))  # noqa: S608 - names of our own tables
        parts.extend(row[0].encode() for row in rows)
    for table in metadata.sorted_tables:
        columns = [
            column if isinstance(column.type, LargeBinary) else cast(column, Text)
            for column in table.columns
        ]
        for row in tx.connection.execute(select(*columns)):
            parts.extend(v if isinstance(v, bytes) else str(v).encode() for v in row)
    return b"\n".join(parts)


def test_no_secret_is_found_in_the_database(store: Store, migrated_url: str) -> None:
    store.write(fill)
    haystack = at_rest(store, migrated_url)
    assert len(haystack) > 5_000_000
    assert [] == found(SECRETS, haystack)
    assert [] == found((MasterKey.of(bytes(range(32))).secret.decode(),), haystack)


@pytest.mark.parametrize(
    "shown", [CANARY, CANARY.encode().hex(), b64encode(b"ab" + CANARY.encode()).decode()]
)
def test_the_search_finds_what_is_not_sealed(shown: str, store: Store, migrated_url: str) -> None:
    """One clear text column is enough to be found, in any spelling."""
    row = ProductRow(key=shown, issue_prefix="ZZ")
    store.write(lambda tx: products.ensure(tx, row, now=NOW))
    assert found(SECRETS, at_rest(store, migrated_url))


def test_every_sealed_column_was_filled(store: Store) -> None:
    """So that the search above speaks of all of them."""
    store.write(fill)

    def empty(tx: Tx) -> list[str]:
        return [
            str(column)
            for column in (*SEALED, *LOOKUPS)
            if tx.connection.execute(select(column).where(column.is_not(None))).first() is None
        ]

    assert [] == store.read(empty)
