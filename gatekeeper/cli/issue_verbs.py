"""Declare the verbs of `gatekeeper issue` that say what becomes of one, from the verb table."""

import argparse
from typing import Final

from gatekeeper.cli.grammar import Verbs, verb
from gatekeeper.domain.process import BY_HAND, Severity, Track
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.issues.verbs import VERBS

_TOLD: Final = "The team is told by mail, with your name on this system."
_ID: Final = "SEC-2026-0007"


def add(verbs: Verbs) -> None:
    """Declare them in the order in which an issue meets them."""
    accepted = _act(verbs, "accept", text="take a report up, on a track", tail="--track low")
    accepted.add_argument(
        "--track", metavar="TRACK", choices=[*Track], required=True, help="how it is handled"
    )
    judged = _act(verbs, "severity", text="judge how bad an issue is", tail="high")
    judged.add_argument("severity", metavar="SEVERITY", choices=[*Severity], help="how bad it is")
    changed = _act(
        verbs, "track", text="change how an issue is handled", tail='low --reason "local root"'
    )
    changed.add_argument("track", metavar="TRACK", choices=[*Track], help="how it is handled now")
    changed.add_argument("--reason", metavar="WHY", required=True, help="why")
    _add_facts(verbs)
    _add_ends(verbs)
    merged = _act(verbs, "merge", text="make two issues one", tail="SEC-2026-0008")
    merged.add_argument("into", metavar="INTO", help="the id of the one that goes on")
    parted = _act(verbs, "split", text="make one issue two", tail='"The second parser"')
    parted.add_argument("subject", metavar="SUBJECT", help="what the further one is about")


def _add_facts(verbs: Verbs) -> None:
    """Declare what states a fact."""
    stated = _act(verbs, "fact", text="write down what is known of an issue", tail="fix-ready")
    stated.add_argument("fact", metavar="FACT", choices=sorted(BY_HAND), help="what is known")
    stated.add_argument(
        "--at", metavar="INSTANT", default="", help="since when, such as 2026-09-03T12:00Z"
    )
    stated.add_argument(
        "--reason", metavar="REASON", choices=[*NoEmbargo], help="why it is public already"
    )
    flagged = _act(verbs, "tools", text="say that public tools or models found it")
    for parser, help_ in ((stated, "it was a mistake"), (flagged, "they did not")):
        parser.add_argument("--off", action="store_true", help=help_)


def _add_ends(verbs: Verbs) -> None:
    """Declare how an issue ends without an advisory, and begins again."""
    rejected = verb(
        verbs,
        "reject",
        run=_run,
        text="close reports that are none, and say why",
        more=(f"{VERBS['reject'].summary} Of several issues all are closed, or none. {_TOLD}"),
        example=f"gatekeeper issue reject {_ID} SEC-2026-0008 --reason spam",
    )
    rejected.set_defaults(act="reject")
    rejected.add_argument("id", metavar="ID", nargs="+", help=f"an issue's id, such as {_ID}")
    rejected.add_argument(
        "--reason", metavar="REASON", choices=[*Rejection], required=True, help="one of those above"
    )
    _act(verbs, "reopen", text="open a closed issue again")
    handed = _act(
        verbs, "hand-over", text="leave an issue to another project", tail='"Example Library"'
    )
    handed.add_argument("project", metavar="PROJECT", help="who looks after it from now on")


def _act(verbs: Verbs, name: str, *, text: str, tail: str = "") -> argparse.ArgumentParser:
    """Declare a verb of the table with what it says there."""
    parser = verb(
        verbs,
        name,
        run=_run,
        text=text,
        more=f"{VERBS[name].summary} {_TOLD}",
        example=f"gatekeeper issue {name} {_ID} {tail}".rstrip(),
    )
    parser.set_defaults(act=name)
    parser.add_argument("id", metavar="ID", help=f"the issue's id, such as {_ID}")
    return parser


def _run(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_course

    return issue_course.run(options)
