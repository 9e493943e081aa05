"""What is kept and not passed on: automatic answers, mail of our own, too much unsigned mail.

A notice could itself bring the next such mail, and two programs must come to rest. Of the first two
the team is told of the first mail of an issue, of the tenth, of the hundredth: what one notice
brings is soon fewer than it takes for the next.

Too much unsigned mail of one From opens an hour in which all of it is kept, and a notice says so at
its beginning. So nobody is silenced unsaid, whoever wrote in their name; and what the notice itself
brings falls into that hour, so it takes as much mail as before that was passed on to bring another.
"""

from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.automatic import UNSIGNED_AN_HOUR
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import HOUR, Instant, later, spoken
from gatekeeper.domain.report import Kind
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.notices import CROWDED, HELD_BACK, Notice, tell_kind
from gatekeeper.store import held, issues, keys, messages, told
from gatekeeper.store.engine import Tx
from gatekeeper.store.faults import Conflict
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import lock

_WORDS: Final = {
    Kind.AUTO_REPLY: "an automatic answer to one of our letters",
    Kind.LOOP: "a mail that carries a mark of our own mail, as one that came back does",
}
_CROWD: Final = (
    f"one of more than {UNSIGNED_AN_HOUR} unsigned mails of one of the team within an hour,"
    " as a program sends them that answers all mail"
)
_UNSIGNED_KINDS: Final = (Kind.REPLY, Kind.POSTMASTER)
"""What is passed on: anybody can write mail of another kind in a colleague's name, without end."""
_TIMES: Final = 10
_OF: Final = "of"
_BEGAN: Final = "began"


def unless_crowded(case: Case, place: Place) -> Place:
    """Return where a message ends up if it may be one unsigned mail of a colleague too many.

    Two programs that answer each copy double the mail with each turn, and From alone shows whose
    they are. A signed mail is a person's; a new report is passed on whoever sent it.
    """
    sender = case.sender
    signed = case.ordered_by.signer or case.verdict.signer or case.signers
    if place.kind not in _UNSIGNED_KINDS or signed or sender is None:
        return place
    if case.desk.team.by_address(sender) is None:
        return place
    if place.issue is None:
        # Two processes may handle such mail at once, and each would tell of it.
        lock(case.tx, "crowded", keys.of_address(case.tx, sender))
    at = case.arrival.received_at
    since, began = later(at, -HOUR), _began(case, place.issue, sender)
    if began is not None and began > since:
        return replace(place, crowded=True)
    if began is not None:
        # What came within that hour was not passed on.
        since = max(since, later(began, HOUR))
    crowd = _passed_on(case, place.issue, sender, since)
    return replace(place, crowded=crowd >= UNSIGNED_AN_HOUR)


def tell(case: Case, place: Place) -> tuple[str, ...]:
    """Tell the team of a message that is not passed on to them, if they should know.

    Return what is to be noted of it. Of automatic mail that belongs to no issue nobody is told.
    """
    if place.crowded and case.sender is not None:
        _tell_crowded(case, place.issue, case.sender)
        return (f"it was not passed on: it is {_CROWD}",)
    if place.issue is not None:
        _tell_automatic(case, place.kind, place.issue)
    return ()


def _tell_crowded(case: Case, issue: IssueRow | None, sender: Address) -> None:
    """Tell whose unsigned mail is kept for an hour from now on; nothing within such an hour."""
    at = case.arrival.received_at
    began = _began(case, issue, sender)
    if began is not None and began > later(at, -HOUR):
        return
    where = f"{issue.issue_id}: " if issue else ""
    words = Notice(
        kind=CROWDED,
        headline=f"{where}unsigned mail of {sender} is not passed on for an hour",
        lines=(
            f"{UNSIGNED_AN_HOUR} unsigned mails with this From came within an hour and were",
            "passed on, as a program sends them that answers all mail. It may be somebody else's:",
            "a From proves nothing.",
            f"What comes unsigned until {spoken(later(at, HOUR))} is kept, and no notice",
            "tells of it. What is signed is passed on, as is all mail of others.",
        ),
        next_step=f"To read what is kept: gatekeeper issue thread {issue.issue_id}"
        if issue
        else "Ask them whether a program of theirs answers our mail, and to sign what they write.",
        about=case.arrival.id,
        stamp={_OF: sender.key, _BEGAN: str(at)},
    )
    row = issue.id if issue else None
    tell_kind(case.tx, case.desk, words, issue=row, once=False, now=case.now)


def _began(case: Case, issue: IssueRow | None, sender: Address) -> Instant | None:
    """Return when the last hour began in which unsigned mail of that From was kept there.

    None when that is so long ago that it bears on nothing.
    """
    found = told.since(
        case.tx,
        kind=CROWDED,
        at=later(case.arrival.received_at, -2 * HOUR),
        issue=issue.id if issue else None,
    )
    begun = (Instant(int(str(each[_BEGAN]))) for each in found if each.get(_OF) == sender.key)
    return max(begun, default=None)


def _passed_on(case: Case, issue: IssueRow | None, sender: Address, since: Instant) -> int:
    """Count the unsigned mail of that From that was passed on there, as far as it matters."""
    row = issue.id if issue else None
    mail = held.newest_first(case.tx, issue=row, sender=sender, kinds=_UNSIGNED_KINDS, since=since)
    with closing(mail) as found:
        unsigned = (summary for summary in found if summary["signer"] is None)
        return sum(1 for _ in islice(unsigned, UNSIGNED_AN_HOUR))


def _tell_automatic(case: Case, kind: Kind, issue: IssueRow) -> None:
    """Tell of the first, tenth, hundredth, ... such mail of an issue."""
    # This one is not handled yet.
    number = 1 + held.count(case.tx, issue=issue.id, kinds=tuple(_WORDS))
    if not _is_told(number):
        return
    amount = "mail was" if number == 1 else f"{number} mails were"
    words = Notice(
        kind=HELD_BACK,
        headline=f"{issue.issue_id}: {amount} kept in the thread and not passed on",
        lines=(
            f"{'It' if number == 1 else 'The last one'} is {_WORDS[kind]}.",
            f"The next notice comes when {number * _TIMES} mails are kept like this.",
        ),
        next_step=f"To read it: gatekeeper issue thread {issue.issue_id}",
        about=case.arrival.id,
    )
    tell_kind(case.tx, case.desk, words, issue=issue.id, once=False, now=case.now)


def _is_told(number: int) -> bool:
    """Say whether it is the first, tenth, hundredth, ... one."""
    while number % _TIMES == 0:
        number //= _TIMES
    return number == 1


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
