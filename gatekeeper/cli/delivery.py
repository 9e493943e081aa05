"""`gatekeeper delivery`: what was sent to whom, what the relay said, what is blocked and why."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.delivery import DeliveryEvent, DeliveryState, move
from gatekeeper.domain.errors import NotThere, Refusal, TheirFault
from gatekeeper.domain.identity import IssueId, RowId, short_tag
from gatekeeper.domain.instants import rfc3339, spoken

if TYPE_CHECKING:
    from gatekeeper.store.deliveries import DeliveryRow
    from gatekeeper.store.tx import Tx


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "delivery", text="messages to one recipient each")
    listed = verb(
        verbs,
        "list",
        run=show_all,
        text="list deliveries, oldest first",
        example="gatekeeper delivery list --state blocked",
    )
    listed.add_argument("--issue", metavar="ID", help="only those of one issue")
    listed.add_argument(
        "--state",
        choices=[str(state) for state in DeliveryState],
        metavar="STATE",
        help=f"only those in one state: {', '.join(DeliveryState)}",
    )
    shown = verb(
        verbs,
        "show",
        run=show,
        text="show one delivery",
        example="gatekeeper delivery show mfrggzdf",
    )
    again = verb(
        verbs,
        "retry",
        run=retry,
        text="try a blocked, failed or waiting delivery again at once",
        example="gatekeeper delivery retry mfrggzdf",
    )
    for parser in (shown, again):
        parser.add_argument("id", metavar="ID", help="the first letters of its id, six or more")


def show_all(options: argparse.Namespace) -> int:
    """Print deliveries."""
    from gatekeeper.cli.opening import records, shortened
    from gatekeeper.cli.terminal import emit_json, emit_table
    from gatekeeper.store import deliveries

    state = DeliveryState(options.state) if options.state else None

    def look(tx: "Tx") -> "tuple[tuple[DeliveryRow, ...], dict[RowId, str]]":
        issue = _issue(tx, options.issue) if options.issue else None
        rows = deliveries.list_all(tx, issue=issue, state=state)
        return rows, _issue_names(tx, rows)

    with records(options) as store:
        rows, names = store.read(look)
    if options.json:
        emit_json([_value(row, names) for row in rows])
        return 0
    short = shortened(row.id for row in rows)
    emit_table(
        ("DELIVERY", "ISSUE", "TO", "STATE", "TRIES", "WHY"),
        [
            (short[r.id], _of(r, names) or "-", r.recipient, r.state, r.attempts, _why(r))
            for r in rows
        ],
    )
    return 0


def show(options: argparse.Namespace) -> int:
    """Print one delivery."""
    from gatekeeper.cli.opening import records
    from gatekeeper.cli.terminal import emit_json, emit_pairs

    with records(options) as store:
        row, names = store.read(lambda tx: _with_name(tx, _named(tx, options.id)))
    if options.json:
        emit_json(_value(row, names))
        return 0
    emit_pairs(
        {
            "delivery": short_tag(row.id),
            "issue": _of(row, names) or "none",
            "to": f"{row.name} <{row.recipient}>",
            "state": row.state,
            "why": _why(row),
            "tries": _tries(row),
            "first due": spoken(row.first_due_at),
            "next try": spoken(row.due_at) if _waits(row.state) else "none",
            "encrypted to": ", ".join(row.fingerprints) or _unencrypted(row.state),
            "since": spoken(row.created_at),
            "changed": spoken(row.updated_at),
        }
    )
    return 0


def retry(options: argparse.Namespace) -> int:
    """Make one delivery due at once; Refusal when there is nothing to try again."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import record, records
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.store import deliveries

    def again(tx: "Tx") -> "tuple[DeliveryRow, dict[RowId, str]]":
        row = _named(tx, options.id)
        _require_retry(row.state)
        deliveries.retry(tx, delivery=row.id, now=clock.now())
        record(tx, "delivery.retried", issue=row.issue, delivery=row.id)
        return _with_name(tx, _named(tx, short_tag(row.id)))

    with records(options) as store:
        row, names = store.write(again)
    if options.json:
        emit_json(_value(row, names))
    else:
        emit_lines(f"{short_tag(row.id)} is {row.state} and due now; a running service takes it up")
    return 0


def _require_retry(state: DeliveryState) -> None:
    try:
        move(state, DeliveryEvent.RETRY)
    except ValueError:
        message = f"a {state} delivery has nothing to try again"
        remedy = "only blocked, failed, deferred and doubtful ones can be tried again"
        raise Refusal(message, remedy=remedy) from None


def _issue(tx: "Tx", text: str) -> RowId:
    from gatekeeper.store import issues

    try:
        wanted = IssueId.parse(text)
    except ValueError as error:
        raise TheirFault("that is no issue id", reason=str(error)) from None
    row = issues.get(tx, wanted)
    if row is None:
        raise NotThere(f"there is no issue {wanted}", remedy="see: gatekeeper issue list")
    return row.id


def _named(tx: "Tx", text: str) -> "DeliveryRow":
    from gatekeeper.cli.opening import matching
    from gatekeeper.store import deliveries

    rows = {row.id: row for row in deliveries.list_all(tx)}
    return rows[matching(text, rows, what="delivery")]


def _with_name(tx: "Tx", row: "DeliveryRow") -> "tuple[DeliveryRow, dict[RowId, str]]":
    return row, _issue_names(tx, (row,))


def _issue_names(tx: "Tx", rows: "tuple[DeliveryRow, ...]") -> dict[RowId, str]:
    from gatekeeper.store import issues

    wanted = {row.issue for row in rows if row.issue is not None}
    return {issue: str(issues.by_row(tx, issue).issue_id) for issue in wanted}


def _of(row: "DeliveryRow", names: dict[RowId, str]) -> str | None:
    return names[row.issue] if row.issue is not None else None


def _waits(state: DeliveryState) -> bool:
    return state not in {DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.BLOCKED}


def _unencrypted(state: DeliveryState) -> str:
    """Return why a delivery names no key: what is past sealing without one goes in clear."""
    waits = state in {DeliveryState.PENDING, DeliveryState.BLOCKED}
    return "not yet" if waits else "nobody: it goes in clear"


def _why(row: "DeliveryRow") -> str:
    from gatekeeper.cli.fates import reason

    return reason(row)


def _tries(row: "DeliveryRow") -> str:
    """Return how often it was tried, and of how many tries the end was not seen."""
    doubts = f", {row.doubts} of them in doubt" if row.doubts else ""
    return f"{row.attempts}{doubts}{', urgent' if row.urgent else ''}"


def _value(row: "DeliveryRow", names: dict[RowId, str]) -> dict[str, object]:
    return {
        "delivery": short_tag(row.id),
        "letter": short_tag(row.letter),
        "issue": _of(row, names),
        "name": row.name,
        "recipient": str(row.recipient),
        "state": str(row.state),
        "attempts": row.attempts,
        "doubts": row.doubts,
        "due_at": rfc3339(row.due_at) if _waits(row.state) else None,
        "reason": row.reason,
        "reply": row.reply,
        "urgent": row.urgent,
        "returned": dict(row.returned) if row.returned is not None else None,
        "fingerprints": list(row.fingerprints),
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }
