"""`gatekeeper embargo propose`, `agree`, `move`, `extension`: the verbs of the verb table.

A shell counts as no approval: what needs some waits for signed mail.
"""

import argparse
from types import MappingProxyType
from typing import Final

from gatekeeper import clock
from gatekeeper.cli.issue_act import Act, do
from gatekeeper.issues import dating
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx


def run(options: argparse.Namespace) -> int:
    """Do what the verb says, and return the exit status."""
    return do(options, _ACTS[options.act](options))


def _propose(options: argparse.Namespace) -> Act:
    now = clock.now()

    def act(tx: Tx, desk: Desk, issue: IssueRow, by: Actor) -> Done:
        return dating.propose(tx, desk, issue=issue, actor=by, when=options.instant, now=now)

    return act


def _agree(options: argparse.Namespace) -> Act:
    now = clock.now()

    def act(tx: Tx, desk: Desk, issue: IssueRow, by: Actor) -> Done:
        return dating.agree(
            tx,
            desk,
            issue=issue,
            actor=by,
            when=options.instant,
            holder=options.by.strip().lower(),
            via=options.via,
            now=now,
        )

    return act


def _move(options: argparse.Namespace) -> Act:
    now = clock.now()

    def act(tx: Tx, desk: Desk, issue: IssueRow, by: Actor) -> Done:
        return dating.move(
            tx,
            desk,
            issue=issue,
            actor=by,
            when=options.instant,
            reason=options.reason,
            now=now,
        )

    return act


def _extension(options: argparse.Namespace) -> Act:
    now = clock.now()

    def act(tx: Tx, desk: Desk, issue: IssueRow, by: Actor) -> Done:
        return dating.extension(
            tx, desk, issue=issue, actor=by, org=options.org, when=options.until, now=now
        )

    return act


_ACTS: Final = MappingProxyType(
    {"propose": _propose, "agree": _agree, "move": _move, "extension": _extension}
)
