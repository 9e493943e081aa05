"""Row ids, and the keyed hashes by which rows are found without their content in clear."""

import hashlib
import json
import os

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId
from gatekeeper.domain.report import Envelope
from gatekeeper.store.tx import Tx


def new_id() -> RowId:
    """Return a fresh random row id of 128 bits."""
    return RowId(os.urandom(ROW_ID_BYTES))


def of_address(tx: Tx, address: Address) -> bytes:
    """Return the look-up of a mailbox; two spellings of one mailbox are equal."""
    return tx.codec.lookup("address", address.key.encode("utf-8", "surrogatepass"))


def of_message_id(tx: Tx, message_id: str) -> bytes:
    """Return the look-up of a Message-ID, which is compared exactly (RFC 5322 §3.6.4)."""
    return tx.codec.lookup("message-id", message_id.encode("utf-8", "surrogatepass"))


def of_arrival(tx: Tx, raw: bytes, envelope: Envelope) -> bytes:
    """Return the look-up of one message from one sender to the same recipients."""
    sender = envelope.sender.key if envelope.sender else None
    recipients = sorted({recipient.key for recipient in envelope.recipients})
    text = json.dumps([hashlib.sha256(raw).hexdigest(), sender, recipients])
    return tx.codec.lookup("arrival", text.encode())


def of_thread(tx: Tx, thread: str) -> bytes:
    """Return the look-up of a thread, which is named by its first message's Message-ID."""
    return tx.codec.lookup("thread", thread.encode("utf-8", "surrogatepass"))


def of_ciphertext(tx: Tx, digest: bytes) -> bytes:
    """Return the look-up of an encrypted data packet with that SHA-256 digest."""
    return tx.codec.lookup("ciphertext", digest)


def of_fingerprint(tx: Tx, fingerprint: str) -> bytes:
    """Return the look-up of a key by its fingerprint, spaced or not, in upper or lower case."""
    plain = "".join(fingerprint.split()).upper()
    return tx.codec.lookup("fingerprint", plain.encode("utf-8", "surrogatepass"))


def of_key_id(tx: Tx, key_id: str) -> bytes:
    """Return the look-up of a key's id of 16 hex digits, in upper or lower case."""
    return tx.codec.lookup("key id", key_id.upper().encode("utf-8", "surrogatepass"))


def of_effect(tx: Tx, effect: bytes) -> bytes:
    """Return the look-up of what a request would do, by its digest."""
    return tx.codec.lookup("effect", effect)


def of_word(tx: Tx, purpose: str, word: str, *, issue: bytes = b"") -> bytes:
    """Return the look-up of a word of one purpose, in one issue if given, so in each another."""
    return tx.codec.lookup(purpose, issue + word.encode("utf-8", "surrogatepass"))


def of_signed(tx: Tx, digest: bytes) -> bytes:
    """Return the look-up of something signed, by its digest."""
    return tx.codec.lookup("signed", digest)
