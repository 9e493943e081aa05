"""What people outside are told of a date, as a form: enumerated words, ids, instants, a code.

So it may go out in clear; who holds another date, and what anybody wrote, has no place in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from gatekeeper.domain.codes import checked_code
from gatekeeper.domain.date_limits import Limit
from gatekeeper.domain.date_state import DateState
from gatekeeper.domain.identity import IssueId, fingerprint
from gatekeeper.domain.instants import MINUTE, Instant
from gatekeeper.domain.process import IssueState


class DateTelling(StrEnum):
    """What is said of a date.

    PROPOSED, OFFERED: a question, while no other or another date is agreed · AGREED, MOVED, BOUND,
    RECORDED: what holds now, by their own word, by the team, by silence, by the record of two
    people · REMINDED: a question that was not answered yet, and until when it waits ·
    EARLIER, LATER: a wish of theirs waits for the team · REFUSED: it is not possible ·
    READ: what their mail seems to name, of which nothing is taken · STATUS: how the issue stands ·
    NOT_DONE: why their commands did nothing · CREDITED, UNCREDITED: how they are named in public ·
    OTHERS: what holds now, for who did not find it.
    """

    PROPOSED = "proposed"
    OFFERED = "offered"
    AGREED = "agreed"
    MOVED = "moved"
    BOUND = "bound"
    RECORDED = "recorded"
    EARLIER = "earlier"
    LATER = "later"
    REFUSED = "refused"
    READ = "read"
    STATUS = "status"
    NOT_DONE = "not-done"
    CREDITED = "credited"
    UNCREDITED = "uncredited"
    OTHERS = "others"
    REMINDED = "reminded"


ANNOUNCING: Final = frozenset(
    {
        DateTelling.PROPOSED,
        DateTelling.AGREED,
        DateTelling.MOVED,
        DateTelling.BOUND,
        DateTelling.RECORDED,
        DateTelling.OTHERS,
    }
)
"""What names the date that stands, and so comes with a calendar (R-5)."""

_NAMING: Final = ANNOUNCING | {
    DateTelling.OFFERED,
    DateTelling.EARLIER,
    DateTelling.LATER,
    DateTelling.REFUSED,
    DateTelling.REMINDED,
}
"""What is about one instant."""


class OrderFault(StrEnum):
    """Why commands of a reporter's did nothing."""

    NOT_PROVEN = "not-proven"
    NOT_SIGNED = "not-signed"
    STALE = "stale"
    REPEATED = "repeated"
    HTML = "html"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"
    NO_DATE = "no-date"
    NO_TIME = "no-time"
    NO_ZONE = "no-zone"
    AMBIGUOUS = "ambiguous"
    PAST_DATE = "past-date"
    CLOSED = "closed"
    FROZEN = "frozen"
    MANY = "many"
    NO_ISSUE = "no-issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a mail with commands; `line` of its text, 0 for all of it.

    `may` are the instants that a date in doubt can mean.
    """

    fault: OrderFault
    line: int = 0
    may: tuple[Instant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DateLetter:
    """One thing that is said about the date of `issue`.

    `instant` is what it is about, `before` what held or still holds · `predisclosure` when the list
    is told · `others` instants to choose from: the nearest allowed ones, or those that were read ·
    `limits` why it is refused · `faults` why commands did nothing · `state` of the issue, and
    `date_state` of its date · `until` when an answer is waited for · `fingerprint` of our key ·
    `code` to begin an answer with, "" for who
    signs.
    """

    issue: IssueId
    telling: DateTelling
    fingerprint: str
    code: str = ""
    instant: Instant | None = None
    before: Instant | None = None
    predisclosure: Instant | None = None
    others: tuple[Instant, ...] = ()
    limits: tuple[Limit, ...] = ()
    faults: tuple[Fault, ...] = ()
    state: IssueState | None = None
    date_state: DateState | None = None
    until: Instant | None = None

    def __post_init__(self) -> None:
        """Refuse slots that could hold a word, and a text that would have a gap."""
        if fingerprint(self.fingerprint) != self.fingerprint:
            message = "a key is named by its 40 upper-case hexadecimal digits"
            raise ValueError(message)
        if self.code:
            checked_code(self.code)
        if self.telling in _NAMING and self.instant is None:
            message = f"what is {self.telling} is about an instant"
            raise ValueError(message)
        if (self.telling is DateTelling.NOT_DONE) != bool(self.faults):
            message = "faults are told of commands that did nothing, and of nothing else"
            raise ValueError(message)
        if (self.telling is DateTelling.STATUS) != (self.state is not None):
            message = "a status, and nothing else, tells the state"
            raise ValueError(message)
        if (self.telling is DateTelling.REMINDED) != (self.until is not None):
            message = "a reminder, and nothing else, says until when it waits"
            raise ValueError(message)
        shown = (self.instant, self.before, self.predisclosure, self.until, *self.others)
        if any(each is not None and each % MINUTE for each in shown):
            message = "the instants of a letter are whole minutes"
            raise ValueError(message)

    @property
    def slots(self) -> Mapping[str, object]:
        """What it says, as the store keeps it until it is composed."""
        return {
            "issue": str(self.issue),
            "telling": self.telling,
            "fingerprint": self.fingerprint,
            "code": self.code,
            "instant": self.instant,
            "before": self.before,
            "predisclosure": self.predisclosure,
            "others": list(self.others),
            "limits": list(self.limits),
            "faults": [[each.fault, each.line, list(each.may)] for each in self.faults],
            "state": self.state,
            "date_state": self.date_state,
            "until": self.until,
        }


def date_letter(slots: Mapping[str, Any]) -> DateLetter:
    """Return the letter that has these `slots`."""
    return DateLetter(
        issue=IssueId.parse(slots["issue"]),
        telling=DateTelling(slots["telling"]),
        fingerprint=slots["fingerprint"],
        code=slots["code"],
        instant=_instant(slots["instant"]),
        before=_instant(slots["before"]),
        predisclosure=_instant(slots["predisclosure"]),
        others=tuple(Instant(each) for each in slots["others"]),
        limits=tuple(Limit(each) for each in slots["limits"]),
        faults=tuple(
            Fault(fault=OrderFault(fault), line=line, may=tuple(map(Instant, may)))
            for fault, line, may in slots["faults"]
        ),
        state=None if slots["state"] is None else IssueState(slots["state"]),
        date_state=None if slots["date_state"] is None else DateState(slots["date_state"]),
        until=_instant(slots["until"]),
    )


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)


LIMITS: Final[Mapping[Limit, str]] = MappingProxyType(
    {
        Limit.PAST: "It is in the past.",
        Limit.DAY: "It is on a day on which we publish nothing.",
        Limit.HOUR: "It is not at the hour at which we publish.",
        Limit.CAP: "It is after the longest time for which we keep anything confidential.",
        Limit.CEILING: "Somebody has agreed to an earlier date, and we keep to that.",
        Limit.LEAD: "It leaves too little time to those who are told early.",
        Limit.NOTHING: "The date cannot change any more.",
    }
)
"""Why a date is not possible, for who is outside."""

FAULTS: Final[Mapping[OrderFault, str]] = MappingProxyType(
    {
        OrderFault.NOT_PROVEN: (
            "We cannot tell that it is yours: it does not begin with the code that we sent you"
        ),
        OrderFault.NOT_SIGNED: (
            "We cannot tell that it is yours: it is not signed, as a whole, with your key"
        ),
        OrderFault.STALE: "It was signed more than a day before it came, or after",
        OrderFault.REPEATED: "It came before; each signed mail works once",
        OrderFault.HTML: "Its text is in HTML only; please send plain text",
        OrderFault.UNKNOWN: "There is no such command",
        OrderFault.MALFORMED: "The command is not complete, or something is too much",
        OrderFault.NO_DATE: "There is no date that we can read, such as 2026-12-08T12:00Z",
        OrderFault.NO_TIME: "To agree, please write the whole instant, such as 2026-12-08T12:00Z",
        OrderFault.NO_ZONE: "The time has no zone; in UTC it would be",
        OrderFault.AMBIGUOUS: "The date can mean more than one day; do you mean",
        OrderFault.PAST_DATE: "The date is in the past",
        OrderFault.CLOSED: "The issue is closed, so its date cannot change",
        OrderFault.FROZEN: "The advisory is final, so the credit cannot change any more",
        OrderFault.MANY: "There are more commands than one mail can hold",
        OrderFault.NO_ISSUE: (
            "Your key is known in several reports; please write the id of this one as well"
        ),
    }
)
"""Why commands did nothing, for who wrote them; instants follow where there are any."""
