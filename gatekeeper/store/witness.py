"""What a host has last seen of the database, kept outside it; and whether it was set back since.

A witness that is behind is harmless; one that is ahead says that entries are gone. Then the
database is frozen, and a new era begins (`store.eras`): the host goes on to note what is there, so
that a database that is set back once more while it is frozen is told again.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.domain.identity import IssueId
from gatekeeper.store import audit, eras, fields, frozen, heads, numbers
from gatekeeper.store.chain import EMPTY, Head
from gatekeeper.store.memory import Memory
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx

_PURPOSE: Final = "witness"
_FORMAT: Final = "gatekeeper-witness-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What was seen: the era, the newest entry, the highest number of each prefix and year."""

    era: int
    head: Head
    numbers: tuple[IssueId, ...]


class Forged(ValueError):
    """A witness that this installation did not write, or that was changed since."""


def seen(tx: Tx) -> Witness:
    """Return what there is to see of the database now."""
    freeze = frozen.of(tx)
    # those of a product that the copy does not know yet stand in the freeze alone
    given = numbers.together(numbers.highest(tx), freeze.numbers if freeze is not None else ())
    return Witness(era=eras.of(tx).number, head=audit.newest(tx), numbers=given)


def setback(tx: Tx, witness: Witness) -> str:
    """Say how the database is behind what a host saw of it, "" when it is not."""
    era = eras.of(tx)
    if witness.era > era.number:
        return "a newer state of it had been frozen, and is gone"
    if witness.era < era.number and witness.head.seq <= era.gone:
        return ""
    named = f"entry {witness.head.seq}, which this host has seen,"
    for line in heads.missing(tx, seq=witness.head.seq, digest=witness.head.digest, named=named):
        return f"in the event log, {line}"
    now = {(each.prefix, each.year): each.number for each in numbers.highest(tx)}
    for each in witness.numbers:
        known = now.get((each.prefix, each.year))
        if known is not None and known < each.number:
            return f"{each} had been given out, and the numbers go on below it"
    return ""


def forgotten(tx: Tx, memory: Memory) -> tuple[str, Witness] | None:
    """Say how the database is behind what this process remembers of it, and the entry that tells.

    None when it is not. Then the process remembers the newest alone; numbers it does not remember.
    """
    era, remembered = memory.recall()
    there = heads.digests(tx, [head.seq for head in remembered])
    lost = [head for head in remembered if there.get(head.seq) != head.digest]
    for head in reversed(lost):
        one = Witness(era=era, head=head, numbers=())
        if how := setback(tx, one):
            return how, one
    newest = remembered[-1] if remembered and not lost else audit.newest(tx)
    # what this transaction appended itself may be undone
    if newest != EMPTY and not tx.heads:
        memory.confirm(remembered, era=eras.of(tx).number, newest=newest)
    return None


def dump(codec: Codec, witness: Witness) -> bytes:
    """Return a witness as a text of two lines: what was seen, and its MAC."""
    said = fields.to_json(
        {
            "format": _FORMAT,
            "era": witness.era,
            "seq": witness.head.seq,
            "digest": witness.head.digest.hex(),
            "numbers": [str(each) for each in witness.numbers],
        }
    )
    return said + b"\n" + _mac(codec, said) + b"\n"


def load(codec: Codec, raw: bytes) -> Witness:
    """Return the witness that `dump` wrote, else Forged."""
    said, _, mac = raw.partition(b"\n")
    if not hmac.compare_digest(mac.strip(), _mac(codec, said)):
        raise Forged
    value: Mapping[str, Any] = json.loads(said)
    if value["format"] != _FORMAT:
        raise Forged
    return Witness(
        era=value["era"],
        head=Head(seq=value["seq"], digest=bytes.fromhex(value["digest"])),
        numbers=tuple(IssueId.parse(each) for each in value["numbers"]),
    )


def _mac(codec: Codec, said: bytes) -> bytes:
    return hmac.digest(codec.key(_PURPOSE), said, hashlib.sha256).hex().encode()
