"""What came back to a bounce address: what it means, and how often one recipient's mail does.

Only mail to a valid token gets here, and the token alone names the delivery (domain/token). What
a machine says is read from the fields of its report, never from words in a subject or a text.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.policy import BouncePolicy


class Action(StrEnum):
    """What a mail server did with one recipient's copy (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """An enhanced status code (RFC 3463), as 5.1.1: its class, its subject and its detail."""

    kind: int
    subject: int
    detail: int

    def __post_init__(self) -> None:
        """Refuse a class that RFC 3463 §3.1 does not know."""
        if self.kind not in {2, 4, 5} or not (0 <= self.subject < 1000 and 0 <= self.detail < 1000):
            message = "not an enhanced status code"
            raise ValueError(message)

    def __str__(self) -> str:
        """Return the code as it is written."""
        return f"{self.kind}.{self.subject}.{self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a report says of one recipient; no address is taken from it.

    `action` and `status` None where the report has none that can be read · `diagnostic` what the
    other machine answered, `remote` which machine that was: one bounded printable line each, ""
    where nothing is said.
    """

    action: Action | None = None
    status: Status | None = None
    diagnostic: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What shows whether a mail without a report in it was written by a mail server.

    `nobody` that it has no envelope sender or a robot's (RFC 5321 §6.1) · `automatic` that it
    calls itself an answer (RFC 3834), `disposition` that it is a receipt (RFC 8098).
    """

    nobody: bool
    automatic: bool = False
    disposition: bool = False


class Meaning(StrEnum):
    """What it means for the delivery that something came back."""

    ARRIVED = "arrived"
    DELAYED = "delayed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    ANSWER = "answer"

    @property
    def is_over(self) -> bool:
        """Whether the delivery has failed for good: nobody tries it any longer."""
        return self in _OVER

    @property
    def is_counted(self) -> bool:
        """Whether it is remembered against the recipient, be it with no points at all."""
        return self in _OVER or self is Meaning.UNKNOWN


_MILDEST_FIRST: Final = (Meaning.REFUSED, Meaning.TEMPORARY, Meaning.PERMANENT)
_OVER: Final = frozenset(_MILDEST_FIRST)

_GOOD: Final = frozenset({Action.DELIVERED, Action.RELAYED, Action.EXPANDED})

_BY_SUBJECT: Final[Mapping[int, Meaning]] = MappingProxyType(
    {
        1: Meaning.PERMANENT,  # the address
        5: Meaning.REFUSED,  # how we speak
        6: Meaning.REFUSED,  # what the mail holds
        7: Meaning.REFUSED,  # policy and security
    }
)
"""Of the other subjects (mailbox, system, route) most details may pass: they are TEMPORARY."""

_BY_DETAIL: Final[Mapping[tuple[int, int], Meaning]] = MappingProxyType(
    {
        (1, 7): Meaning.REFUSED,  # our address as sender: its syntax
        (1, 8): Meaning.REFUSED,  # our domain
        (1, 9): Meaning.REFUSED,  # relayed to a system that cannot take such mail
        (2, 1): Meaning.PERMANENT,  # mailbox disabled
        (2, 3): Meaning.REFUSED,  # larger than the mailbox takes
        (3, 4): Meaning.REFUSED,  # larger than the system takes
        (7, 17): Meaning.PERMANENT,  # the mailbox is another person's now (RFC 7293)
        (7, 18): Meaning.PERMANENT,  # the domain is another owner's now (RFC 7293)
    }
)


def meaning(fates: Sequence[Fate] | None, signs: Signs) -> Meaning:
    """Return what came back: `fates` of a delivery report, None when the mail holds none.

    One of our deliveries goes to one address; several fates mean that it was handed on to several
    people, and then it is over only when all of them are. What is not a report, and not an
    answer, may be a bounce of a form that is not read here: UNKNOWN, for people to look at.
    """
    if fates is None:
        is_answer = signs.automatic or signs.disposition or not signs.nobody
        return Meaning.ANSWER if is_answer else Meaning.UNKNOWN
    found = {_of_one(fate) for fate in fates}
    if len(found) == 1:
        return found.pop()
    over = found & _OVER
    if found and found == over:
        return next(each for each in _MILDEST_FIRST if each in over)
    return Meaning.UNKNOWN


def _of_one(fate: Fate) -> Meaning:
    if fate.action in _GOOD:
        return Meaning.ARRIVED
    if fate.action is Action.DELAYED:
        return Meaning.DELAYED
    if fate.status is None:
        return Meaning.UNKNOWN
    if fate.action is None and fate.status.kind != 5:
        return Meaning.UNKNOWN
    if fate.status.kind == 2:
        return Meaning.UNKNOWN
    if fate.status.kind == 4:
        # It was tried for days, and is not any more.
        return Meaning.TEMPORARY
    known = _BY_DETAIL.get((fate.status.subject, fate.status.detail))
    return known or _BY_SUBJECT.get(fate.status.subject, Meaning.TEMPORARY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How often mail to one recipient came back lately.

    `counted_at` the last time that it did · `suspended_at` since when the points are at the limit,
    None while they are below.
    """

    points: int
    counted_at: Instant
    suspended_at: Instant | None = None

    def __post_init__(self) -> None:
        """Refuse less than nothing."""
        if self.points < 0:
            message = "points are not negative"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The score after one more bounce, and whether the recipient is `suspended` by this one."""

    score: Score
    suspended: bool


def standing(score: Score | None, *, arrived: bool, policy: BouncePolicy, now: Instant) -> bool:
    """Say whether a score still counts: nothing arrived since, and it is not forgotten."""
    if score is None or arrived:
        return False
    return now < later(score.counted_at, policy.forget_after)


def counted(
    before: Score | None,
    what: Meaning,
    *,
    arrived: bool,
    policy: BouncePolicy,
    now: Instant,
) -> Counted:
    """Return the score after mail came back with that meaning.

    `arrived` says that mail to the recipient got through since the last bounce, which makes the
    score begin anew as time does. Points are added once a UTC day, however much comes back on it.
    ValueError for a meaning that is not counted.
    """
    if not what.is_counted:
        message = f"what is {what} counts against nobody"
        raise ValueError(message)
    if before is None or not standing(before, arrived=arrived, policy=policy, now=now):
        points, since = _points(what, policy), None
    else:
        same_day = before.counted_at // DAY == now // DAY
        points = before.points + (0 if same_day and before.points else _points(what, policy))
        since = before.suspended_at
    suspended = since is None and points >= policy.limit
    score = Score(points=points, counted_at=now, suspended_at=now if suspended else since)
    return Counted(score=score, suspended=suspended)


def _points(what: Meaning, policy: BouncePolicy) -> int:
    if what is Meaning.PERMANENT:
        return policy.permanent
    # What a server has against the mail or against us says nothing of the address.
    return 0 if what is Meaning.REFUSED else policy.temporary


TOLD_FOR: Final = DAY
"""How long the others of the team know what they were told of one colleague's mail.

Long enough that a mailbox that is gone gives one notice a day, short enough that nobody takes
silence for mail that gets through.
"""


class News(StrEnum):
    """What the others of the team are told of mail to one of them."""

    DOUBTFUL = "doubtful"
    FAILED = "failed"


def is_news(what: News, told: Collection[News]) -> bool:
    """Say whether the others do not know it yet; `told` is what they were told in TOLD_FOR.

    What may not have arrived is known when anything was told. That mail failed for good is known
    by nothing less: anybody with a bounce token can make a mail doubtful.
    """
    return what not in told if what is News.FAILED else not told
