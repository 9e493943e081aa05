"""`gatekeeper audit frozen`: what a frozen database holds, for two people to sign."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, verb

if TYPE_CHECKING:
    from gatekeeper.domain.identity import IssueId
    from gatekeeper.store.audit import EventRow


def add(verbs: Verbs) -> None:
    """Declare the verb below `audit`."""
    shown = verb(
        verbs,
        "frozen",
        run=run,
        text="show a database that was set back, and what thaws it",
        more=(
            "A database that is behind what its hosts have seen, or that was restored from a "
            "backup, sends nothing until two people of the team, of two employers where there "
            "are, have sent the command below by signed mail. --after names the highest issue "
            "number that anybody knows of; what is signed then holds it."
        ),
        example="gatekeeper audit frozen --after SEC-2026-0012",
    )
    shown.add_argument("--after", metavar="ID", help="let issue numbers go on above this one")


def run(options: argparse.Namespace) -> int:
    """Print the statement, its hash and the command; nothing to do where it is not frozen."""
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines, safe, safe_lines
    from gatekeeper.issues import reaffirming
    from gatekeeper.start import open_store, settings_in
    from gatekeeper.store import audit, frozen

    settings = settings_of(options)
    after = _number(options.after)
    with open_store(settings) as store:
        settings = store.read(lambda tx: settings_in(tx, settings))
        place = reaffirming.Place(
            alias=settings.own.security, prefix=settings.issue_prefix, team=settings.team
        )
        freeze = store.read(frozen.of)
        if freeze is None:
            if options.json:
                emit_json({"frozen": False})
            else:
                emit_lines("the database is not frozen")
            return 0
        since = freeze.since
        shown, refused = store.read(
            lambda tx: (
                reaffirming.statement(tx, place, freeze, after=after),
                audit.listed(tx, kind=reaffirming.REFUSED, since=since),
            )
        )
    command = f"!{reaffirming.VERB} {shown.digest.hex()}"
    if after is not None:
        command += f" after={after}"
    by = [person.name for person in shown.by]
    if options.json:
        said = {"frozen": True, "statement": shown.text, "hash": shown.digest.hex()}
        refusals = [_refusal(row) for row in refused]
        emit_json({**said, "command": command, "reaffirmed_by": by, "refused": refusals})
        return 0
    emit_lines(safe_lines(shown.text))
    emit_lines(
        f"If all of this is right, send these two lines to {settings.own.security}, signed:",
        "",
        f"  {command}",
        f"  This is for {settings.own.security}.",
        "",
        f"So far: {safe(', '.join(by)) or 'nobody'}",
    )
    emit_lines(*(safe(f"Refused: {_refusal(row)}") for row in refused[-5:]))
    return 0


def _refusal(row: "EventRow") -> str:
    said = row.payload or {}
    problems = said.get("problems")
    why = "; ".join(map(str, problems)) if isinstance(problems, list) else "erased"
    return f"entry {row.seq} {row.damage}" if row.damage else f"{row.actor}: {why}"


def _number(text: str | None) -> "IssueId | None":
    from gatekeeper.domain.errors import TheirFault
    from gatekeeper.domain.identity import IssueId

    if text is None:
        return None
    try:
        return IssueId.parse(text)
    except ValueError as error:
        raise TheirFault(str(error), remedy="name the highest number you know of") from None
