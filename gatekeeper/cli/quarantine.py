"""`gatekeeper mail quarantine`: messages that could not be handled, and once more at a wish."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import rfc3339

if TYPE_CHECKING:
    from gatekeeper.store.messages import StoredMessage
    from gatekeeper.store.tx import Tx

_WHAT = "mail quarantine"


def add(nouns: Verbs) -> None:
    """Declare the noun below `mail`."""
    verbs = noun(nouns, "quarantine", text="messages that could not be handled")
    verb(
        verbs,
        "list",
        run=show_all,
        text="list the messages in quarantine, oldest first",
        example="gatekeeper mail quarantine list",
    )
    one = verb(
        verbs,
        "show",
        run=show,
        text="show how a message came and what went wrong, or the message itself",
        more=(
            "With --raw the message goes to standard output as it came, for `gatekeeper mail "
            "inspect -`, and never to a terminal. Looking is recorded in the event log."
        ),
        example="gatekeeper mail quarantine show mfrggzdf",
    )
    one.add_argument("id", metavar="ID", help="the first letters of its id, six or more")
    one.add_argument("--raw", action="store_true", help="print the message, byte for byte")
    again = verb(
        verbs,
        "release",
        run=release,
        text="have a message handled once more",
        more="It is as it came, and it is recorded who released it.",
        example="gatekeeper mail quarantine release mfrggzdf",
    )
    again.add_argument("id", metavar="ID", help="the first letters of its id, six or more")


def show_all(options: argparse.Namespace) -> int:
    """Print what lies in quarantine."""
    from gatekeeper.cli.opening import records, shortened
    from gatekeeper.cli.terminal import emit_json, emit_table
    from gatekeeper.store import messages

    with records(options) as store:
        rows = store.read(messages.quarantined)
    if options.json:
        emit_json([_value(row) for row in rows])
        return 0
    short = shortened(row.id for row in rows) if rows else {}
    emit_table(
        ("MESSAGE", "RECEIVED", "BYTES", "TRIES", "PROBLEM"),
        [
            (short[r.id], rfc3339(r.received_at)[:16] + "Z", r.size, r.attempts, r.problem)
            for r in rows
        ],
    )
    return 0


def show(options: argparse.Namespace) -> int:
    """Print one message in quarantine, or what is known of it."""
    from gatekeeper.cli.opening import matching, record, records
    from gatekeeper.cli.terminal import emit_json, emit_pairs, emit_raw
    from gatekeeper.store import messages

    def look(tx: "Tx") -> "StoredMessage":
        rows = {row.id: row for row in messages.quarantined(tx)}
        wanted = matching(options.id, rows, what=_WHAT)
        record(tx, "message.shown", message=wanted)
        return messages.load(tx, wanted) if options.raw else messages.head(tx, wanted)

    with records(options) as store:
        row = store.write(look)
    if options.raw:
        emit_raw(row.raw or b"")
        return 0
    envelope = row.envelope
    found = _value(row) | {
        "sender": str(envelope.sender) if envelope.sender else "",
        "recipients": [str(recipient) for recipient in envelope.recipients],
        "peer": envelope.peer,
        "protocol": envelope.protocol,
    }
    if options.json:
        emit_json(found)
    else:
        emit_pairs(found)
    return 0


def release(options: argparse.Namespace) -> int:
    """Make one message due at once, with its attempts counted anew."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import matching, record, records
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.store import messages

    def again(tx: "Tx") -> "StoredMessage":
        rows = {row.id: row for row in messages.quarantined(tx)}
        wanted = matching(options.id, rows, what=_WHAT)
        messages.release(tx, message=wanted, now=clock.now())
        record(tx, "message.released", message=wanted)
        return messages.head(tx, wanted)

    with records(options) as store:
        row = store.write(again)
    if options.json:
        emit_json(_value(row))
    else:
        emit_lines(f"{short_tag(row.id)} is due now; a running service takes it up")
    return 0


def _value(row: "StoredMessage") -> dict[str, object]:
    return {
        "message": short_tag(row.id),
        "state": str(row.state),
        "received_at": rfc3339(row.received_at),
        "size": row.size,
        "attempts": row.attempts,
        "problem": row.problem,
    }
