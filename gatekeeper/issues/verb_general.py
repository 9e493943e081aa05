"""The verb table: what asks for something to read."""

from typing import Final

from gatekeeper.issues.verb_table import Verb

STATUS: Final = Verb(
    name="status",
    summary="You are told how the issue stands: state, dates, what waits, who has to approve it.",
    forms=("status",),
    example="status",
)
LIST: Final = Verb(
    name="list",
    summary="You are told of every open issue, and of everything that waits for approval.",
    forms=("list",),
    example="list",
    needs_issue=False,
)
HELP: Final = Verb(
    name="help",
    summary="You get this text.",
    forms=("help",),
    example="help",
    needs_issue=False,
)
