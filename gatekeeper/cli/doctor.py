"""`gatekeeper doctor`: is this machine fit to serve? Each line ok, warn or fail, with a remedy."""

import argparse
from typing import TYPE_CHECKING, Final

from gatekeeper.cli.grammar import Verbs, verb

if TYPE_CHECKING:
    from gatekeeper.cli.finding import Finding


_MARGIN: Final = 21
"""Columns before a finding's text: state, name and the gaps between them."""


def add(nouns: Verbs) -> None:
    """Declare the command."""
    verb(
        nouns,
        "doctor",
        run=run,
        text="look at clock, keys, database, relay, disk and permissions",
        more="The exit code is 1 when a line says fail.",
        example="gatekeeper doctor --json",
    )


def run(options: argparse.Namespace) -> int:
    """Print all findings; 0 when none failed, else 1."""
    from gatekeeper import clock
    from gatekeeper.cli.finding import Finding, State
    from gatekeeper.cli.findings import diagnose
    from gatekeeper.cli.terminal import emit_json
    from gatekeeper.config import default_folder, loading

    settings, problems = loading.examine(options.config or default_folder())
    found = [
        Finding(name="configuration", state=State.FAIL, text=str(problem)) for problem in problems
    ]
    if settings is not None:
        text = f"{settings.folder} is sound"
        found.append(Finding(name="configuration", state=State.OK, text=text))
        found += diagnose(settings, now=clock.now())
    failed = any(finding.state is State.FAIL for finding in found)
    if options.json:
        values = [
            {"name": f.name, "state": str(f.state), "text": f.text, "remedy": f.remedy}
            for f in found
        ]
        emit_json({"ok": not failed, "findings": values})
    else:
        _tell(found)
    return 1 if failed else 0


def _tell(found: "list[Finding]") -> None:
    from gatekeeper.cli.terminal import emit_wrapped, painted

    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    for finding in found:
        mark = painted(f"{finding.state:<4}", colours[finding.state])
        emit_wrapped(f"{mark}  {finding.name:<13}  ", finding.text, margin=_MARGIN)
        if finding.remedy:
            emit_wrapped(f"{'':<{_MARGIN}}→ ", finding.remedy, margin=_MARGIN + 2)
