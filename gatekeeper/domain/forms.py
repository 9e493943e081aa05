"""The forms that may go out in clear: enumerated, with typed slots and no word of anybody's."""

from dataclasses import dataclass
from typing import TypeAlias

from gatekeeper.domain.codes import checked_code
from gatekeeper.domain.date_forms import DateLetter
from gatekeeper.domain.identity import IssueId, fingerprint
from gatekeeper.domain.outcomes import Outcome
from gatekeeper.domain.timeline import Timeline


def _check_key(text: str) -> None:
    if fingerprint(text) != text:
        message = "a key is named by its 40 upper-case hexadecimal digits"
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The report has arrived: what happens next, and when (T-9).

    `timeline` is what we propose · `fingerprint` of our key · `code` proves, when an answer
    begins with it, that its writer reads the stored address; "" when it goes to another one.
    """

    issue: IssueId
    timeline: Timeline
    fingerprint: str
    code: str

    def __post_init__(self) -> None:
        """Refuse slots that could hold a word."""
        _check_key(self.fingerprint)
        if self.code:
            checked_code(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyReports:
    """Many mails of one sender arrived in an hour: they are kept, and not answered one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A mail could not be read; the same words whatever failed. `fingerprint` of our key."""

    fingerprint: str

    def __post_init__(self) -> None:
        """Refuse slots that could hold a word."""
        _check_key(self.fingerprint)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChanged:
    """The alias has another key: fingerprints of the `old` and the `new` one, which is attached.

    `signed_by` is that one of the two by which the letter is signed, "" when it goes in clear ·
    `readable` says that mail to the old key can still be read · `team` that the letter is for the
    response team, who are told more of what to do · `untold` how many of those we write to cannot
    be told.
    """

    old: str
    new: str
    signed_by: str
    readable: bool = True
    team: bool = False
    untold: int = 0

    def __post_init__(self) -> None:
        """Refuse slots that could hold a word, and what nobody could be told."""
        if self.untold < 0 or (self.untold and not self.team):
            message = "only the team is told how many others are not"
            raise ValueError(message)
        _check_key(self.old)
        _check_key(self.new)
        if self.old == self.new:
            message = "a key that changed is another one"
            raise ValueError(message)
        if self.signed_by not in {self.old, self.new, ""}:
            message = "a letter of a new key is signed by the old key, by the new one or not at all"
            raise ValueError(message)
        if self.team and not self.signed_by:
            message = "nothing goes to the team without a signature"
            raise ValueError(message)


AnyForm: TypeAlias = Acknowledgement | DateLetter | KeyChanged | ManyReports | Outcome | Unreadable
"""Every form there is; the same text goes out sealed to whoever has a key."""
