"""How nouns and verbs are declared: arguments, one real example, and the function that runs."""

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

Run: TypeAlias = Callable[[argparse.Namespace], int]
Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse names it nowhere else

_WIDTH: Final = 80


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help of one width everywhere, so that documents can hold it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_WIDTH, max_help_position=28)


def top() -> argparse.ArgumentParser:
    """Return the parser of `gatekeeper` itself, without nouns."""
    parser = argparse.ArgumentParser(
        prog="gatekeeper",
        description=textwrap.fill(
            "The mailing-list bot and pre-disclosure gatekeeper of a security team.", _WIDTH
        ),
        epilog=(
            "exit codes: 0 done, 1 refused by a rule, 2 wrong usage or configuration,\n"
            "3 recorded and waiting for approval, 4 no such thing, 75 temporary failure"
        ),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    _add_config(parser, default=None)
    return parser


def noun(nouns: Verbs, name: str, *, text: str) -> Verbs:
    """Declare a noun that has verbs of its own and return where they are declared."""
    parser = nouns.add_parser(
        name, help=text, description=_sentence(text), formatter_class=_Formatter, allow_abbrev=False
    )
    _add_config(parser, default=argparse.SUPPRESS)
    parser.set_defaults(help_of=parser)
    return parser.add_subparsers(title="verbs", metavar="VERB", prog=parser.prog)


def verb(
    verbs: Verbs,
    name: str,
    *,
    run: Run,
    text: str,
    example: str,
    more: str = "",
    shows: bool = True,
    configured: bool = True,
) -> argparse.ArgumentParser:
    """Declare a verb and return its parser for the arguments.

    `text` says in a few words what it does, `more` adds sentences to its help, `example` is one
    command that can be typed. A verb that `shows` something takes `--json`; one that is
    `configured` takes `--config`.
    """
    said = [each for each in (_sentence(text), more) if each]
    description = "\n\n".join(textwrap.fill(each, _WIDTH, break_on_hyphens=False) for each in said)
    parser = verbs.add_parser(
        name,
        help=text,
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    if configured:
        _add_config(parser, default=argparse.SUPPRESS)
    if shows:
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.set_defaults(run=run, help_of=parser)
    return parser


def whole(low: int, high: int, what: str) -> Callable[[str], int]:
    """Return how an option reads a whole number of `what` within bounds, both included."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= len(str(high))
        if not digits or not low <= int(text) <= high:
            message = f"{text!r} is not a number of {what} from {low} to {high}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _add_config(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    parser.add_argument(
        "--config",
        metavar="DIR",
        type=Path,
        default=default,
        help="the configuration folder (default: $GATEKEEPER_CONFIG, else ./config)",
    )
