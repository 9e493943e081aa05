"""What carries out the verbs about people outside: who takes part, reads along, is named."""

from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.participants import Part
from gatekeeper.issues import crediting, people, sharing
from gatekeeper.issues.acting import Done
from gatekeeper.issues.correspondence import REPORTER
from gatekeeper.issues.order import Order

_NONE: Final = "none"
_OFF: Final = "off"


def invite(order: Order) -> Done:
    """Ask that somebody take part, with the key that is attached to the mail."""
    offers = order.case.arrival.offers
    return people.invite(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        address=Address.parse(order.operand),
        role=Part(order.value("role")),
        keys=[each.guest for each in offers if each.guest is not None],
        now=order.now,
    )


def remove(order: Order) -> Done:
    """Ask that somebody be told nothing more."""
    return people.remove(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        name=order.operand,
        now=order.now,
    )


def consent(order: Order) -> Done:
    """Record that somebody agreed to a shared conversation, or agrees no more."""
    via, off = order.value("via"), _OFF in order.command.words
    if bool(via) is off:
        raise Refusal(
            "it is not said whether they agreed",
            remedy='write via="HOW" if they did, and off if they agree no more',
        )
    return sharing.consent(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        name=order.operand,
        via=via,
        now=order.now,
    )


def credit(order: Order) -> Done:
    """Record how a finder is named in public."""
    none = _NONE in order.command.words
    if bool(order.operand) is none:
        raise Refusal(
            "it is not said how they are named", remedy='write credit "LINE", or credit none'
        )
    return crediting.credit(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        line=order.operand,
        name=order.value("of") or REPORTER,
        now=order.now,
    )
