"""The verb table: the disclosure date, and what people want to be named as."""

from typing import Final

from gatekeeper.domain.participants import LINE_MAX
from gatekeeper.issues.operands import Names, Text, When
from gatekeeper.issues.verb_table import Verb, keys

_INSTANT: Final = When(name="INSTANT")

PROPOSE: Final = Verb(
    name="propose",
    summary="Proposes a disclosure date to the reporter. INSTANT has a zone: 2026-12-08T12:00Z.",
    forms=("propose INSTANT",),
    example="propose 2026-12-08T12:00Z",
    operands=(_INSTANT,),
    by_shell=True,
    noun="embargo",
)
AGREE: Final = Verb(
    name="agree",
    summary=(
        "Records what was agreed elsewhere, with whom (`reporter`, or whoever else holds a date)"
        " and how; another person records it, too, and the reporter's is echoed to them."
    ),
    forms=('agree INSTANT by=NAME via="HOW"',),
    example='agree 2026-12-08T12:00Z by=reporter via="phone"',
    keys=keys(by=Names(name="NAME"), via=Text(name='"HOW"')),
    required=frozenset({"by", "via"}),
    operands=(_INSTANT,),
    by_shell=True,
    noun="embargo",
)
MOVE: Final = Verb(
    name="move",
    summary=(
        "Moves the date, with the reason. It needs approval, unless it is exactly what somebody who"
        " holds a date asked for; and never is it later than anybody agreed to."
    ),
    forms=('move INSTANT reason="WHY"',),
    example='move 2026-12-08T12:00Z reason="the fix breaks booting"',
    keys=keys(reason=Text(name='"WHY"')),
    required=frozenset({"reason"}),
    operands=(_INSTANT,),
    by_shell=True,
    noun="embargo",
)
EXTENSION: Final = Verb(
    name="extension",
    summary="Records that an organisation asked for more time; it is published after the lift.",
    forms=('extension org="NAME"', 'extension INSTANT org="NAME"'),
    example='extension org="Example Hosting"',
    keys=keys(org=Text(name='"NAME"')),
    required=frozenset({"org"}),
    operands=(When(name="INSTANT", optional=True),),
    by_shell=True,
    noun="embargo",
)
CREDIT: Final = Verb(
    name="credit",
    summary="Records how the reporter wants to be named in public, or that they do not.",
    forms=('credit "LINE"', "credit none", 'credit "LINE" of=NAME'),
    example='credit "Robin Reporter of Example Research"',
    operands=(Text(name='"LINE"', most=LINE_MAX, optional=True),),
    words=frozenset({"none"}),
    keys=keys(of=Names(name="NAME")),
    by_shell=True,
)
