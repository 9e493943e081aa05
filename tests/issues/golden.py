"""Texts of ours as golden files hold them: what differs from run to run has a name in braces."""

import re

from gatekeeper.domain.verdict import spaced
from tests.house import START, House, alias_key, person_key
from tests.issues.reports import newer_key, robin_key, stranger_key


def with_names(block: str, house: House) -> str:
    """Return a block with names for keys, sizes of keys and ciphertext, hashes and numbers."""
    alias = house.keyring.find(alias_key().fingerprint, START)
    assert alias is not None
    keys = {
        alias.encryption_keys[0].fingerprint: "{our encryption key}",
        person_key(0).fingerprint: "{Andrea's key}",
        person_key(0).fingerprint[-16:]: "{Andrea's key id}",
        robin_key().fingerprint: "{Robin's key}",
        robin_key().fingerprint[-16:]: "{Robin's key id}",
        newer_key().fingerprint: "{Robin's newer key}",
        stranger_key().fingerprint: "{another key}",
    }
    for key, name in keys.items():
        block = re.sub(r"\s+".join(spaced(key).split()), name, block).replace(key, name)
    block = re.sub(r'\d+ bytes: "(?=poc|key)', '{size} bytes: "', block)
    block = re.sub(r"(message/rfc822,) \d+ bytes", r"\1 {size} bytes", block)
    block = re.sub(r"SEC-2026-0\d{3}", "SEC-2026-{number}", block)
    block = re.sub(r"\b[0-9a-f]{64}\b", "{hash}", block)
    return re.sub(r"entry \d+:[0-9a-f]{16}:[0-9a-f]{16}", "entry {number}:{digest}:{mac}", block)
