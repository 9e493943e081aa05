"""Every command's frame: parse, run, and turn whatever happens into one sentence and a status."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Final

from gatekeeper.cli import (
    approval,
    audit,
    backup,
    check,
    db,
    delivery,
    doctor,
    embargo,
    grammar,
    health,
    init,
    issue,
    key,
    mail,
    metrics,
    policy,
    serve,
    stats,
    team,
    version,
)
from gatekeeper.cli.ending import Ended
from gatekeeper.domain.errors import GatekeeperError, OurFault

USAGE: Final = 2
_SIGNALLED: Final = 128
INTERRUPTED: Final = 130
"""What a shell reports of a program that Ctrl-C ended: 128 and the signal's number."""

_NOUNS: Final = (
    *(version, init, check, serve, health, doctor, metrics, stats),
    *(team, policy, db, key, issue, embargo, approval, mail, delivery),
    *(audit, backup),
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = grammar.top()
    nouns = top.add_subparsers(title="commands", metavar="COMMAND", prog="gatekeeper")
    for module in _NOUNS:
        module.add(nouns)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status (design: commands, "Exit codes")."""
    _prepare_output()
    top = parser()
    try:
        options = top.parse_args(arguments)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else USAGE
    if "run" not in options:
        getattr(options, "help_of", top).print_help(sys.stderr)
        return USAGE
    return _guarded(options)


def _prepare_output() -> None:
    """Let no letter that the output cannot show, and no output that is closed, end a command."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # the next file that is opened gets the number, and must not be written to as output
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _guarded(options: argparse.Namespace) -> int:
    from gatekeeper.cli.terminal import flush, forget_output

    try:
        status = int(options.run(options))
        flush()
    except GatekeeperError as error:
        _say(*_diagnostics(error))
        return error.exit_code
    except Ended as ending:
        _say(f"gatekeeper: ended by {ending.number.name}")
        return _SIGNALLED + ending.number
    except KeyboardInterrupt:
        _say("gatekeeper: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read us has enough
        forget_output()
        return 0
    except Exception as error:  # noqa: BLE001 - a person meets a sentence, never a traceback
        what = f"an unexpected {type(error).__name__}{_place(error)}"
        _say(f"gatekeeper: {what}; please report this line")
        return OurFault.exit_code
    return status


def _diagnostics(error: GatekeeperError) -> list[str]:
    """Return the lines for an error; problems of a configuration begin with their place."""
    from gatekeeper.config import BadConfiguration

    mark = "" if isinstance(error, BadConfiguration) else "gatekeeper: "
    return [mark + line for line in error.diagnostics().splitlines()]


def _say(*lines: str) -> None:
    from gatekeeper.cli.terminal import safe

    for line in lines:
        print(safe(line), file=sys.stderr)


def _place(error: Exception) -> str:
    """Return where in our own code an error came up, without its message, which may tell."""
    place, trace = "", error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if str(module).startswith("gatekeeper."):
            place = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
