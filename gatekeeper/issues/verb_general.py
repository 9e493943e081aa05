"""The verb table: what asks for something to read."""

from typing import Final

from gatekeeper.issues.operands import Text
from gatekeeper.issues.verb_table import Verb, keys

STATUS: Final = Verb(
    name="status",
    summary=(
        "You are told how the issue stands, what waits, and who has to approve it; and you get a"
        " code, which does `own`, `note` or `status` once without a signature."
    ),
    forms=("status", "status code=CODE"),
    example="status",
    keys=keys(code=Text(name="CODE")),
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
