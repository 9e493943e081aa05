"""A rejected report comes back: an answer of whoever found it opens it again (design 01, T-2)."""

from typing import Final

from gatekeeper.domain.process import IssueState
from gatekeeper.domain.report import Kind
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.closing import open_again
from gatekeeper.store import correspondents, deciding, issues
from gatekeeper.store.issues import IssueRow

_ACTOR: Final = "gatekeeper"


def where_it_goes_on(case: Case, issue: IssueRow) -> IssueRow:
    """Return the issue in which mail to `issue` is read: where it was merged, that one."""
    seen = {issue.id}
    while (into := deciding.get(case.tx, issue.id).merged_into) is not None and into not in seen:
        seen.add(into)
        issue = issues.by_row(case.tx, into)
    return issue


def listen(case: Case, place: Place, *, replayed: bool) -> tuple[str, ...]:
    """Open a rejected issue again when one of its finders answers; return that in a line.

    Automatic answers are of another kind and open nothing, nor does mail that somebody else only
    sent on. What brings it back is no proof of who wrote: a person reads it, and no more.
    """
    issue = place.issue
    if place.kind is not Kind.REPLY or issue is None or case.colleague is not None or replayed:
        return ()
    decided = deciding.get(case.tx, issue.id)
    rejected = decided.state is IssueState.REJECTED and decided.merged_into is None
    if not rejected or not _finds(case, issue):
        return ()
    before = open_again(case.tx, issue, by=_ACTOR, about=case.arrival.id, now=case.now)
    return (f"it was rejected as {before.reason}; this answer opened it again",)


def _finds(case: Case, issue: IssueRow) -> bool:
    """Say whether the mail came from a finder's address, or was signed with a finder's key."""
    finders = [
        each
        for each in correspondents.of_issue(case.tx, issue.id)
        if each.role.is_finder and each.removed_at is None
    ]
    by_key = {signer.id for signer in case.signers}
    sender = case.sender.key if case.sender is not None else None
    return any(each.id in by_key or each.address.key == sender for each in finders)
