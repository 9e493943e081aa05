"""What may follow a verb: the kinds of operands and values, each of which reads its own text.

They know how a thing is written, not whether it exists or what the time is: whether a date may be
agreed and whether a person is of the team is for what carries the command out to say.
"""

import difflib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import IssueId
from gatekeeper.issues.column import quoted

SHOWN: Final = 60
"""How many characters of what somebody wrote are shown to them again."""

_NAMES: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}(?:,[a-z0-9][a-z0-9._-]{0,63})*")
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_WHEN_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand(ABC):
    """One thing that follows a verb, by its name in help; `optional` when it may be left out.

    `joins` says that it may be several words without quotation marks; of the operands of one verb
    at most one does.
    """

    name: str
    optional: bool = False
    joins: ClassVar[bool] = False

    @abstractmethod
    def read(self, text: str) -> str:
        """Return what was meant in the one form in which it is compared.

        ValueError with the fault and its remedy when it is no such thing; `text` is what was
        written, without quotation marks around it.
        """

    def missing(self) -> str:
        """Return what is said when it is not there."""
        return f"needs {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits(Operand):
    """Hexadecimal digits: how many there are at least and in all.

    `what` says whose digits they are · `upper` which case they get.
    """

    least: int
    all: int
    what: str
    upper: bool
    joins: ClassVar[bool] = True

    def read(self, text: str) -> str:
        """Return the digits, written in groups or with an ellipsis behind the first of them."""
        digits = hexadecimal(text)
        if self.least <= len(digits) <= self.all:
            return self.cased(digits)
        if text.strip() and not digits:
            message = f"{quoted(text, SHOWN)} is not hexadecimal; copy {self.name} from the mail"
        else:
            message = (
                f"needs the {self.all} hexadecimal digits of {self.what}, not {len(digits)}; copy"
                " them from the mail"
            )
        raise ValueError(message)

    def missing(self) -> str:
        """Return what is said when there are none."""
        return f"needs the {self.all} hexadecimal digits of {self.what}; copy them from the mail"

    def cased(self, digits: str) -> str:
        """Return `digits` in the one case in which they are compared."""
        return digits.upper() if self.upper else digits.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Operand):
    """One word of a fixed vocabulary."""

    choices: tuple[str, ...]

    def read(self, text: str) -> str:
        """Return the word in lower case."""
        word = text.strip().lower()
        if word in self.choices:
            return word
        near = difflib.get_close_matches(word[:SHOWN], self.choices, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"write one of: {', '.join(self.choices)}"
        message = f"{quoted(text, SHOWN)} is no {self.name}; {remedy}"
        raise ValueError(message)

    def missing(self) -> str:
        """Return what is said when it is not there."""
        return f"needs {self.name}, one of: {', '.join(self.choices)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names(Operand):
    """Our own words for people outside, such as `reporter,upstream`, in lower case."""

    def read(self, text: str) -> str:
        """Return the names, commas between them."""
        names = text.strip().lower()
        if _NAMES.fullmatch(names):
            return names
        message = f"{quoted(text, SHOWN)} names nobody; write {self.name} in letters and digits"
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Operand):
    """Free words in quotation marks, or one word without; at most `most` characters."""

    most: int = 300

    def read(self, text: str) -> str:
        """Return the words in one line."""
        words = " ".join(text.split())
        if words and len(words) <= self.most:
            return words
        said = f"is longer than {self.most} characters; shorten it" if words else "is empty"
        message = f"{self.name} {said}"
        raise ValueError(message)

    def missing(self) -> str:
        """Return what is said when it is not there."""
        return f'needs {self.name} in quotation marks, as in "…"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Who(Text):
    """A person's name or address, or an organisation's name; blanks need no quotation marks."""

    joins: ClassVar[bool] = True

    def missing(self) -> str:
        """Return what is said when nobody is named."""
        return f"needs {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Operand):
    """The id of an issue."""

    def read(self, text: str) -> str:
        """Return the id as it is written everywhere."""
        try:
            return str(IssueId.parse(text.strip().partition("@")[0]))
        except ValueError as error:
            message = f"{quoted(text, SHOWN)}: {error}"
            raise ValueError(message) from None

    def missing(self) -> str:
        """Return what is said when it is not there."""
        return f"needs {self.name}, the id of an issue such as SEC-2026-0007"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox(Operand):
    """An address of mail."""

    def read(self, text: str) -> str:
        """Return the address as it was written, without brackets."""
        try:
            return str(Address.parse(text.strip().removeprefix("<").removesuffix(">")))
        except ValueError:
            message = f"{quoted(text, SHOWN)} is no address"
            raise ValueError(message) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class When(Operand):
    """An instant, as it was written: what it means, and whether it may be, needs the time.

    `domain.wording.read` reads it, in the transaction in which the command is carried out.
    """

    joins: ClassVar[bool] = True

    def read(self, text: str) -> str:
        """Return the words with one blank between them."""
        words = " ".join(text.split())
        if words and len(words) <= _WHEN_MAX:
            return words
        message = f"{quoted(text, SHOWN)} is no date; write it as 2026-12-08T12:00Z"
        raise ValueError(message)

    def missing(self) -> str:
        """Return what is said when it is not there."""
        return f"needs {self.name}, a date with its zone such as 2026-12-08T12:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One word behind a verb, or what stood there in quotation marks."""

    text: str
    is_quoted: bool = False

    @property
    def shown(self) -> str:
        """The token as it was written."""
        return f'"{self.text}"' if self.is_quoted else self.text


def share(operands: tuple[Operand, ...], tokens: list[Token]) -> tuple[list[str], list[Token]]:
    """Return the text of each operand, "" where nothing is left for it, and the tokens left over.

    The operands before the one that joins words take one token each, and so do those behind it:
    a Text only what stands in quotation marks, unless it is the only operand.
    """
    at = next((n for n, each in enumerate(operands) if each.joins), len(operands))
    left = list(tokens)
    texts = [""] * len(operands)
    for index in range(at):
        if left:
            texts[index] = left.pop(0).text
    for index in range(len(operands) - 1, at, -1):
        if left and (left[-1].is_quoted or not isinstance(operands[index], Text)):
            texts[index] = left.pop().text
    if at < len(operands):
        texts[at] = " ".join(each.text for each in left)
        left = []
    return texts, left


def hexadecimal(text: str) -> str:
    """Return digits without blanks, a leading 0x and a trailing ellipsis; "" for anything else."""
    joined = "".join(text.split()).removesuffix("...").removeprefix("0x").removeprefix("0X")
    return joined if _HEX.fullmatch(joined) else ""
