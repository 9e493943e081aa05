"""What a person may do next in an issue: one sentence, the most urgent thing."""

from typing import Final

from gatekeeper.cli.screen import counted
from gatekeeper.cli.turns import Thread
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.report import Kind
from gatekeeper.domain.retention import ERASED
from gatekeeper.domain.team import Team
from gatekeeper.domain.timeline import Timeline
from gatekeeper.issues.acting import REPLY_LETTER
from gatekeeper.issues.standing import Standing
from gatekeeper.store import dates
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.tables import OPEN_STATES

_FROM_OUTSIDE: Final = frozenset({Kind.REPORT, Kind.REPLY})


def next_step(
    thread: Thread,
    waiting: int,
    timeline: Timeline,
    stands: Standing,
    *,
    team: Team,
    domain: str,
    now: Instant,
) -> str:
    """Return the sentence: what waits for people comes before what waits for a date.

    `waiting` is how many requests wait for approval, `timeline` what policy proposes where no date
    stands, `domain` names this installation in a command.
    """
    issue = thread.issue.issue_id
    state = thread.issue.state
    if state not in OPEN_STATES and thread.issue.subject == ERASED:
        return f"nothing: it is {state}, and its content was erased"
    if waiting:
        return f"{counted(waiting, 'request waits', 'requests wait')} for approval, see below"
    if thread.trouble:
        copies = counted(len(thread.trouble), "copy", "copies")
        return f"{copies} did not get through, see below"
    if state not in OPEN_STATES:
        return stands.onward or f"nothing: it is {state}"
    if not thread.issue.owner:
        return f"nobody has taken it: send the signed mail `!{issue}@{domain} own`"
    unanswered = _unanswered(thread, team)
    if unanswered is not None:
        return f"answer the mail of {spoken(unanswered.received_at)}"
    return "; ".join(filter(None, (stands.onward, _next_date(timeline, stands, now))))


def _next_date(timeline: Timeline, stands: Standing, now: Instant) -> str:
    """Return what happens when, "" for an issue that waits for no date."""
    date = stands.date
    if date is None and stands.track is not None and not stands.track.embargoed:
        return ""
    told = timeline.predisclosure if date is None else date.predisclosure
    public = timeline.public if date is None else date.instant
    how = dates.PROPOSED if date is None else date.state
    if told is not None and now < told and not stands.told:
        return f"pre-disclosure is {how} for {spoken(told)}"
    if now < public:
        return f"public disclosure is {how} for {spoken(public)}"
    return f"the {how} date has passed" if date is not None else "the proposed dates have passed"


def _unanswered(thread: Thread, team: Team) -> StoredMessage | None:
    """Return the last mail from outside, if no person has answered since."""
    last = None
    for turn in thread.turns:
        if turn.letter is not None and turn.letter.kind == REPLY_LETTER:
            last = None
        if turn.message is not None and _is_from_outside(turn.message, team):
            last = turn.message
    return last


def _is_from_outside(message: StoredMessage, team: Team) -> bool:
    if message.kind not in _FROM_OUTSIDE or (message.summary or {}).get("signer"):
        return False
    sender = message.envelope.sender
    return sender is None or team.by_address(sender) is None
