"""Reminders: of what, how urgent, for whom; each has a key by which it comes once (S-2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import Instant


class Reminds(StrEnum):
    """What people are reminded of."""

    UNANSWERED = "unanswered"
    STALE = "stale"
    DATE = "date"
    PASSED = "date-passed"
    CAP = "cap"
    OVER_CAP = "cap-reached"
    APPROVERS = "approvers"
    OBLIGATION = "obligation"
    APPROVAL = "approval"


class Audience(StrEnum):
    """Who is reminded: who looks after the issue, or everybody; see `turnout.addressed`."""

    OWNER = "owner"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One thing to be reminded of now.

    `about` the instant that it is about: a date, a cap, a deadline, the report · `what` tells
    apart what is about the same: a clock's name, a stage · `since` when it became due · `urgent`
    that it does not wait for the daily mail · `silenced_by` the keys of later stages of the same,
    after which it says nothing new, whatever the clock did.
    """

    reminds: Reminds
    about: Instant
    what: str
    since: Instant
    audience: Audience
    urgent: bool
    silenced_by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is known by: it comes again only for another instant or another stage."""
        return key_of(self.reminds, self.about, self.what)


def key_of(reminds: Reminds, about: Instant, what: str) -> str:
    """Return the key of a reminder."""
    return f"{reminds} {about} {what}".rstrip()


ESCALATED: Final = "escalated"
"""The stage of what nobody acted on, so that everybody is told."""

BEGUN: Final = "begun"
"""The stage of obligations whose clocks have just begun to run."""

ORDER: Final[Mapping[Reminds, int]] = MappingProxyType(
    {
        each: place
        for place, each in enumerate(
            (
                Reminds.PASSED,
                Reminds.OVER_CAP,
                Reminds.OBLIGATION,
                Reminds.DATE,
                Reminds.CAP,
                Reminds.APPROVAL,
                Reminds.APPROVERS,
                Reminds.UNANSWERED,
                Reminds.STALE,
            )
        )
    }
)
"""In which order people read them, the most pressing first."""
