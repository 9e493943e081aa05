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
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.tables import OPEN_STATES

_FROM_OUTSIDE: Final = frozenset({Kind.REPORT, Kind.REPLY})


def next_step(
    thread: Thread,
    waiting: int,
    timeline: Timeline,
    *,
    team: Team,
    domain: str,
    now: Instant,
) -> str:
    """Return the sentence: what waits for people comes before what waits for a date.

    `waiting` is how many requests wait for approval, `domain` names this installation in a command.
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
        return f"nothing: it is {state}"
    if not thread.issue.owner:
        return f"nobody has taken it: send the signed mail `!{issue}@{domain} own`"
    unanswered = _unanswered(thread, team)
    if unanswered is not None:
        return f"answer the mail of {spoken(unanswered.received_at)}"
    return _next_date(timeline, now)


def _next_date(timeline: Timeline, now: Instant) -> str:
    if now < timeline.predisclosure:
        return f"pre-disclosure is proposed for {spoken(timeline.predisclosure)}"
    if now < timeline.public:
        return f"public disclosure is proposed for {spoken(timeline.public)}"
    return "the proposed dates have passed"


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
