"""Counts for those who watch the service: how much there is, and since when the oldest waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import exists, func, select

from gatekeeper.domain.delivery import CLAIMABLE, DeliveryState
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import MessageState
from gatekeeper.domain.statistics import ANSWERS
from gatekeeper.store import audit, deliveries, frozen, messages, requests
from gatekeeper.store.issues import REPORTED
from gatekeeper.store.tables import ISSUE_STATES, events, issues
from gatekeeper.store.tables import deliveries as _deliveries
from gatekeeper.store.tx import Tx

_UNSENT: Final = sorted({*CLAIMABLE, DeliveryState.CLAIMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a database counts; an instant is None where nothing waits.

    `unhandled` since when the oldest accepted mail waits to be handled, `unsealed` the oldest
    letter to be encrypted, `unsent` the oldest delivery for the relay, `unanswered` the oldest
    report that no person has answered, `unapproved` the oldest request for approval; `events` is
    the number of the event log's newest entry.
    """

    messages: Mapping[MessageState, int]
    deliveries: Mapping[DeliveryState, int]
    issues: Mapping[str, int]
    unhandled: Instant | None
    unsealed: Instant | None
    unsent: Instant | None
    unanswered: Instant | None
    unapproved: Instant | None
    events: int
    frozen: bool


def take(tx: Tx) -> Figures:
    """Return the figures of one moment."""
    return Figures(
        messages=messages.counts(tx),
        deliveries=deliveries.counts(tx),
        issues=_issues(tx),
        unhandled=messages.oldest_waiting(tx),
        unsealed=deliveries.oldest_pending(tx),
        unsent=_unsent(tx),
        unanswered=_unanswered(tx),
        unapproved=next((each.created_at for each in requests.waiting(tx)), None),
        events=audit.head(tx).seq,
        frozen=frozen.of(tx) is not None,
    )


def _issues(tx: Tx) -> Mapping[str, int]:
    query = select(issues.c.state, func.count().label("number")).group_by(issues.c.state)
    found = {row.state: row.number for row in tx.connection.execute(query)}
    return {state: found.get(state, 0) for state in ISSUE_STATES}


def _unanswered(tx: Tx) -> Instant | None:
    answered = exists().where(events.c.issue == issues.c.id, events.c.kind.in_(ANSWERS))
    query = select(func.min(issues.c.opened_at))
    found = tx.connection.scalar(query.where(issues.c.state == REPORTED, ~answered))
    return Instant(found) if found is not None else None


def _unsent(tx: Tx) -> Instant | None:
    query = select(func.min(_deliveries.c.first_due_at)).where(_deliveries.c.state.in_(_UNSENT))
    found = tx.connection.scalar(query)
    return Instant(found) if found is not None else None
