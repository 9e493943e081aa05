"""`gatekeeper issue`: the issues, and who wrote what in them."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.errors import NotThere, TheirFault
from gatekeeper.domain.identity import IssueId, short_tag
from gatekeeper.domain.instants import rfc3339, spoken

if TYPE_CHECKING:
    from gatekeeper.store.audit import EventRow
    from gatekeeper.store.issues import IssueRow
    from gatekeeper.store.messages import StoredMessage
    from gatekeeper.store.tx import Tx


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "issue", text="issues and their threads")
    verb(
        verbs,
        "list",
        run=show_all,
        text="list all issues",
        more="Looking is recorded in the event log.",
        example="gatekeeper issue list",
    )
    shown = verb(
        verbs,
        "show",
        run=show,
        text="show one issue and what happened in it",
        more="Looking is recorded in the event log.",
        example="gatekeeper issue show SEC-2026-0007",
    )
    thread = verb(
        verbs,
        "thread",
        run=show_thread,
        text="print who wrote what when, and what was verified of it",
        more="Opens what is sealed; looking is recorded in the event log.",
        example="gatekeeper issue thread SEC-2026-0007",
    )
    for parser in (shown, thread):
        parser.add_argument("id", metavar="ID", help="the issue's id, such as SEC-2026-0007")


def show_all(options: argparse.Namespace) -> int:
    """Print every issue, oldest first."""
    from gatekeeper.cli.opening import record, records
    from gatekeeper.cli.terminal import emit_json, emit_table
    from gatekeeper.store import issues

    def look(tx: "Tx") -> "tuple[IssueRow, ...]":
        rows = issues.list_all(tx)
        record(tx, "issue.listed", payload={"issues": len(rows)})
        return rows

    with records(options) as store:
        rows = store.write(look)
    if options.json:
        emit_json([_value(row) for row in rows])
        return 0
    emit_table(
        ("ISSUE", "STATE", "OPENED", "MESSAGES", "SUBJECT"),
        [
            (r.issue_id, r.state, rfc3339(r.opened_at)[:16] + "Z", r.message_count, r.subject)
            for r in rows
        ],
    )
    return 0


def show(options: argparse.Namespace) -> int:
    """Print one issue with its entries in the event log."""
    from gatekeeper.cli.opening import record, records
    from gatekeeper.cli.terminal import emit_json, emit_lines, emit_pairs, painted, safe
    from gatekeeper.store import audit

    def look(tx: "Tx") -> "tuple[IssueRow, tuple[EventRow, ...]]":
        row = _named(tx, options.id)
        entries = audit.of_issue(tx, row.id)
        record(tx, "issue.shown", issue=row.id)
        return row, entries

    with records(options) as store:
        row, entries = store.write(look)
    if options.json:
        emit_json({**_value(row), "history": [_event(entry) for entry in entries]})
        return 0
    emit_pairs(
        {
            "issue": row.issue_id,
            "subject": row.subject,
            "state": row.state,
            "reporter": row.reporter or "not said",
            "opened": spoken(row.opened_at),
            "updated": spoken(row.updated_at),
            "messages": row.message_count,
            "outer tag": row.tag,
        }
    )
    emit_lines("", painted("History", "bold"))
    for entry in entries:
        by = f" by {safe(entry.actor)}" if entry.actor else ""
        emit_lines(f"  {spoken(entry.at)}  {safe(entry.kind)}{by}")
    return 0


def show_thread(options: argparse.Namespace) -> int:
    """Print the messages of one issue in the order in which they came."""
    from gatekeeper.cli.opening import record, records
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.store import messages

    def look(tx: "Tx") -> "tuple[IssueRow, tuple[StoredMessage, ...]]":
        row = _named(tx, options.id)
        found = messages.of_issue(tx, row.id)
        record(tx, "issue.read", issue=row.id, payload={"messages": len(found)})
        return row, found

    with records(options) as store:
        row, found = store.write(look)
    if options.json:
        emit_json({"issue": str(row.issue_id), "messages": [_message(one) for one in found]})
        return 0
    emit_lines(f"{row.issue_id}: {len(found)} {'message' if len(found) == 1 else 'messages'}")
    for one in found:
        _tell(one)
    return 0


def _named(tx: "Tx", text: str) -> "IssueRow":
    from gatekeeper.store import issues

    try:
        wanted = IssueId.parse(text)
    except ValueError as error:
        raise TheirFault("that is no issue id", reason=str(error)) from None
    row = issues.get(tx, wanted)
    if row is None:
        raise NotThere(f"there is no issue {wanted}", remedy="see: gatekeeper issue list")
    return row


def _value(row: "IssueRow") -> dict[str, object]:
    return {
        "issue": str(row.issue_id),
        "state": row.state,
        "subject": row.subject,
        "reporter": row.reporter,
        "tag": row.tag,
        "opened_at": rfc3339(row.opened_at),
        "updated_at": rfc3339(row.updated_at),
        "messages": row.message_count,
    }


def _event(entry: "EventRow") -> dict[str, object]:
    return {
        "seq": entry.seq,
        "at": rfc3339(entry.at),
        "kind": entry.kind,
        "actor": entry.actor,
        "payload": entry.payload,
    }


def _message(one: "StoredMessage") -> dict[str, object]:
    summary = one.summary or {}
    return {
        "id": short_tag(one.id),
        "received_at": rfc3339(one.received_at),
        "kind": str(one.kind) if one.kind else None,
        "size": one.size,
        **{name: summary.get(name) for name in _SUMMARY},
    }


_SUMMARY = (
    *("subject", "from", "to", "date", "encryption", "signature", "signer", "from_confirmed"),
    *("pieces", "problems", "text"),
)


def _tell(one: "StoredMessage") -> None:
    from gatekeeper.cli.terminal import emit_lines, emit_pairs, painted, safe_lines

    said = _message(one)
    emit_lines("", painted(f"── {spoken(one.received_at)} ──", "bold"))
    listed = {name: said[name] for name in ("pieces", "problems") if said[name]}
    emit_pairs(
        {
            "from": said["from"] or "nobody",
            "subject": said["subject"] or "(no subject)",
            "written": said["date"] or "not said",
            "encryption": said["encryption"] or "not known",
            "signature": said["signature"] or "not known",
            "message": f"{said['id']}, {said['kind']}, {one.size} bytes",
            **listed,
        }
    )
    text = str(said["text"] or "").rstrip()
    if text:
        emit_lines("", *(f"  {line}".rstrip() for line in safe_lines(text).split("\n")))
