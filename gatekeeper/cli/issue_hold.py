"""`gatekeeper issue legal-hold`: keep everything of an issue, whatever retention says."""

import argparse

from gatekeeper import clock
from gatekeeper.cli.opening import actor, record, settings_of
from gatekeeper.cli.terminal import emit_json, emit_lines
from gatekeeper.cli.turns import named
from gatekeeper.issues import notices
from gatekeeper.start import desk_of, open_store, settings_in
from gatekeeper.store import issues
from gatekeeper.store.tx import Tx

HELD = "issue.held"
LET_GO = "issue.let_go"
"""Kinds of the entries in the event log."""


def run(options: argparse.Namespace) -> int:
    """Put the issue under legal hold or take it off, once; tell the team what changed."""
    settings = settings_of(options)
    on = not options.off
    now = clock.now()

    def write(tx: Tx) -> str:
        issue = named(tx, options.id)
        if not issues.hold(tx, issue=issue.id, on=on):
            state = "is under legal hold already" if on else "is under no legal hold"
            return f"{issue.issue_id} {state}; nothing was changed"
        said = "is under legal hold: nothing of it is erased" if on else "is under no hold any more"
        line = f"{issue.issue_id} {said}"
        lines = () if on else ("What policy.yaml keeps no longer is erased from now on.",)
        notices.tell(
            tx,
            desk_of(settings_in(tx, settings), product=issue.product),
            issue=issue.id,
            headline=line,
            lines=lines,
            now=now,
            by=actor(),
        )
        record(tx, HELD if on else LET_GO, issue=issue.id)
        return line

    with open_store(settings) as store:
        line = store.write(write)
    if options.json:
        emit_json({"issue": options.id, "legal_hold": on, "said": line})
    else:
        emit_lines(line)
    return 0
