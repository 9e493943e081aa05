"""The chain of the event log: how entries follow from each other, known without database or key.

digest = SHA-256(previous digest | seq | at | kind | issue | message | delivery | commitment),
commitment = SHA-256(salt | payload). What erases a payload erases its salt, and the chain holds.
An entry of an issue that comes later says that it was done: kind and issue are in the digest, so
nobody without the master key can put one there afterwards.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping

ISSUE_ERASED: Final = "issue.erased"
"""The kind of the entry that ends an issue's content; it stays with its payload."""

PIECE_ERASED: Final = "issue.erasing"
"""The kind of the entry that says of some entries of an issue that they were erased."""

MAIL_ERASED: Final = "mail.erased"
"""The kind of the entry that says that mail was erased, of an issue or of none."""

KEPT: Final = (ISSUE_ERASED, PIECE_ERASED, MAIL_ERASED)
"""Entries that hold no word of anybody's, and whose content therefore is never erased."""

Entry = Mapping[str, Any] | RowMapping
"""Seq, at, kind, issue, message, delivery, commitment and digest of one entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest entry: its number (0: none yet) and its digest, 32 bytes."""

    seq: int
    digest: bytes


EMPTY: Final = Head(seq=0, digest=hashlib.sha256(b"gatekeeper event log 1").digest())
"""The head of a log without entries."""


def digest_after(previous: bytes, entry: Entry) -> bytes:
    """Return the digest of an entry that follows the one whose digest is `previous`."""
    kind = entry["kind"].encode("utf-8", "surrogatepass")
    hashed = hashlib.sha256(previous)
    hashed.update(entry["seq"].to_bytes(8) + entry["at"].to_bytes(8, signed=True))
    hashed.update(len(kind).to_bytes(2) + kind)
    for name in ("issue", "message", "delivery"):
        reference = entry[name] or b""
        hashed.update(len(reference).to_bytes(2) + reference)
    hashed.update(entry["commitment"])
    return hashed.digest()


def commitment(salt: bytes, payload: bytes) -> bytes:
    """Return what an entry keeps of its content: nothing that tells it once the salt is gone."""
    return hashlib.sha256(salt + payload).digest()


class Follower:
    """Follows a chain from its beginning, entry by entry; `last` is the one it is at."""

    def __init__(self) -> None:
        self.last = EMPTY

    def take(self, entry: Entry) -> Iterator[str]:
        """Go on to the next entry, and yield what does not hold.

        Each is judged by its own digest, so that one change is one problem.
        """
        seq, last = entry["seq"], self.last
        self.last = Head(seq=seq, digest=entry["digest"])
        if seq <= last.seq:
            yield f"entry {seq} stands behind entry {last.seq}"
        elif seq != last.seq + 1:
            yield lacking(last.seq + 1, seq - 1)
        elif digest_after(last.digest, entry) != entry["digest"]:
            yield f"entry {seq} does not follow from the one before it"


class Erasures:
    """Follows the log from its beginning, and finds content that is gone without a record of it.

    Content of an entry may be gone when an entry of the same issue comes after it and says so;
    what names no issue is never erased.
    """

    def __init__(self) -> None:
        self._unexplained: dict[bytes | None, list[int]] = {}

    def take(self, entry: Entry) -> None:
        """Go on to the next entry; `payload` is None when its content is gone."""
        if entry["kind"] in (ISSUE_ERASED, PIECE_ERASED) and entry["issue"] is not None:
            self._unexplained.pop(entry["issue"], None)
        if entry["payload"] is None:
            issue = entry["issue"] if entry["kind"] not in KEPT else None
            self._unexplained.setdefault(issue, []).append(entry["seq"])

    def problems(self) -> tuple[str, ...]:
        """Return what is left when the whole log was taken, a line for each entry."""
        found = sorted(seq for entries in self._unexplained.values() for seq in entries)
        says = "its content was removed, and no entry says that it was erased"
        return tuple(f"entry {seq}: {says}" for seq in found)


def lacking(first: int, last: int) -> str:
    """Say in words that the entries from `first` to `last` are not there."""
    if first == last:
        return f"entry {first} is missing"
    return f"entries {first} to {last} are missing"
