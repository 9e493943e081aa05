"""What carries out the verbs about dates: each reads its order, and no more."""

from gatekeeper.issues import dating
from gatekeeper.issues.acting import Done
from gatekeeper.issues.order import Order


def propose(order: Order) -> Done:
    """Suggest a date to the reporter."""
    return dating.propose(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        when=order.operand,
        now=order.now,
    )


def agree(order: Order) -> Done:
    """Record what was agreed elsewhere."""
    return dating.agree(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        when=order.operand,
        holder=order.value("by"),
        via=order.value("via"),
        now=order.now,
    )


def move(order: Order) -> Done:
    """Move the date."""
    return dating.move(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        when=order.operand,
        reason=order.value("reason"),
        now=order.now,
    )


def extension(order: Order) -> Done:
    """Record that an organisation asked for more time."""
    return dating.extension(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        org=order.value("org"),
        when=order.operand,
        now=order.now,
    )
