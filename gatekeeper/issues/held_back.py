"""What is kept in its thread and not passed on: bounces, automatic answers, mail of our own.

The team is told once for each issue of mail that was held back, and once of mail that was returned:
a second notice could itself bring the next such mail, and two programs must come to rest.
"""

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.report import Kind
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.notices import HELD_BACK, RETURNED, tell_once
from gatekeeper.store import deliveries, issues, messages
from gatekeeper.store.engine import Tx
from gatekeeper.store.faults import Conflict
from gatekeeper.store.issues import IssueRow

_WORDS = {
    Kind.AUTO_REPLY: "an automatic answer to one of our letters",
    Kind.LOOP: "a mail that carries a mark of our own mail, as one that came back does",
}
_NO_MORE = "More mail that is kept like this brings no further notice."


def tell(case: Case, place: Place) -> None:
    """Tell the team of a message that is not passed on to them, if they should know."""
    issue = place.issue
    if issue is None:
        return
    if place.kind is Kind.BOUNCE:
        _tell_returned(case, issue)
        return
    tell_once(
        case.tx,
        case.desk,
        issue=issue.id,
        kind=HELD_BACK,
        headline=f"{issue.issue_id}: mail was kept in the thread and not passed on",
        lines=(f"It is {_WORDS[place.kind]}.", _NO_MORE),
        about=case.arrival.id,
        now=case.now,
        next_step=f"To read it: gatekeeper issue thread {issue.issue_id}",
    )


def _tell_returned(case: Case, issue: IssueRow) -> None:
    """Tell the team that a mail to a correspondent came back; of copies to them `doctor` knows."""
    row = case.arrival.classified.delivery
    delivery = deliveries.get(case.tx, row) if row is not None else None
    if delivery is None or delivery.correspondent is None:
        return
    tell_once(
        case.tx,
        case.desk,
        issue=issue.id,
        kind=RETURNED,
        headline=f"{issue.issue_id}: a machine returned or answered mail to the {delivery.name}",
        lines=(f"It went to {delivery.recipient}, and may not have arrived.",),
        about=case.arrival.id,
        now=case.now,
        next_step=f"To read what came back: gatekeeper issue thread {issue.issue_id}",
    )


def issue_of_delivery(tx: Tx, delivery: RowId | None) -> IssueRow | None:
    """Return the issue that a delivery belongs to, None when it, or the delivery, is not there."""
    row = deliveries.get(tx, delivery) if delivery else None
    return issues.by_row(tx, row.issue) if row and row.issue else None


def issue_of_row(tx: Tx, row: RowId | None) -> IssueRow | None:
    """Return the issue that a loop token names: its own row, or that of a message in it."""
    if row is None:
        return None
    try:
        message = messages.head(tx, row)
    except Conflict:
        pass
    else:
        return issues.by_row(tx, message.issue) if message.issue else None
    try:
        return issues.by_row(tx, row)
    except Conflict:
        # The letter is older than the backup this database was restored from.
        return None
