"""Declare the verbs of `gatekeeper issue` about people outside: who takes part, who is named."""

import argparse
from typing import Final

from gatekeeper.cli.grammar import Verbs, verb
from gatekeeper.domain.address import Address
from gatekeeper.domain.participants import INVITABLE
from gatekeeper.issues.verbs import VERBS

_TOLD: Final = "The team is told by mail, with your name on this system."
_ID: Final = "SEC-2026-0007"
_WAITS: Final = "It waits until people of the team have approved it (exit status 3)."


def add(verbs: Verbs) -> None:
    """Declare them."""
    shown = verb(
        verbs,
        "people",
        run=_run,
        text="show who outside takes part in an issue, and what each was told",
        more=(
            "Each letter with its instant, how far it came, and the key it was encrypted to. "
            "Looking is recorded in the event log."
        ),
        example=f"gatekeeper issue people {_ID}",
    )
    shown.set_defaults(act="people")
    _name_issue(shown)
    invited = _act(
        verbs,
        "invite",
        text="ask that somebody outside take part in an issue",
        more=_WAITS,
        tail="expert@upstream.example --role upstream --key expert.asc",
    )
    invited.add_argument("address", metavar="ADDRESS", type=_address, help="their address")
    invited.add_argument(
        "--role", metavar="ROLE", choices=[*INVITABLE], required=True, help="as what they take part"
    )
    invited.add_argument(
        "--key", metavar="FILE", required=True, help="their public key; - for standard input"
    )
    removed = _act(
        verbs,
        "remove",
        text="ask that somebody invited be told nothing more",
        more=_WAITS,
        tail="upstream",
    )
    _add_words(verbs, removed)


def _add_words(verbs: Verbs, removed: argparse.ArgumentParser) -> None:
    """Declare what people said: that others may read along, and how they are named."""
    agreed = _act(
        verbs,
        "consent",
        text="record that somebody agreed to a shared conversation",
        more=_TOLD,
        tail='upstream --via "their mail of today"',
    )
    for parser in (removed, agreed):
        parser.add_argument("name", metavar="NAME", help="their name in the issue")
    how = agreed.add_mutually_exclusive_group(required=True)
    how.add_argument("--via", metavar="HOW", default="", help="how they said so")
    how.add_argument("--off", action="store_true", help="they agree no more")
    named = _act(
        verbs,
        "credit",
        text="record how a reporter is named in public",
        more=_TOLD,
        tail='"Robin Reporter of Example Research"',
    )
    line = named.add_mutually_exclusive_group(required=True)
    line.add_argument("line", metavar="LINE", nargs="?", default="", help="the name, in one line")
    line.add_argument("--none", action="store_true", help="they are not named")
    named.add_argument(
        "--of", metavar="NAME", default="reporter", help="who is named (default: reporter)"
    )


def _act(verbs: Verbs, name: str, *, text: str, more: str, tail: str) -> argparse.ArgumentParser:
    """Declare a verb of the table with what it says there; a key is not attached at a shell."""
    said = VERBS[name].summary.replace("; attach their key", "")
    parser = verb(
        verbs,
        name,
        run=_run,
        text=text,
        more=f"{said} {more}",
        example=f"gatekeeper issue {name} {_ID} {tail}",
    )
    parser.set_defaults(act=name)
    _name_issue(parser)
    return parser


def _name_issue(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help=f"the issue's id, such as {_ID}")


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError:
        message = f"{text!r} is no plain mail address"
        raise argparse.ArgumentTypeError(message) from None


def _run(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_people

    return issue_people.run(options)
