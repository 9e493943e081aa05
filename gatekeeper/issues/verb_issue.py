"""The verb table: whose an issue is, and what becomes of it."""

from typing import Final

from gatekeeper.domain.process import BY_HAND, Severity, Track
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.issues.operands import Number, OneOf, Text, When, Who
from gatekeeper.issues.verb_table import Verb, keys

_TRACK: Final = OneOf(name="TRACK", choices=tuple(Track))
_FACTS: Final = tuple(sorted(BY_HAND))

OWN: Final = Verb(
    name="own",
    summary="Says who looks after the issue: you, or from a shell whoever you name.",
    forms=("own", "own code=CODE"),
    example="own",
    keys=keys(code=Text(name="CODE")),
    by_shell=True,
)
ACCEPT: Final = Verb(
    name="accept",
    summary=f"The report is a vulnerability of ours. TRACK is one of: {', '.join(Track)}.",
    forms=("accept track=TRACK",),
    example="accept track=predisclose",
    keys=keys(track=_TRACK),
    required=frozenset({"track"}),
    by_shell=True,
)
TRACK: Final = Verb(
    name="track",
    summary=(
        "Changes how the issue is handled, with the reason. A change that gives up an embargo, or"
        " puts another date in its place, needs approval."
    ),
    forms=('track TRACK reason="WHY"',),
    example='track low reason="needs local root"',
    keys=keys(reason=Text(name='"WHY"')),
    required=frozenset({"reason"}),
    operands=(_TRACK,),
    by_shell=True,
)
SEVERITY: Final = Verb(
    name="severity",
    summary=f"Says how bad it is: {', '.join(Severity)}.",
    forms=("severity SEVERITY",),
    example="severity high",
    operands=(OneOf(name="SEVERITY", choices=tuple(Severity)),),
    by_shell=True,
)
REJECT: Final = Verb(
    name="reject",
    summary=(
        "Closes what is no vulnerability of ours; the reporter is told the reason, and an answer"
        f" of theirs opens it again. REASON is one of: {', '.join(Rejection)}."
    ),
    forms=("reject REASON",),
    example="reject documented-behaviour",
    operands=(OneOf(name="REASON", choices=tuple(Rejection)),),
    by_shell=True,
)
REOPEN: Final = Verb(
    name="reopen",
    summary="Opens a rejected issue again.",
    forms=("reopen",),
    example="reopen",
    by_shell=True,
)
HAND_OVER: Final = Verb(
    name="hand-over",
    summary=(
        "The vulnerability is another project's, which the reporter consented to tell and which"
        " has acknowledged it."
    ),
    forms=('hand-over "PROJECT"',),
    example='hand-over "Example Library"',
    operands=(Who(name='"PROJECT"'),),
    by_shell=True,
)
FACT: Final = Verb(
    name="fact",
    summary=(
        f"Records what is known now, or since INSTANT. FACT is one of: {', '.join(_FACTS)}. With"
        " `off` it was a mistake. What is public already has a reason, one of:"
        f" {', '.join(NoEmbargo)}."
    ),
    forms=(
        "fact FACT",
        "fact FACT at=INSTANT",
        "fact FACT off",
        "fact public-already reason=REASON",
    ),
    example="fact fix-ready",
    words=frozenset({"off"}),
    keys=keys(at=When(name="INSTANT"), reason=OneOf(name="REASON", choices=tuple(NoEmbargo))),
    operands=(OneOf(name="FACT", choices=_FACTS),),
    by_shell=True,
)
TOOLS: Final = Verb(
    name="tools",
    summary=(
        "It was found with public tools or models, so that others may find it soon; policy"
        " proposes an earlier date. With `off` it was not."
    ),
    forms=("tools", "tools off"),
    example="tools",
    words=frozenset({"off"}),
    by_shell=True,
)
MERGE: Final = Verb(
    name="merge",
    summary=(
        "This issue and that of ID are one, and go on under ID. A date that moves needs approval."
    ),
    forms=("merge ID",),
    example="merge SEC-2026-0008",
    operands=(Number(name="ID"),),
    by_shell=True,
)
SPLIT: Final = Verb(
    name="split",
    summary="A further issue begins with this one's reporter and date, under a subject of its own.",
    forms=('split "SUBJECT"',),
    example='split "Overflow in the second parser"',
    operands=(Text(name='"SUBJECT"'),),
    by_shell=True,
)
