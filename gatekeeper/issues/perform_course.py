"""What carries out the verbs about the course of an issue: each reads its order, and no more."""

from typing import Final

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.process import Fact, Severity, Track
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.issues import closing, deciding, merging, splitting
from gatekeeper.issues.acting import Done
from gatekeeper.issues.order import Order

_OFF: Final = "off"


def accept(order: Order) -> Done:
    """Take the report up on a track."""
    return deciding.accept(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        track=Track(order.value("track")),
        now=order.now,
    )


def track(order: Order) -> Done:
    """Change the track."""
    return deciding.track(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        to=Track(order.operand),
        reason=order.value("reason"),
        now=order.now,
    )


def severity(order: Order) -> Done:
    """Judge how bad it is."""
    return deciding.severity(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        judged=Severity(order.operand),
        now=order.now,
    )


def fact(order: Order) -> Done:
    """State what is known, or take it back."""
    stated, reason = Fact(order.operand), order.value("reason")
    if _OFF not in order.command.words:
        return deciding.fact(
            order.tx,
            order.desk,
            issue=order.issue,
            actor=order.actor,
            stated=stated,
            at=deciding.since(order.value("at")),
            reason=NoEmbargo(reason) if reason else None,
            now=order.now,
        )
    if reason or order.value("at"):
        raise Refusal("a mistake has neither instant nor reason", remedy="leave them out")
    return deciding.no_fact(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        stated=stated,
        now=order.now,
    )


def tools(order: Order) -> Done:
    """Say whether public tools or models found it."""
    return deciding.tools(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        found=_OFF not in order.command.words,
        now=order.now,
    )


def reject(order: Order) -> Done:
    """Close the report for a reason."""
    return closing.reject(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        reason=Rejection(order.operand),
        now=order.now,
    )


def reopen(order: Order) -> Done:
    """Open it again."""
    return closing.reopen(order.tx, order.desk, issue=order.issue, actor=order.actor, now=order.now)


def hand_over(order: Order) -> Done:
    """Leave it to another project."""
    return closing.hand_over(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        project=order.operand,
        now=order.now,
    )


def merge(order: Order) -> Done:
    """Let it go on in another issue."""
    return merging.merge(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        into=IssueId.parse(order.operand),
        now=order.now,
    )


def split(order: Order) -> Done:
    """Open a further issue for a part of it."""
    return splitting.split(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        subject=order.operand,
        now=order.now,
    )
