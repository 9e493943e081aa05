"""The forms that may go out in clear: enumerated, with typed slots and no word of anybody's."""

import hmac
import re
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gatekeeper.domain.identity import IssueId, fingerprint
from gatekeeper.domain.outcomes import Outcome
from gatekeeper.domain.timeline import Timeline

_CODE_BYTES: Final = 13
_CODE_LENGTH: Final = 20
"""Base32 letters of a code: 100 bits, more than anybody can try by mail."""

_GROUP: Final = 4
_CODE: Final = re.compile(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){4}")
_DASHES: Final = "\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d-"
_BLANK: Final = r"\s\u200b-\u200d\u2060\ufeff"
_FIRST_LINE: Final = re.compile(rf"[{_BLANK}]*([^\r\n]*)")
_LABEL: Final = re.compile(rf"code[{_BLANK}]*[:\uff1a]", re.IGNORECASE)
_NO_MATTER: Final = re.compile(rf"[{_BLANK}{_DASHES}]+")
_LINE_MAX: Final = 200
"""Columns of a line with a code; a longer one holds more than that."""


def new_code(chance: Callable[[int], bytes]) -> str:
    """Return a new single-use code in groups that a person can copy: `K7QM-2XNB-...`."""
    plain = b32encode(chance(_CODE_BYTES)).decode("ascii")[:_CODE_LENGTH]
    return "-".join(plain[at : at + _GROUP] for at in range(0, _CODE_LENGTH, _GROUP))


def begins_with_code(text: str, code: str) -> bool:
    """Say whether the first line of `text` that is not blank holds `code` and nothing else.

    Case, blanks, dashes and "Code:" before it do not matter. A mark of a quotation does: a mail
    that quotes ours says nothing by that. Compared in constant time. ValueError when `code` is not
    one of `new_code`.
    """
    wanted = _checked_code(code).replace("-", "").encode("ascii")
    first = _FIRST_LINE.match(text)
    line = first[1] if first else ""
    if len(line) > _LINE_MAX:
        return False
    label = _LABEL.match(line)
    letters = _NO_MATTER.sub("", line[label.end() if label else 0 :]).translate(_UPPER)
    return hmac.compare_digest(wanted, letters.encode("utf-8", "surrogatepass"))


# Not str.upper(): that makes ASCII letters of some that are not.
_UPPER: Final = {letter: letter - 32 for letter in range(ord("a"), ord("z") + 1)}


def _checked_code(code: str) -> str:
    if not _CODE.fullmatch(code):
        message = "a code is five groups of four letters and digits"
        raise ValueError(message)
    return code


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
            _checked_code(self.code)


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


AnyForm: TypeAlias = Acknowledgement | KeyChanged | ManyReports | Outcome | Unreadable
"""Every form there is; the same text goes out sealed to whoever has a key."""
