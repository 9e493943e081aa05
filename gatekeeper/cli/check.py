"""`gatekeeper check`: every file, key and address looked at, all problems told at once."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, verb

if TYPE_CHECKING:
    from gatekeeper.config import Problem, Settings


def add(nouns: Verbs) -> None:
    """Declare the command."""
    verb(
        nouns,
        "check",
        run=run,
        text="look at every file, key and address; no database",
        more=(
            "Tells every problem at once, as file:line:column: setting: what is wrong; what "
            "to do. Warnings do not change the exit code."
        ),
        example="gatekeeper --config /etc/gatekeeper check",
    )


def run(options: argparse.Namespace) -> int:
    """Print all problems; 0 when there are none but warnings, else 2."""
    from gatekeeper import clock
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.config import default_folder, loading
    from gatekeeper.config.certificates import examine

    settings, problems = loading.examine(options.config or default_folder())
    if settings is not None:
        problems = examine(settings, now=clock.now())
    sound = all(problem.warning for problem in problems)
    if options.json:
        emit_json({"ok": sound, "problems": [_value(problem) for problem in problems]})
        return 0 if sound else 2
    tell(problems)
    if sound and settings is not None:
        emit_lines(_summary(settings))
    return 0 if sound else 2


def tell(problems: "tuple[Problem, ...]") -> None:
    """Print problems on standard error, one a line, warnings marked as such."""
    import sys

    from gatekeeper.cli.terminal import safe

    for problem in problems:
        mark = "warning: " if problem.warning else ""
        print(f"{mark}{safe(str(problem))}", file=sys.stderr)


def _value(problem: "Problem") -> dict[str, object]:
    return {
        "severity": "warning" if problem.warning else "error",
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "text": problem.text,
    }


def _summary(settings: "Settings") -> str:
    people, keys = len(settings.team.people), len(settings.certificates)
    return f"{settings.folder} is sound: {settings.own.security}, {people} people, {keys} keys"
