"""Rows as the program of schema 0003 wrote them, in what 0002 did not have."""

from gatekeeper.store.tx import Tx
from tests.store.first_schema import ISSUE, insert, seal
from tests.store.samples import FINGERPRINT, NOW

TABLES = {"key_warnings"}


def fill(tx: Tx) -> None:
    """Tell of the end of a key: once to the team, once to the people of an issue."""
    for issue in (b"", ISSUE):
        key = tx.codec.lookup("key warning", FINGERPRINT.encode() + issue)
        insert(tx, "key_warnings", fingerprint_key=key, ends_at=NOW, stage="ended", told_at=NOW)
    alias = b'["' + FINGERPRINT.encode() + b'"]'
    insert(tx, "meta", name="alias key", value=seal(tx, "meta.value", b"alias key", alias))
