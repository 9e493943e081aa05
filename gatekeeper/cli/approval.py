"""`gatekeeper approval`: what waits until a second person of the team has signed for it."""

import argparse
from typing import TYPE_CHECKING, Final

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.instants import spoken

_HASH: Final = "4f1c22ab90d7"

if TYPE_CHECKING:
    from gatekeeper.cli.screen import Screen
    from gatekeeper.issues.pending import Pending
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
            "An approval is a signed mail of a person of the team that names the full hash, or a "
            "text signed so; a shell approves nothing. Looking is recorded in the event log."
        ),
        example="gatekeeper approval list --issue SEC-2026-0007",
    )
    parser.add_argument("--issue", metavar="ID", help="only what waits in one issue")
    _add_signing(verbs)


def _add_signing(verbs: Verbs) -> None:
    """Declare what is done with a signed text, where no mail can be sent."""
    shown = verb(
        verbs,
        "text",
        run=_text,
        text="print what is to be signed to approve something, or to refuse it",
        more=(
            "Look at it, sign it with your own key as `gpg --clearsign` does, and hand it in with "
            "`gatekeeper approval give` or `refuse` within 24 hours. It is recorded in the event "
            "log that it was looked at."
        ),
        example=f"gatekeeper approval text {_HASH}",
    )
    shown.add_argument("--why", metavar="WHY", help="print what refuses it, for this reason")
    given = verb(
        verbs,
        "give",
        run=_give,
        text="approve with a text that a person of the team signed",
        more="The signature counts, not who runs this. The team is told by mail.",
        example="gatekeeper approval give approved.asc",
    )
    refused = verb(
        verbs,
        "refuse",
        run=_refuse,
        text="refuse with a text that a person of the team signed",
        more="The signature counts, not who runs this. The team is told by mail.",
        example="gatekeeper approval refuse refused.asc",
    )
    for parser in (given, refused):
        parser.add_argument(
            "file", metavar="FILE", nargs="?", default="-", help="the signed text (default: -)"
        )
    taken = verb(
        verbs,
        "withdraw",
        run=_withdraw,
        text="take back what you asked for at a shell",
        more="Only what the same user of this system asked for.",
        example=f"gatekeeper approval withdraw {_HASH}",
    )
    for parser in (shown, taken):
        parser.add_argument("hash", metavar="HASH", help="its hash, or the first 8 digits of it")


def _text(options: argparse.Namespace) -> int:
    from gatekeeper.cli import approval_sign

    return approval_sign.text(options)


def _give(options: argparse.Namespace) -> int:
    from gatekeeper.cli import approval_sign

    return approval_sign.give(options)


def _refuse(options: argparse.Namespace) -> int:
    from gatekeeper.cli import approval_sign

    return approval_sign.refuse(options)


def _withdraw(options: argparse.Namespace) -> int:
    from gatekeeper.cli import approval_sign

    return approval_sign.withdraw(options)


def show_all(options: argparse.Namespace) -> int:
    """Print what waits, oldest first."""
    from gatekeeper import start
    from gatekeeper.cli.issue_values import request_value
    from gatekeeper.cli.opening import record, settings_of
    from gatekeeper.cli.screen import Screen, width
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.cli.turns import named
    from gatekeeper.issues.pending import pending

    settings = settings_of(options)

    def look(tx: "Tx") -> "tuple[Pending, ...]":
        issue = named(tx, options.issue).id if options.issue else None
        used = start.settings_in(tx, settings)
        desk = start.desk_of(used, product=start.product_of(tx, settings))
        found = pending(tx, desk, issue)
        record(tx, "approval.listed", issue=issue, payload={"requests": len(found)})
        return found

    with start.open_store(settings) as store:
        found = store.write(look)
    if options.json:
        emit_json([request_value(each) for each in found])
        return 0
    screen = Screen(width())
    for each in found:
        screen.heading(str(each.issue.issue_id) if each.issue else settings.product_name)
        show_request(screen, each)
    if not found:
        screen.say("nothing waits for approval")
    emit_lines(*screen.lines)
    return 0


def show_request(screen: "Screen", one: "Pending") -> None:
    """Write what would be done, in full; who asked, who approved, and the lines to be signed."""
    request = one.request
    screen.pair("What", one.title)
    screen.barred(one.text.rstrip("\n"))
    screen.pair("Asked", f"{spoken(request.created_at)} by {request.created_by}")
    screen.pair("Approved", f"by {', '.join(request.approved_by) or 'nobody'}")
    if one.changed:
        screen.pair("Void", "what it would do has changed since: ask for it again", colour="red")
        return
    screen.pair("Missing", f"{one.missing}: {one.who}")
    screen.pair("Fewer", *filter(None, [one.remark]))
    if request.expires_at is not None:
        screen.pair("Until", spoken(request.expires_at))
    screen.command("Approve", "sign and mail", one.approve)
    screen.command("Refuse", "sign and mail", one.refuse)
