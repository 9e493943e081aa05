"""Wordings of a date in a mail from outside: echoed as instants to be confirmed, never assumed."""

from typing import Final

from gatekeeper.domain.date_forms import DateLetter, DateTelling
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.report import Kind
from gatekeeper.domain.wording import find
from gatekeeper.issues import answers
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.column import one_line
from gatekeeper.issues.correspondence import Meeting
from gatekeeper.issues.date_letters import Sender
from gatekeeper.issues.embargo_dates import NAMED, READ_LETTER, ensure_begun
from gatekeeper.issues.reporter_orders import Heard
from gatekeeper.issues.written import written
from gatekeeper.store import issues
from gatekeeper.texts.date_letters import operand

_MOST: Final = 4
"""Instants that are asked back; a mail with more is about something else."""


def ask_back(
    case: Case, place: Place, met: Meeting, heard: Heard | None, *, replayed: bool
) -> tuple[str, ...]:
    """Ask a finder whether a date that a mail in their name seems to name is their proposal.

    Return that in lines for the team; () when it names none, or is itself automatic. What was
    asked before is not asked again.
    """
    author, issue = met.reporter, place.issue
    passed = replayed or case.colleague is not None or place.kind not in {Kind.REPORT, Kind.REPLY}
    if author is None or issue is None or passed or not author.role.is_finder:
        return ()
    if heard is not None and (heard.orders or heard.faults):
        return ()
    found = _instants(case)
    if not found or len(found) > _MOST or answers.silent_because(case):
        return ()
    issue = issues.by_row(case.tx, issue.id)
    if not IssueState(issue.state).is_open:
        return ()
    held = ensure_begun(case.tx, case.desk, issue, now=case.now)
    asked = held.mentioned
    if set(found) <= asked:
        return ()
    sender = Sender(
        tx=case.tx,
        desk=case.desk,
        issue=issue,
        now=case.now,
        about=case.arrival.id,
        automatic=True,
    )
    form = DateLetter(
        issue=issue.issue_id,
        telling=DateTelling.READ,
        fingerprint=case.desk.fingerprint,
        code=sender.code_for(author),
        others=tuple(found),
    )
    stamp = {NAMED: " ".join(str(each) for each in found)}
    said = sender.write(author, form, kind=READ_LETTER, stamp=stamp)
    words = "; ".join(
        f'"{one_line(text, 60)}" is {spoken(instant)}, in a command {operand(instant)}'
        for instant, text in found.items()
    )
    return (f"it seems to name a date, of which nothing is taken: {words}", said)


def _instants(case: Case) -> dict[Instant, str]:
    """Return the instants that a mail names, each with its words; all readings of one in doubt."""
    calendar = case.desk.policy.embargo.calendar
    text = written(case.reading).text
    found: dict[Instant, str] = {}
    for each in find(text, case.now):
        for reading in each.read.readings:
            instant = reading.at(calendar)
            if instant > case.now:
                found.setdefault(instant, text[each.start : each.end])
    return found
