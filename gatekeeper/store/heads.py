"""Heads of the event log as they are quoted outside the database, where nobody can take them back.

A quoted head is `SEQ:DIGEST:MAC`, in hexadecimal digits: the entry's number, the first 8 bytes of
its digest (or all 32), and the first 8 of an HMAC-SHA256 over both. The key is derived from the
master key, so whoever can only write the database, or a mail, cannot make one.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import select

from gatekeeper.domain.errors import TheirFault
from gatekeeper.store import audit
from gatekeeper.store.chain import EMPTY, Head, lacking
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import events
from gatekeeper.store.tx import Tx

_PURPOSE: Final = "event head"
_SHORT: Final = 8
_QUOTED: Final = re.compile(
    r"(?P<seq>[0-9]{1,18}):(?P<digest>[0-9a-f]{16}(?:[0-9a-f]{48})?)(?::(?P<mac>[0-9a-f]{16}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A head as somebody kept it: `digest` perhaps cut to 16 digits, `mac` "" if none was kept."""

    seq: int
    digest: str
    mac: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the head that `text` quotes, as it stands in a mail, a log or an export."""
        found = _QUOTED.fullmatch("".join(text.split()).removeprefix("entry").lower())
        if found is None:
            raise TheirFault(
                "that is no head of the event log",
                remedy="copy it as it is quoted, SEQ:DIGEST or SEQ:DIGEST:MAC",
            )
        return cls(seq=int(found["seq"]), digest=found["digest"], mac=found["mac"] or "")


def quoted(codec: Codec, head: Head, *, whole: bool = False) -> str:
    """Return a head as it is quoted; with `whole`, all of its digest."""
    digest = head.digest if whole else head.digest[:_SHORT]
    return f"{head.seq}:{digest.hex()}:{mac(codec, head)}"


def mac(codec: Codec, head: Head) -> str:
    """Return the MAC by which a head of this installation is known, 16 hexadecimal digits."""
    return _mac(codec, head.seq, head.digest[:_SHORT])


def problems(tx: Tx, head: Quoted) -> Iterator[str]:
    """Yield what shows that the log is not the one of which `head` was quoted.

    So a log is found that was cut off or set back as a whole, although it is sound in itself.
    """
    named = f"entry {head.seq}, {head.digest[:16]}"
    short = bytes.fromhex(head.digest)[:_SHORT]
    if head.mac and not hmac.compare_digest(head.mac, _mac(tx.codec, head.seq, short)):
        yield f"{named}: this installation never quoted that head, its MAC is wrong"
        return
    yield from missing(tx, seq=head.seq, digest=bytes.fromhex(head.digest), named=named)


def missing(tx: Tx, *, seq: int, digest: bytes, named: str) -> Iterator[str]:
    """Yield how the log differs from one that has an entry `seq` whose digest begins so."""
    last = audit.newest(tx)
    if last.seq < seq:
        yield f"{lacking(last.seq + 1, seq)}: the log was cut off or set back"
        return
    found = EMPTY.digest if seq == 0 else digest_of(tx, seq)
    if found is None or found[: len(digest)] != digest:
        yield f"{named} is another one in this log: it was written anew or set back"


def digest_of(tx: Tx, seq: int) -> bytes | None:
    """Return the digest of an entry, None when there is none of that number."""
    return tx.connection.scalar(select(events.c.digest).where(events.c.seq == seq))


def digests(tx: Tx, seqs: Sequence[int]) -> dict[int, bytes]:
    """Return the digests of those entries that are there, by their numbers."""
    query = select(events.c.seq, events.c.digest).where(events.c.seq.in_(seqs))
    return {row.seq: row.digest for row in tx.connection.execute(query)}


def _mac(codec: Codec, seq: int, digest: bytes) -> str:
    about = seq.to_bytes(8) + digest
    return hmac.digest(codec.key(_PURPOSE), about, hashlib.sha256)[:_SHORT].hex()
