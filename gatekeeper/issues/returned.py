"""What came back to a bounce address: the delivery that failed, the score, and who is told.

The token named the delivery; nothing else of the mail is believed. Whoever knows a token can make
that one delivery fail, be told of once, and count once, and no more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain import automatic, bounces
from gatekeeper.domain.address import Address
from gatekeeper.domain.bounces import Counted, Fate, Meaning, News, Signs
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId, short_tag
from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.policy import BouncePolicy
from gatekeeper.domain.report import Kind
from gatekeeper.issues import colleagues, notices
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import RETURNED, SUSPENDED
from gatekeeper.mail import reports
from gatekeeper.store import audit, deliveries, issues, scores
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

SAID_MAX: Final = 200
"""Characters of what a machine said that people are shown."""

_ACTOR: Final = "gatekeeper"
_COUNTED: Final = "counted"

OnSuspended = Callable[[Tx, Desk, DeliveryRow, Instant], None]
"""What follows when a recipient's mail came back too often: it gets the delivery that did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    """What came back for one delivery: what it means, and what the machine said of it."""

    row: DeliveryRow
    meaning: Meaning
    said: Mapping[str, object]
    count: bool

    @property
    def words(self) -> str:
        """What the machine said, one bounded line, "" if nothing."""
        parts = (str(self.said[name]) for name in ("status", "diagnostic") if self.said[name])
        return one_line(" ".join(parts), SAID_MAX)


def place_of(case: Case) -> Place:
    """Return the place of a mail to a bounce address: in the issue of the delivery it names.

    Somebody's absence is not their mailbox's: an automatic answer is no bounce, wherever it came.
    """
    issue = _issue_of(case.tx, case.arrival.classified.delivery)
    fates = reports.fates(case.reading.mail.root)
    is_answer = bounces.meaning(fates, _signs(case)) is Meaning.ANSWER
    return Place(kind=Kind.AUTO_REPLY if is_answer else Kind.BOUNCE, issue=issue)


def take_up(case: Case, place: Place) -> None:
    """Do what a bounce gives cause for; nothing if it names no delivery."""
    named = case.arrival.classified.delivery
    row = deliveries.get(case.tx, named) if named is not None else None
    if row is None:
        return
    found = reports.fates(case.reading.mail.root)
    meaning = bounces.meaning(found, _signs(case))
    scores.lock(case.tx, row.recipient)
    came = _came(row, meaning, found or ())
    state = deliveries.returned(
        case.tx,
        delivery=row.id,
        report=came.said,
        permanent=meaning.is_over,
        now=case.now,
    )
    failed = row.state is not DeliveryState.FAILED and state is DeliveryState.FAILED
    counted = _count(case, came) if came.count else None
    if meaning is Meaning.ARRIVED:
        scores.drop(case.tx, row.recipient)
    _tell(case, place.issue, came, failed=failed)
    if counted is not None and counted.suspended:
        for follow in ON_SUSPENDED:
            follow(case.tx, case.desk, row, case.now)
    _record(case, place, came, failed=failed)


def _signs(case: Case) -> Signs:
    mail = case.reading.mail
    sender = case.arrival.envelope.sender
    return Signs(
        nobody=sender is None or automatic.is_robot(sender),
        automatic=mail.auto_submitted == "auto-replied" or mail.precedence == "auto_reply",
        disposition=reports.is_receipt(mail.root),
    )


def _came(row: DeliveryRow, meaning: Meaning, found: Sequence[Fate]) -> _Came:
    """Return what came back; a delivery counts once, whatever number of bounces comes for it."""
    fate = found[0] if found else Fate()
    before = bool((row.returned or {}).get(_COUNTED))
    said = {
        "meaning": str(meaning),
        "attempts": row.attempts,
        "action": str(fate.action) if fate.action is not None else None,
        "status": str(fate.status) if fate.status is not None else None,
        "diagnostic": fate.diagnostic,
        "remote": fate.remote,
        _COUNTED: before or meaning.is_counted,
    }
    return _Came(row=row, meaning=meaning, said=said, count=meaning.is_counted and not before)


def _count(case: Case, came: _Came) -> Counted:
    policy, recipient = case.desk.policy.bounces, came.row.recipient
    before = scores.get(case.tx, recipient)
    arrived = before is not None and scores.arrived(
        case.tx,
        recipient=recipient,
        since=before.counted_at,
        settled=later(case.now, -policy.settled_after),
    )
    counted = bounces.counted(before, came.meaning, arrived=arrived, policy=policy, now=case.now)
    scores.put(case.tx, recipient=recipient, score=counted.score, now=case.now)
    return counted


def _tell(case: Case, issue: IssueRow | None, came: _Came, *, failed: bool) -> None:
    if came.meaning is Meaning.ARRIVED:
        return
    if came.row.correspondent is None:
        # Of a delivery that has not failed the first bounce alone says anything new.
        if failed or came.count:
            what = News.FAILED if failed else News.DOUBTFUL
            said = _quoted(came)
            about, now = case.arrival.id, case.now
            colleagues.tell(case.tx, case.desk, came.row, what, said=said, about=about, now=now)
    elif issue is not None:
        _tell_of_correspondent(case, issue, came, failed=failed)


def _tell_of_correspondent(case: Case, issue: IssueRow, came: _Came, *, failed: bool) -> None:
    """Tell the team of a mail to a correspondent: of each that failed, of all others once."""
    row = came.row
    became = "was not delivered" if failed else "may not have arrived"
    headline = f"{issue.issue_id}: a mail server returned mail to the {row.name}"
    if came.meaning is Meaning.DELAYED:
        headline = f"{issue.issue_id}: mail to the {row.name} is delayed"
        became = "is still being tried"
    lines = (f"It went to {row.recipient}, and {became}.", *_quoted(came))
    look = f"To read what came back: gatekeeper issue thread {issue.issue_id}"
    again = f"To send it again: gatekeeper delivery retry {short_tag(row.id)}"
    words = notices.Notice(
        kind=RETURNED,
        headline=headline,
        lines=lines,
        next_step=again if failed else look,
        about=case.arrival.id,
    )
    notices.tell_kind(case.tx, case.desk, words, issue=issue.id, once=not failed, now=case.now)


def _quoted(came: _Came) -> tuple[str, ...]:
    """Return what the machine said, in quotes, so that no word of it looks like ours."""
    if not came.words:
        return ("What came back says no reason that can be read here.",)
    remote = one_line(str(came.said["remote"]), 100)
    who = f"The mail server {remote}" if remote else "The mail server"
    return (f'{who} said: "{came.words}"'.replace("\n", " "),)


def tell_of_suspension(tx: Tx, desk: Desk, row: DeliveryRow, now: Instant) -> None:
    """Tell the team that mail to a recipient keeps coming back."""
    days = desk.policy.bounces
    words = notices.Notice(
        kind=SUSPENDED,
        headline=f"Mail to {row.name} keeps coming back",
        lines=(
            f"It went to {row.recipient}. On several days it came back ({days.limit} points).",
            "Mail is still sent there; nobody is removed by this.",
        ),
        next_step="Ask them another way. `gatekeeper doctor` says it until mail gets through.",
        about=None,
    )
    if row.correspondent is None:
        notices.tell_others(tx, desk, words, but=row.recipient, now=now)
    elif row.issue is not None:
        notices.tell_kind(tx, desk, words, issue=row.issue, once=False, now=now)


ON_SUSPENDED: Final[tuple[OnSuspended, ...]] = (tell_of_suspension,)
"""What is done when a recipient is suspended, in this order, in the transaction that counts."""


def _issue_of(tx: Tx, delivery: RowId | None) -> IssueRow | None:
    """Return the issue that a delivery belongs to, None when it, or the delivery, is not there."""
    row = deliveries.get(tx, delivery) if delivery else None
    return issues.by_row(tx, row.issue) if row and row.issue else None


def standing(tx: Tx, policy: BouncePolicy, now: Instant) -> tuple[Address, ...]:
    """Return the recipients that are suspended now: to whom no mail got through since."""
    return tuple(
        each.recipient
        for each in scores.list_all(tx)
        if each.score.suspended_at is not None
        and bounces.standing(
            each.score,
            arrived=scores.arrived(
                tx,
                recipient=each.recipient,
                since=each.score.counted_at,
                settled=later(now, -policy.settled_after),
            ),
            policy=policy,
            now=now,
        )
    )


def _record(case: Case, place: Place, came: _Came, *, failed: bool) -> None:
    audit.append(
        case.tx,
        kind="delivery.returned",
        actor=_ACTOR,
        now=case.now,
        payload={
            "meaning": str(came.meaning),
            "status": came.said["status"],
            "state": str(DeliveryState.FAILED) if failed else str(came.row.state),
        },
        issue=place.issue.id if place.issue else None,
        message=case.arrival.id,
        delivery=came.row.id,
    )
