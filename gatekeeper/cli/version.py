"""`gatekeeper version`: which program this is."""

import argparse
import platform

from gatekeeper import __version__
from gatekeeper.cli.grammar import Verbs, verb


def add(nouns: Verbs) -> None:
    """Declare the command."""
    verb(
        nouns,
        "version",
        run=show,
        text="say which program this is",
        example="gatekeeper version --json",
        configured=False,
    )


def show(options: argparse.Namespace) -> int:
    """Print the version of the program and of Python."""
    from gatekeeper.cli.terminal import emit_json, emit_lines

    if options.json:
        emit_json({"version": __version__, "python": platform.python_version()})
    else:
        emit_lines(f"gatekeeper {__version__} (Python {platform.python_version()})")
    return 0
