"""The verb table: who takes part in an issue, and who of the team is there."""

from typing import Final

from gatekeeper.domain.participants import INVITABLE
from gatekeeper.issues.operands import Mailbox, Names, OneOf, Text, When, Who
from gatekeeper.issues.verb_table import Verb, keys

_ROLES: Final = tuple(map(str, INVITABLE))

INVITE: Final = Verb(
    name="invite",
    summary=(
        "Asks that somebody take part in this one issue; attach their key. Needs approval. ROLE is"
        f" one of: {', '.join(_ROLES)}."
    ),
    forms=("invite ADDRESS role=ROLE",),
    example="invite expert@upstream.example role=upstream",
    keys=keys(role=OneOf(name="ROLE", choices=_ROLES)),
    required=frozenset({"role"}),
    operands=(Mailbox(name="ADDRESS"),),
    by_shell=True,
)
REMOVE: Final = Verb(
    name="remove",
    summary="Asks that somebody invited be told nothing more. Needs approval.",
    forms=("remove NAME",),
    example="remove upstream",
    operands=(Names(name="NAME"),),
    by_shell=True,
)
CONSENT: Final = Verb(
    name="consent",
    summary=(
        "Records that somebody outside agreed to mail that goes to others, too, and how they said"
        " so: then `reply to=reporter,upstream` can be sent. With `off` they agree no more."
    ),
    forms=('consent NAME via="HOW"', "consent NAME off"),
    example='consent upstream via="their mail of today"',
    words=frozenset({"off"}),
    keys=keys(via=Text(name='"HOW"')),
    operands=(Names(name="NAME"),),
    by_shell=True,
)
SUSPEND: Final = Verb(
    name="suspend",
    summary=(
        "Somebody of the team has left, or lost a key: from this moment nothing they sign counts,"
        " and what they approved and waits is void. Two others undo it."
    ),
    forms=("suspend NAME",),
    example="suspend wei@team.example",
    operands=(Who(name="NAME"),),
    needs_issue=False,
)
AWAY: Final = Verb(
    name="away",
    summary="You are away until INSTANT: reminders go to others. Without INSTANT you are back.",
    forms=("away INSTANT", "away"),
    example="away 2026-12-08T12:00Z",
    operands=(When(name="INSTANT", optional=True),),
    needs_issue=False,
)
