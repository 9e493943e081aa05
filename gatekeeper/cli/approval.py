"""`gatekeeper approval`: what waits until a second person of the team has signed for it."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.instants import spoken
from gatekeeper.domain.verdict import spaced

if TYPE_CHECKING:
    from gatekeeper.cli.screen import Screen
    from gatekeeper.store.requests import Request
    from gatekeeper.store.tx import Tx


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "approval", text="what waits for a second person")
    parser = verb(
        verbs,
        "list",
        run=show_all,
        text="list what waits for approval: what would be done, and the line that approves it",
        more=(
            "An approval is a signed mail of a person of the team that names the full hash; a "
            "shell approves nothing. Looking is recorded in the event log."
        ),
        example="gatekeeper approval list --issue SEC-2026-0007",
    )
    parser.add_argument("--issue", metavar="ID", help="only what waits in one issue")


def show_all(options: argparse.Namespace) -> int:
    """Print what waits, oldest first."""
    from gatekeeper.cli.issue_values import request_value
    from gatekeeper.cli.opening import record, settings_of
    from gatekeeper.cli.screen import Screen, width
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.cli.turns import named
    from gatekeeper.start import open_store
    from gatekeeper.store import issues, requests

    def look(tx: "Tx") -> "list[tuple[str, Request]]":
        issue = named(tx, options.issue).id if options.issue else None
        rows = requests.waiting(tx, issue=issue)
        found = [(str(issues.by_row(tx, row.issue).issue_id), row) for row in rows]
        record(tx, "approval.listed", issue=issue, payload={"requests": len(found)})
        return found

    settings = settings_of(options)
    with open_store(settings) as store:
        found = store.write(look)
    if options.json:
        emit_json([request_value(row, issue) for issue, row in found])
        return 0
    screen = Screen(width())
    for issue, row in found:
        screen.heading(issue)
        show_request(screen, row, f"{issue}@{settings.domain}")
    if not found:
        screen.say("nothing waits for approval")
    emit_lines(*screen.lines)
    return 0


def show_request(screen: "Screen", one: "Request", where: str) -> None:
    """Write what would be done, who asked, who approved, and the line to be signed.

    `where` is the issue at the domain of this installation, as a command names it.
    """
    _wish(screen, one)
    screen.pair("Asked", f"{spoken(one.created_at)} by {one.created_by}")
    left = one.needed - len(one.approved_by)
    approved = ", ".join(one.approved_by) or "nobody"
    screen.pair("Approved", f"by {approved}; {left} more needed")
    screen.command("Approve", "sign and mail", f"!{where} approve {one.effect.hex()}")


def _wish(screen: "Screen", one: "Request") -> None:
    """Write what would be done, in full: what leaves and to whom, or which key is used."""
    from gatekeeper.issues.requesting import CLEAR

    asked = one.payload
    if one.kind == CLEAR:
        screen.pair("What", "reply IN CLEAR: everybody on its way may be able to read it")
        screen.pair("To", f"{asked['to']}, {asked['address']}")
        screen.pair("Subject", str(asked["subject"]))
        screen.barred(str(asked["text"]).strip("\n"))
        return
    screen.pair("What", "answers to the reporter are encrypted to this key from now on")
    screen.pair("Reporter", str(asked["address"]))
    screen.pair("Key", spaced(str(asked["fingerprint"])))
    screen.pair("Instead of", spaced(str(asked["before"])) or "none")
