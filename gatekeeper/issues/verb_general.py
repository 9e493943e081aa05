"""The verb table: what is about no single issue."""

from typing import Final

from gatekeeper.issues.verb_table import Verb

HELP: Final = Verb(
    name="help",
    summary="You get this text.",
    forms=("help",),
    example="help",
    needs_issue=False,
)
