"""The event log as JSON lines, which anybody can check without the database and its key.

One object a line, an entry each: all that the chain covers, in hexadecimal digits where it is
bytes, and `salt` and `payload` (the exact text that was hashed) unless they were erased. Where
they are not what was recorded, `damaged` says so instead. The last line holds `head` alone, as it
is quoted elsewhere.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping

from gatekeeper.domain.errors import TheirFault
from gatekeeper.store import audit, heads
from gatekeeper.store.audit import Content
from gatekeeper.store.chain import Erasures, Follower, Head, commitment, lacking
from gatekeeper.store.heads import Quoted
from gatekeeper.store.tx import Tx

_PLAIN: Final = ("seq", "at", "kind")
_BYTES: Final = ("issue", "message", "delivery", "commitment", "digest")
_ALWAYS: Final = ("commitment", "digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of an export: its last entry, what does not hold, and how many were erased."""

    head: Head
    problems: tuple[str, ...]
    erased: int


def lines(tx: Tx, damaged: list[int] | None = None) -> Iterator[bytes]:
    """Yield the whole log, a line at a time, LF at the end of each.

    The numbers of entries whose content is not what was recorded are added to `damaged`.
    """
    for row, content in audit.all_opened(tx):
        if content.damage and damaged is not None:
            damaged.append(row["seq"])
        yield _line(_entry(row, content))
    yield _line({"head": heads.quoted(tx.codec, audit.head(tx), whole=True)})


def check(found: Iterable[bytes], known: Iterable[Quoted] = ()) -> Checked:
    """Follow the chain of an export, and compare it with heads that are known from elsewhere.

    The MAC of a head needs the master key, so it is not looked at here. TheirFault when a line is
    not one that `lines` makes.
    """
    follower, erasures = Follower(), Erasures()
    problems: list[str] = []
    wanted = {head.seq: head for head in known}
    ended: Quoted | None = None
    erased = 0
    for number, line in enumerate(found, 1):
        if ended is not None:
            raise _broken(number)
        value = _value(line, number)
        if set(value) == {"head"}:
            ended = Quoted.parse(str(value["head"]))
            continue
        entry = _read(value, number)
        problems += follower.take(entry)
        if "damaged" in value:
            problems.append(f"entry {entry['seq']} was damaged when it was exported")
            erasures.take({**entry, "payload": b""})
        else:
            problems += _content_problems(entry)
            erasures.take(entry)
            erased += entry["payload"] is None
        problems += _unlike(follower.last, wanted.pop(follower.last.seq, None))
    problems += erasures.problems()
    problems += _end_problems(follower.last, ended)
    for head in wanted.values():
        if head.seq > follower.last.seq:
            problems.append(f"{lacking(follower.last.seq + 1, head.seq)} at the end")
    return Checked(head=follower.last, problems=tuple(problems), erased=erased)


def _entry(row: RowMapping, content: Content) -> Mapping[str, object]:
    said: dict[str, object] = {name: row[name] for name in _PLAIN}
    said |= {name: row[name].hex() if row[name] is not None else None for name in _BYTES}
    salt, payload = content.salt, content.payload
    said["salt"] = salt.hex() if salt is not None else None
    said["payload"] = payload.decode("ascii") if payload is not None else None
    return said | ({"damaged": content.damage} if content.damage else {})


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _value(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _broken(number)
    return value


def _read(value: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return an entry with its bytes; one that lacks something or holds another kind is broken."""
    try:
        entry: dict[str, Any] = {
            "seq": int(value["seq"]),
            "at": int(value["at"]),
            "kind": str(value["kind"]),
        }
        for name in (*_BYTES, "salt"):
            given = value[name]
            if given is None and name in _ALWAYS:
                raise _broken(number)
            entry[name] = bytes.fromhex(given) if given is not None else None
        payload = value["payload"]
        entry["payload"] = payload.encode("ascii") if payload is not None else None
        entry["seq"].to_bytes(8)
        entry["at"].to_bytes(8, signed=True)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise _broken(number) from None
    return entry


def _content_problems(entry: Mapping[str, Any]) -> Iterator[str]:
    salt, payload = entry["salt"], entry["payload"]
    if (salt is None) != (payload is None):
        yield f"entry {entry['seq']} holds a salt or a payload alone"
    elif payload is not None and commitment(salt, payload) != entry["commitment"]:
        yield f"entry {entry['seq']} has other content than was recorded"


def _unlike(last: Head, head: Quoted | None) -> Iterator[str]:
    if head is not None and not last.digest.hex().startswith(head.digest):
        yield f"entry {head.seq}, {head.digest[:16]} is another one in this log"


def _end_problems(last: Head, ended: Quoted | None) -> Iterator[str]:
    if ended is None:
        yield "the export was cut off: its last line, with the head, is missing"
    elif (ended.seq, ended.digest) != (last.seq, last.digest.hex()):
        yield f"the log does not end in the head of its export, entry {ended.seq}"


def _broken(number: int) -> TheirFault:
    return TheirFault(
        f"line {number} is none of an export of the event log",
        remedy="give the file that `gatekeeper audit export` wrote",
    )
