"""`gatekeeper issue accept`, `reject` and the others that say what becomes of an issue.

The verbs of the verb table, from a shell, through the functions that signed mail comes to.
"""

import argparse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper import clock, start
from gatekeeper.cli.issue_act import do, show_done
from gatekeeper.cli.opening import actor, settings_of
from gatekeeper.cli.turns import named
from gatekeeper.domain.process import Fact, Severity, Track
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.issues import closing, deciding, merging, splitting
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx


def run(options: argparse.Namespace) -> int:
    """Do what the verb says, and return the exit status."""
    return _ACTS[options.act](options)


def _accept(options: argparse.Namespace) -> int:
    """Take the report up on a track."""
    now, track = clock.now(), Track(options.track)
    return do(
        options,
        lambda tx, desk, issue, by: deciding.accept(
            tx, desk, issue=issue, actor=by, track=track, now=now
        ),
    )


def _track(options: argparse.Namespace) -> int:
    """Change the track."""
    now, to = clock.now(), Track(options.track)
    return do(
        options,
        lambda tx, desk, issue, by: deciding.track(
            tx, desk, issue=issue, actor=by, to=to, reason=options.reason, now=now
        ),
    )


def _severity(options: argparse.Namespace) -> int:
    """Judge how bad it is."""
    now, judged = clock.now(), Severity(options.severity)
    return do(
        options,
        lambda tx, desk, issue, by: deciding.severity(
            tx, desk, issue=issue, actor=by, judged=judged, now=now
        ),
    )


def _fact(options: argparse.Namespace) -> int:
    """State what is known, or take it back."""
    now, stated = clock.now(), Fact(options.fact)
    at = deciding.since(options.at)
    reason = NoEmbargo(options.reason) if options.reason else None

    def act(tx: Tx, desk: Desk, issue: IssueRow, by: Actor) -> Done:
        if options.off:
            return deciding.no_fact(tx, desk, issue=issue, actor=by, stated=stated, now=now)
        return deciding.fact(
            tx, desk, issue=issue, actor=by, stated=stated, at=at, reason=reason, now=now
        )

    return do(options, act)


def _tools(options: argparse.Namespace) -> int:
    """Say whether public tools or models found it."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: deciding.tools(
            tx, desk, issue=issue, actor=by, found=not options.off, now=now
        ),
    )


def _reject(options: argparse.Namespace) -> int:
    """Close one report or many for one reason: all of them, or none."""
    settings = settings_of(options)
    now, reason = clock.now(), Rejection(options.reason)

    def write(tx: Tx) -> Done:
        found = [named(tx, name) for name in dict.fromkeys(options.id)]
        by = Actor(shell=actor())
        desk = start.desk_of(start.settings_in(tx, settings), product=found[0].product)
        return closing.reject_all(tx, desk, about=found, actor=by, reason=reason, now=now)

    with start.open_store(settings) as store:
        done = store.write(write)
    return show_done(options, done)


def _reopen(options: argparse.Namespace) -> int:
    """Open it again."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: closing.reopen(tx, desk, issue=issue, actor=by, now=now),
    )


def _hand_over(options: argparse.Namespace) -> int:
    """Leave it to another project."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: closing.hand_over(
            tx, desk, issue=issue, actor=by, project=options.project, now=now
        ),
    )


def _merge(options: argparse.Namespace) -> int:
    """Let it go on in another issue."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: merging.merge(
            tx, desk, issue=issue, actor=by, into=named(tx, options.into).issue_id, now=now
        ),
    )


def _split(options: argparse.Namespace) -> int:
    """Open a further issue for a part of it."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: splitting.split(
            tx, desk, issue=issue, actor=by, subject=options.subject, now=now
        ),
    )


_ACTS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = MappingProxyType(
    {
        "accept": _accept,
        "track": _track,
        "severity": _severity,
        "fact": _fact,
        "tools": _tools,
        "reject": _reject,
        "reopen": _reopen,
        "hand-over": _hand_over,
        "merge": _merge,
        "split": _split,
    }
)
