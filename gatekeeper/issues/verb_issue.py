"""The verb table: whose an issue is, and what becomes of it."""

from typing import Final

from gatekeeper.issues.verb_table import Verb

OWN: Final = Verb(
    name="own",
    summary="Says who looks after the issue: you, or from a shell whoever you name.",
    forms=("own",),
    example="own",
    by_shell=True,
)
