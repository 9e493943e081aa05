"""`gatekeeper audit`: what is on record, whether the record is whole, and a copy for others."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.cli import frozen
from gatekeeper.cli.grammar import Verbs, noun, verb, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.identity import RowId
    from gatekeeper.domain.instants import Instant
    from gatekeeper.store.audit import EventRow
    from gatekeeper.store.chain import Head
    from gatekeeper.store.heads import Quoted
    from gatekeeper.store.tx import Tx

_ERASED = "(erased)"
_DAMAGED = "(damaged)"
_LAST = 50
_LAST_MAX = 1_000_000_000


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "audit", text="the event log")
    _add_show(verbs)
    checked = verb(
        verbs,
        "verify",
        run=verify,
        text="check that no entry was changed, removed, added or reordered",
        more=(
            "Reads the whole log and compares its end with the head that the master key seals. "
            "A database that was set back as a whole is sound in itself: give heads that were "
            "kept elsewhere, as each mail to the team and the service's log quote them."
        ),
        example="gatekeeper audit verify --head 812:0f3a9c11d2e4b567:9b1c22ab90d7e35c",
    )
    checked.add_argument(
        "--head",
        metavar="SEQ:HEX[:MAC]",
        action="append",
        default=[],
        help="a head of the log that was quoted once; may be given several times",
    )
    checked.add_argument(
        "--file",
        metavar="EXPORT",
        type=Path,
        help="check an exported log instead, without database and key",
    )
    out = verb(
        verbs,
        "export",
        run=export,
        text="write the whole log as JSON lines, which anybody can check",
        more=(
            "Opened, in clear, mode 0600. That it was exported is recorded first. Status 1 when "
            "the content of an entry is not what was recorded: that one is marked."
        ),
        example="gatekeeper audit export events.jsonl",
    )
    out.add_argument("file", metavar="FILE", type=Path, help="a file that is not there yet")
    frozen.add(verbs)


def _add_show(verbs: Verbs) -> None:
    show = verb(
        verbs,
        "show",
        run=show_entries,
        text="print entries of the log, oldest first",
        more=(
            f"The newest {_LAST} unless told otherwise. That they were shown is recorded first. "
            "Status 1 when the content of one is not what was recorded; the others are shown."
        ),
        example="gatekeeper audit show --issue SEC-2026-0007 --since 2026-11-01",
    )
    show.add_argument("--issue", metavar="ID", help="those about one issue")
    show.add_argument("--kind", metavar="KIND", default="", help="of one kind, or of all in KIND.")
    show.add_argument("--since", metavar="DATE", help="from 2026-11-25 or 2026-11-25T12:00Z on")
    last = whole(0, _LAST_MAX, "entries")
    show.add_argument("--last", metavar="N", type=last, default=_LAST, help="the newest N of them")


def show_entries(options: argparse.Namespace) -> int:
    """Print the entries that were asked for; 1 when one of them is damaged, else 0."""
    from gatekeeper.cli.opening import record, records
    from gatekeeper.cli.terminal import emit_json, emit_table
    from gatekeeper.domain.instants import rfc3339
    from gatekeeper.store import audit

    since = _since(options.since)

    def look(tx: "Tx") -> "tuple[EventRow, ...]":
        issue = _issue(tx, options.issue)
        found = audit.listed(tx, issue=issue, kind=options.kind, since=since, last=options.last)
        record(tx, "audit.shown", issue=issue, payload={"entries": len(found)})
        return found

    with records(options) as store:
        rows = store.write(look)
        names = store.read(_names)
    status = 1 if any(row.damage for row in rows) else 0
    if options.json:
        emit_json([_value(row, names) for row in rows])
        return status
    emit_table(
        ("SEQ", "AT", "ISSUE", "KIND", "WHO", "WHAT"),
        [
            (
                row.seq,
                rfc3339(row.at),
                _about(row, names),
                row.kind,
                _who(row),
                _said(row),
            )
            for row in rows
        ],
    )
    return status


def verify(options: argparse.Namespace) -> int:
    """Print the head of the log, or what does not hold; 1 when something does not."""
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.store.heads import Quoted

    known = [Quoted.parse(text) for text in options.head]
    if options.file is not None:
        quoted, head, problems, erased = _verify_export(options.file, known)
    else:
        quoted, head, problems, erased = _verify_log(options, known)
    sound = head is not None and not problems
    if options.json:
        digest = head.digest.hex() if sound and head else None
        said = {"sound": sound, "head": digest, "quoted": quoted if sound else None}
        emit_json({**said, "erased": erased, "problems": list(problems)})
    elif sound:
        more = f", the content of {erased} was erased" if erased else ""
        emit_lines(f"the log is whole: entry {quoted}{more}")
    else:
        emit_lines(*problems)
    return 0 if sound else 1


def _verify_log(
    options: argparse.Namespace, known: "Sequence[Quoted]"
) -> "tuple[str, Head | None, tuple[str, ...], int]":
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.config import witness
    from gatekeeper.start import open_store
    from gatekeeper.store import audit, frozen, heads

    def look(tx: "Tx") -> tuple[str, ...]:
        kept = (line for head in known for line in heads.problems(tx, head))
        freeze = frozen.of(tx)
        lost = (
            f"entry {head.seq}, which was seen, is not in it: the database is frozen for that"
            for head in (freeze.witnesses if freeze is not None else ())
        )
        return (*audit.verify(tx), *kept, *lost)

    settings = settings_of(options)
    with open_store(settings) as store:
        problems = store.read(look)
        if behind := witness.look(settings, store).behind:
            problems = (*problems, f"it is behind what this host has seen of it: {behind}")
        if problems:
            return "", None, problems, 0
        head, erased = store.read(lambda tx: (audit.head(tx), audit.erased(tx)))
        return store.read(lambda tx: heads.quoted(tx.codec, head)), head, (), erased


def _verify_export(
    path: Path, known: "Sequence[Quoted]"
) -> "tuple[str, Head | None, tuple[str, ...], int]":
    from gatekeeper.domain.errors import TheirFault
    from gatekeeper.store import exported

    try:
        with path.open("rb") as file:
            found = exported.check(file, known)
    except OSError as error:
        raise TheirFault(
            f"{path} cannot be read", reason=error.strerror or "", remedy="name an export"
        ) from None
    quoted = f"{found.head.seq}:{found.head.digest.hex()[:16]}"
    return quoted, found.head, found.problems, found.erased


def export(options: argparse.Namespace) -> int:
    """Write the whole log into a new file; 1 when an entry is damaged, else 0."""
    from gatekeeper.cli.folder import file_at_once
    from gatekeeper.cli.opening import record, records
    from gatekeeper.cli.terminal import emit_json, emit_lines, safe
    from gatekeeper.store import exported

    damaged: list[int] = []
    with records(options) as store, file_at_once(options.file) as (target, file):
        store.write(lambda tx: record(tx, "audit.exported"))

        def write(tx: "Tx") -> int:
            # a read may be repeated: then the file begins anew, too
            file.seek(0)
            file.truncate()
            damaged.clear()
            count = 0
            for line in exported.lines(tx, damaged):
                file.write(line)
                count += 1
            return count - 1

        entries = store.read(write)
    if options.json:
        emit_json({"file": str(target), "entries": entries, "damaged": damaged})
    else:
        emit_lines(f"{safe(str(target))}: {entries} entries; all of it is in clear")
        emit_lines(*(f"entry {seq} is damaged, see: gatekeeper audit verify" for seq in damaged))
    return 1 if damaged else 0


def _since(text: str | None) -> "Instant | None":
    from datetime import UTC, datetime

    from gatekeeper.domain.errors import TheirFault
    from gatekeeper.domain.instants import from_datetime

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return from_datetime(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        message = "that is no date"
        raise TheirFault(message, remedy="write 2026-11-25 or 2026-11-25T12:00Z") from None


def _issue(tx: "Tx", text: str | None) -> "RowId | None":
    from gatekeeper.domain.errors import NotThere, TheirFault
    from gatekeeper.domain.identity import IssueId
    from gatekeeper.store import issues

    if text is None:
        return None
    try:
        wanted = IssueId.parse(text)
    except ValueError as error:
        raise TheirFault(str(error), remedy="see: gatekeeper issue list") from None
    found = issues.get(tx, wanted)
    if found is None:
        raise NotThere(f"there is no issue {wanted}", remedy="see: gatekeeper issue list")
    return found.id


def _names(tx: "Tx") -> "dict[bytes, str]":
    from gatekeeper.store import issues

    return {row.id: str(row.issue_id) for row in issues.list_all(tx)}


def _about(row: "EventRow", names: "dict[bytes, str]") -> str:
    return names.get(row.issue, "(gone)") if row.issue is not None else ""


def _who(row: "EventRow") -> str:
    if row.damage:
        return _DAMAGED
    return row.actor if row.actor is not None else _ERASED


def _said(row: "EventRow") -> str:
    import json

    if row.damage:
        return f"it {row.damage}"
    return _ERASED if row.payload is None else json.dumps(row.payload, ensure_ascii=False)


def _value(row: "EventRow", names: "dict[bytes, str]") -> dict[str, object]:
    from gatekeeper.cli.issue_values import event_value

    erased = row.payload is None and not row.damage
    return {**event_value(row), "issue": _about(row, names) or None, "erased": erased}
