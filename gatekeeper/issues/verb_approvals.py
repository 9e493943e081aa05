"""The verb table: what is approved by more than one person."""

from typing import Final

from gatekeeper.issues.operands import Digits, Names, Text
from gatekeeper.issues.verb_table import Verb, keys

_EXAMPLE: Final = "4f1c22ab90d7e35c0b6a8d9e7f1c22ab4f1c22ab90d7e35c0b6a8d9e7f1c22ab"
_HASH: Final = Digits(name="HASH", least=10, all=64, what="what waits for approval", upper=False)
_FROZEN: Final = Digits(name="HASH", least=64, all=64, what="the frozen database", upper=False)

APPROVE: Final = Verb(
    name="approve",
    summary=(
        "You approve what somebody else asked for; HASH is the whole hash of its effect, as"
        " it was mailed to you. What is about no issue is approved without an id."
    ),
    forms=("approve HASH",),
    example=f"approve {_EXAMPLE}",
    operands=(_HASH,),
    needs_issue=False,
    with_issue=True,
)
REFUSE: Final = Verb(
    name="refuse",
    summary="You say no to what somebody else asked for, and why; it ends there.",
    forms=('refuse HASH "WHY"',),
    example=f'refuse {_EXAMPLE} "the members need the week"',
    operands=(_HASH, Text(name='"WHY"')),
    needs_issue=False,
    with_issue=True,
)
WITHDRAW: Final = Verb(
    name="withdraw",
    summary="You take back what you asked for yourself, before it is done.",
    forms=("withdraw HASH",),
    example=f"withdraw {_EXAMPLE}",
    operands=(_HASH,),
    needs_issue=False,
    with_issue=True,
)
REAFFIRM: Final = Verb(
    name="reaffirm",
    summary=(
        "A database that was set back to an older state works again when two people have"
        " signed what `gatekeeper audit frozen` shows of it, by its HASH. With `after` issue"
        " numbers go on above that one."
    ),
    forms=("reaffirm HASH", "reaffirm HASH after=ID"),
    example=f"reaffirm {_EXAMPLE}",
    # What is no id is refused where that is recorded: a frozen database sends no answer.
    keys=keys(after=Names(name="ID")),
    operands=(_FROZEN,),
    needs_issue=False,
)
