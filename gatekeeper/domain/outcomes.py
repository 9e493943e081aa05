"""What became of a report, as a form: enumerated words and ids, so that it may go out in clear."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.identity import IssueId, fingerprint
from gatekeeper.domain.reasons import Rejection


class Telling(StrEnum):
    """What people outside are told of an issue: finders first, then other participants."""

    ACCEPTED = "accepted"
    ACCEPTED_NO_EMBARGO = "accepted-no-embargo"
    REJECTED = "rejected"
    REOPENED = "reopened"
    HANDED_OVER = "handed-over"
    NO_EMBARGO = "no-embargo"
    MERGED = "merged"
    SPLIT = "split"
    OTHERS_CLOSED = "others-closed"
    OTHERS_REOPENED = "others-reopened"
    OTHERS_HANDED_OVER = "others-handed-over"
    OTHERS_MERGED = "others-merged"

    @property
    def names_another(self) -> bool:
        """Say whether it tells the id of a second issue."""
        return self in {Telling.MERGED, Telling.SPLIT, Telling.OTHERS_MERGED}


FOR_OTHERS: Final[Mapping[Telling, Telling]] = MappingProxyType(
    {
        Telling.REJECTED: Telling.OTHERS_CLOSED,
        Telling.REOPENED: Telling.OTHERS_REOPENED,
        Telling.HANDED_OVER: Telling.OTHERS_HANDED_OVER,
        Telling.MERGED: Telling.OTHERS_MERGED,
    }
)
"""What participants who did not find it are told in place of what its finders are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the report `issue`; `fingerprint` of our key, for an answer.

    `reason` says why it was rejected, for the one telling that has a reason · `other` is the issue
    it was merged into, or that was split off.
    """

    issue: IssueId
    telling: Telling
    fingerprint: str
    reason: Rejection | None = None
    other: IssueId | None = None

    def __post_init__(self) -> None:
        """Refuse slots that could hold a word, and a text that would have a gap."""
        if fingerprint(self.fingerprint) != self.fingerprint:
            message = "a key is named by its 40 upper-case hexadecimal digits"
            raise ValueError(message)
        if (self.reason is not None) != (self.telling is Telling.REJECTED):
            message = "a rejection, and nothing else, has a reason"
            raise ValueError(message)
        if (self.other is not None) != self.telling.names_another:
            message = "another issue is named where two became one, or one became two"
            raise ValueError(message)
