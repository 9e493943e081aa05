"""What each file of the corpus must come to, as values that are written to expected.json."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from gatekeeper.domain.protection import Integrity, SignatureState, UnreadableReason
from tests.corpus.classes import Class
from tests.corpus.people import GUESTS

if TYPE_CHECKING:
    from tests.corpus.pen import Pen

BODY: Final = "canary-body-marzipan-quince"
SUBJECT: Final = "canary-subject-heliotrope"
FILE: Final = "canary-file-tamarind"
CANARIES: Final = (BODY, SUBJECT, FILE)
"""Words that may be seen by nobody outside, in what was encrypted and in what was not."""

OUTER: Final = "A report"
"""The subject outside; it is the subject of every mail that protects none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One signature: its state, by whose key, over all or a part, and whether From agrees.

    `whose` is a name from people.py, "" when it is not known · `by_guest` that it takes the
    certificate of one of GUESTS to find this; without it the signer is unknown.
    """

    status: SignatureState
    whose: str = ""
    covers: str = "all"
    from_agrees: bool = False
    by_guest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The verdict on a mail.

    `encryption` none, part or whole · `unreadable` the reasons of which one is given, for what
    stays closed as a whole · `own_key` ours that opened it · `signatures` over the whole, then
    over parts · `signer` of the team, by name in people.py, `confirmed` if From is theirs ·
    `subject` the one that counts · `pieces` how many were opened and stayed closed · `shows` what
    the text holds that people read first, `hides` what it must not · `problems` what must be
    named, by some of the words.
    """

    encryption: str = "none"
    unreadable: tuple[UnreadableReason, ...] = ()
    own_key: str = ""
    cipher: str = ""
    integrity: Integrity | None = None
    signatures: tuple[Found, ...] = ()
    signer: str = ""
    confirmed: bool = False
    subject: str = OUTER
    pieces: tuple[int, int] = (0, 0)
    shows: str = BODY
    hides: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The verdict on a key block: at each door "taken", or some words of why it is refused.

    `inspect` is what an operator's commands ask, `examine` what a reporter's key goes through,
    `load` how a key comes into the home · `encrypts` whether it could be encrypted to ·
    `problems` what inspection must name.
    """

    inspect: str = "taken"
    examine: str = "taken"
    load: str = "taken"
    encrypts: bool = True
    problems: tuple[str, ...] = ()


Expected = Message | Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file of the corpus: what it is, which classes it covers, what it must come to."""

    name: str
    about: str
    classes: tuple[Class, ...]
    expected: Expected
    make: "Callable[[Pen], bytes]"

    @property
    def entry(self) -> dict[str, object]:
        """What expected.json says of it."""
        verdict = asdict(self.expected)
        return {"about": self.about, "classes": [c.name for c in self.classes], "verdict": verdict}


class Cases:
    """Functions that make a file each, known by their names with dashes."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._cases: list[Case] = []

    def add(
        self, expected: Expected, *classes: Class, suffix: str = ""
    ) -> "Callable[[Callable[[Pen], bytes]], Callable[[Pen], bytes]]":
        """Return a decorator that remembers a function; its docstring says what the file is."""

        def remember(make: "Callable[[Pen], bytes]") -> "Callable[[Pen], bytes]":
            about = " ".join((make.__doc__ or "").split())
            name = make.__name__.strip("_").replace("_", "-") + (suffix or self._suffix)
            case = Case(name=name, about=about, classes=classes, expected=expected, make=make)
            self._cases.append(case)
            return make

        return remember

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases)


class Values(TypedDict, total=False):
    """Some of the values of a verdict on a mail."""

    encryption: str
    own_key: str
    cipher: str
    integrity: Integrity
    signatures: tuple[Found, ...]
    signer: str
    confirmed: bool
    subject: str
    pieces: tuple[int, int]
    shows: str
    hides: str
    problems: tuple[str, ...]


def opened(**more: Unpack[Values]) -> Message:
    """Return the verdict on a mail that our key opened as a whole, but for what is named."""
    usual: Values = {
        "encryption": "whole",
        "own_key": "alias",
        "cipher": "AES256",
        "integrity": Integrity.MDC,
    }
    return Message(**(usual | more))


def closed(*reasons: UnreadableReason, problems: tuple[str, ...] = ()) -> Message:
    """Return the verdict on a mail that stays closed as a whole for one of these reasons."""
    return Message(encryption="whole", unreadable=reasons, shows="", problems=problems)


def by(whose: str, *, agrees: bool = True, covers: str = "all") -> Found:
    """Return a good signature."""
    return Found(
        status=SignatureState.GOOD,
        whose=whose,
        covers=covers,
        from_agrees=agrees,
        by_guest=whose in GUESTS,
    )


def by_team(**more: Unpack[Values]) -> Values:
    """Return the values of a verdict on what a colleague signed as a whole, From confirmed."""
    usual: Values = {"signatures": (by("andrea"),), "signer": "andrea", "confirmed": True}
    return usual | more


def by_robin(**more: Unpack[Values]) -> Values:
    """Return the values of a verdict on what the known reporter signed, From confirmed."""
    usual: Values = {"signatures": (by("robin"),), "confirmed": True}
    return usual | more
