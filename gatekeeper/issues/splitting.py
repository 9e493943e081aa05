"""Split an issue that is about two things: a further one has its people and its date (R-8)."""

from dataclasses import replace
from typing import Final

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import RowId, short_tag
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.outcomes import Outcome, Telling
from gatekeeper.domain.process import Fact
from gatekeeper.issues import outcomes
from gatekeeper.issues.acting import Actor, Done, record
from gatekeeper.issues.column import one_line
from gatekeeper.issues.correspondence import reporter_of
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import tell
from gatekeeper.issues.standing import Standing, standing
from gatekeeper.pgp import guests
from gatekeeper.store import ceilings, correspondents, dates, deciding, issue_facts, issues
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

_TAG_BYTES: Final = 5
_CARRIED: Final = (Fact.TOOLS, Fact.EXPLOITED)


def split(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, subject: str, now: Instant) -> Done:
    """Open a further issue for a part of this one, and tell those who found it.

    It begins as a report, with the same people and the same dates; nobody's date moves by it, so
    it needs no approval.
    """
    stands = standing(tx, issue.id, now=now)
    if not stands.state.is_open:
        raise Refusal(f"it is {stands.state}", remedy="reopen it first")
    reporter_of(tx, issue, now=now)
    made = issues.open_issue(
        tx,
        product=issue.product,
        prefix=desk.prefix,
        tag=short_tag(desk.chance(_TAG_BYTES)),
        subject=one_line(subject, 200),
        reporter=issue.reporter,
        now=now,
    )
    deciding.save(tx, replace(deciding.get(tx, made.id), split_from=issue.id), now=now)
    lines = [f"split: {made.issue_id} begins with the people and the dates of {issue.issue_id}"]
    lines += _dates(tx, stands, made.id, now=now)
    for fact in _CARRIED:
        if fact in stands.known:
            issue_facts.put(tx, replace(stands.known[fact], issue=made.id))
    form = Outcome(
        issue=issue.issue_id,
        telling=Telling.SPLIT,
        fingerprint=desk.fingerprint,
        other=made.issue_id,
    )
    for each in correspondents.of_issue(tx, issue.id):
        if each.removed_at is None:
            copied = _copied(tx, each, made.id, now=now)
            if copied.role.is_finder:
                # From the new issue, so that an answer is read there.
                lines.append(
                    outcomes.write(tx, desk, copied, form, issue=made, actor=actor, now=now)
                )
    record(tx, "issue.opened", made, actor, {"issue": str(made.issue_id)}, now=now)
    record(tx, "issue.split_from", made, actor, {"from": str(issue.issue_id)}, now=now)
    record(tx, "issue.split", issue, actor, {"into": str(made.issue_id)}, now=now)
    headline = f"{made.issue_id} was split from {issue.issue_id} by {actor.name}"
    tell(tx, desk, issue=made.id, headline=headline, lines=lines, now=now, by=actor.name)
    return outcomes.done(tx, desk, issue, actor, tuple(lines), now=now)


def _dates(tx: Tx, stands: Standing, made: RowId, *, now: Instant) -> list[str]:
    """Copy the date that stands, and what binds it."""
    for each in ceilings.binding(tx, stands.decided.issue):
        ceilings.put(
            tx,
            issue=made,
            holder=each.holder,
            kind=each.kind,
            instant=each.instant,
            by=each.by,
            via=each.via,
            now=now,
        )
    if stands.date is None:
        return []
    dates.add(tx, replace(stands.date, issue=made, number=1, at=now))
    return [f"split: its date is {spoken(stands.date.instant)}, {stands.date.state}"]


def _copied(tx: Tx, one: Correspondent, made: RowId, *, now: Instant) -> Correspondent:
    """Let somebody take part in the new issue, too, with the key and the credit of the first."""
    again = correspondents.add(
        tx,
        issue=made,
        name=one.name,
        address=one.address,
        wrote_in_clear=one.wrote_in_clear,
        role=one.role,
        now=now,
    )
    if one.certificate is not None and one.fingerprint is not None:
        correspondents.pin(
            tx,
            correspondent=again.id,
            certificate=one.certificate,
            fingerprint=one.fingerprint,
            key_ids=guests.key_ids(one.certificate),
            now=now,
        )
    correspondents.set_credit(tx, correspondent=again.id, credit=one.credit, now=now)
    return correspondents.by_row(tx, again.id)
