"""`gatekeeper embargo`: the dates of issues, as the team proposes, records, moves and sees them."""

import argparse
from typing import Final

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.issues.verbs import VERBS

_TOLD: Final = "The team is told by mail, with your name on this system."
_ID: Final = "SEC-2026-0007"
_INSTANT: Final = "a date with its zone, such as 2026-12-08T12:00Z"


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "embargo", text="the dates on which issues become public")
    proposed = _act(verbs, "propose", text="suggest a date to the reporter")
    agreed = _act(
        verbs,
        "agree",
        text="record what was agreed elsewhere",
        tail='--by reporter --via "phone"',
    )
    moved = _act(verbs, "move", text="move a date", tail='--reason "the fix breaks booting"')
    for parser in (proposed, agreed, moved):
        parser.add_argument("instant", metavar="INSTANT", help=_INSTANT)
    agreed.add_argument("--by", metavar="NAME", required=True, help="who agreed, as `reporter`")
    agreed.add_argument("--via", metavar="HOW", required=True, help="how they said so")
    moved.add_argument("--reason", metavar="WHY", required=True, help="why")
    asked = _act(
        verbs,
        "extension",
        text="record who asked for more time",
        tail='--org "Example Hosting"',
        dated=False,
    )
    asked.add_argument("--org", metavar="NAME", required=True, help="the organisation")
    asked.add_argument("--until", metavar="INSTANT", default="", help=_INSTANT)
    shown = verb(
        verbs,
        "show",
        run=_show,
        text="show the date of an issue, what bounds it, and how it came about",
        more="Looking is recorded in the event log.",
        example=f"gatekeeper embargo show {_ID}",
    )
    shown.add_argument("id", metavar="ID", help=f"the issue's id, such as {_ID}")
    verb(
        verbs,
        "calendar",
        run=_calendar,
        text="print the dates of all open issues as a calendar file (.ics)",
        more=(
            "It names ids and dates, so it is for the team only. Looking is recorded in the event"
            " log."
        ),
        example="gatekeeper embargo calendar > dates.ics",
    )


def _act(
    verbs: Verbs, name: str, *, text: str, tail: str = "", dated: bool = True
) -> argparse.ArgumentParser:
    """Declare a verb of the table with what it says there."""
    when = "2026-12-08T12:00Z " if dated else ""
    parser = verb(
        verbs,
        name,
        run=_run,
        text=text,
        more=f"{VERBS[name].summary} {_TOLD}",
        example=f"gatekeeper embargo {name} {_ID} {when}{tail}".rstrip(),
    )
    parser.set_defaults(act=name)
    parser.add_argument("id", metavar="ID", help=f"the issue's id, such as {_ID}")
    return parser


def _run(options: argparse.Namespace) -> int:
    from gatekeeper.cli import embargo_act

    return embargo_act.run(options)


def _show(options: argparse.Namespace) -> int:
    from gatekeeper.cli import embargo_show

    return embargo_show.run(options)


def _calendar(options: argparse.Namespace) -> int:
    from gatekeeper.cli import embargo_show

    return embargo_show.calendar(options)
