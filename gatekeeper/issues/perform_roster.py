"""Carry out the verbs about people of the team: suspend one, be away (S-0)."""

from gatekeeper.domain import wording
from gatekeeper.domain.errors import Refusal
from gatekeeper.issues import roster_acts
from gatekeeper.issues.acting import Done
from gatekeeper.issues.order import Order


def suspend(order: Order) -> Done:
    """Let nothing that the named person signs count from now on."""
    return roster_acts.suspend(
        order.tx, order.desk, actor=order.actor, name=order.operand, now=order.now
    )


def away(order: Order) -> Done:
    """Note until when whoever orders it is away; without an instant they are there again."""
    until = None
    if order.operand:
        read = wording.read(order.operand, order.now)
        if read.when is None:
            raise Refusal(read.why(), remedy="write it as 2026-12-08T12:00Z")
        until = read.when.at(order.desk.policy.embargo.calendar)
    return roster_acts.away(order.tx, order.desk, actor=order.actor, until=until, now=order.now)
