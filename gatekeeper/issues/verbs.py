"""The verb table: what can be ordered of an issue, by mail and from a shell, and the help for it.

One table serves the mail parser, the command line and the help, so that none can know a verb, a
word or a key that another does not.
"""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_NAME: Final = re.compile(r"[a-z]{2,12}")
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_WIDTH: Final = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """An operand of hexadecimal digits: its name in help, how many there are at least and in all.

    `what` says whose digits they are · `upper` which case they get.
    """

    name: str
    least: int
    all: int
    what: str
    upper: bool

    def cased(self, digits: str) -> str:
        """Return `digits` in the one case in which they are compared."""
        return digits.upper() if self.upper else digits.lower()


_HASH: Final = Digits(name="HASH", least=10, all=64, what="what waits for approval", upper=False)
_FROZEN: Final = Digits(name="HASH", least=64, all=64, what="the frozen database", upper=False)
_FINGERPRINT: Final = Digits(name="FINGERPRINT", least=40, all=40, what="the key", upper=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb: its grammar, and its help.

    `forms` and `example` are what follows the id · `words` stand alone · `keys` maps each key to
    how its value is called · `operands` are all required · `takes_text` when the text of the mail
    below the commands belongs to it · `by_shell` when `gatekeeper issue` has it, too; by mail all
    are understood · `needs_issue` when an id must stand before it.
    """

    name: str
    summary: str
    forms: tuple[str, ...]
    example: str
    words: frozenset[str] = frozenset()
    keys: Mapping[str, str] = field(default_factory=lambda: _NONE)
    operands: tuple[Digits, ...] = ()
    takes_text: bool = False
    by_shell: bool = False
    needs_issue: bool = True

    def __post_init__(self) -> None:
        """Refuse a verb whose help could not be written or whose words are ambiguous."""
        if not _NAME.fullmatch(self.name) or not self.forms:
            message = "a verb has a name in lower case and at least one form"
            raise ValueError(message)
        if self.words & set(self.keys):
            message = "a word is a key or stands alone, not both"
            raise ValueError(message)


_TABLE: Final = (
    Verb(
        name="own",
        summary="Says who looks after the issue: you, or from a shell whoever you name.",
        forms=("own",),
        example="own",
        by_shell=True,
    ),
    Verb(
        name="note",
        summary="The text below is kept in the issue and goes to the team only.",
        forms=("note",),
        example="note",
        takes_text=True,
        by_shell=True,
    ),
    Verb(
        name="reply",
        summary=(
            "The text below goes to the reporter as the alias, encrypted, without your name,"
            " quoted text and signature. With `clear` it goes unencrypted, once a second person"
            " has approved exactly that text."
        ),
        forms=("reply", "reply clear", "reply to=NAME"),
        example="reply",
        words=frozenset({"clear"}),
        keys=MappingProxyType({"to": "NAME"}),
        takes_text=True,
        by_shell=True,
    ),
    Verb(
        name="approve",
        summary=(
            "You approve what somebody else asked for; HASH is the whole hash of its effect, as"
            " it was mailed to you."
        ),
        forms=("approve HASH",),
        example="approve 4f1c22ab90d7e35c0b6a8d9e7f1c22ab4f1c22ab90d7e35c0b6a8d9e7f1c22ab",
        operands=(_HASH,),
    ),
    Verb(
        name="key",
        summary=(
            "The key that the reporter offered becomes the one we encrypt to; a second person"
            " approves. Compare the fingerprint with the reporter first."
        ),
        forms=("key FINGERPRINT",),
        example="key 0123456789ABCDEF0123456789ABCDEF01234567",
        operands=(_FINGERPRINT,),
    ),
    Verb(
        name="revoke",
        summary="The address for the reporter's answers stops working, and a new one is made.",
        forms=("revoke",),
        example="revoke",
    ),
    Verb(
        name="reaffirm",
        summary=(
            "A database that was set back to an older state works again when two people have"
            " signed what `gatekeeper audit frozen` shows of it, by its HASH. With `after` issue"
            " numbers go on above that one."
        ),
        forms=("reaffirm HASH", "reaffirm HASH after=ID"),
        example="reaffirm 4f1c22ab90d7e35c0b6a8d9e7f1c22ab4f1c22ab90d7e35c0b6a8d9e7f1c22ab",
        keys=MappingProxyType({"after": "ID"}),
        operands=(_FROZEN,),
        needs_issue=False,
    ),
    Verb(
        name="help",
        summary="You get this text.",
        forms=("help",),
        example="help",
        needs_issue=False,
    ),
)

VERBS: Final[Mapping[str, Verb]] = MappingProxyType({verb.name: verb for verb in _TABLE})
"""Every verb by its name, in the order of the help."""


def usage(verb: Verb, *, issue: str = "ID") -> str:
    """Return every form of a verb, one a line, as it is written in a mail."""
    before = f"!{issue} " if verb.needs_issue else "!"
    return "\n".join(f"{before}{form}" for form in verb.forms)


def help_text(*, prefix: str, domain: str) -> str:
    """Return the help for commands by mail, in lines of 78 columns at most, LF line ends.

    `prefix` is what stands before the number in this installation's issue ids, `domain` the
    alias's.
    """
    issue = f"{prefix}-2026-0007@{domain}"
    parts = [_filled(text) for text in _INTRODUCTION.format(issue=issue).split("\n\n")]
    parts += (f"{usage(v)}\n{_filled(v.summary, indent=4)}" for v in VERBS.values())
    return "\n\n".join(parts) + "\n"


def _filled(text: str, *, indent: int = 0) -> str:
    """Return `text` in lines of the help's width; what is indented in the text stays as it is."""
    if text.startswith(" "):
        return text
    blanks = " " * indent
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=blanks,
        subsequent_indent=blanks,
        break_long_words=False,
        break_on_hyphens=False,
    )


_INTRODUCTION: Final = """\
Commands stand at the top of a mail to the security alias, one a line, each beginning with "!",
the id of its issue, and the domain of the alias, as in

    !{issue} own

The first line that is no command ends them. The rest is discussion, which stays inside the
team, or the text of `note` or `reply`; only one of these can stand in a mail. When one command
is wrong, none is done.

The mail must be signed as a whole with your key, come from your address, and arrive within 24
hours of signing. The domain says that it is for this installation; it may be left out where your
mail program signs To or Cc, or where your own text names the alias's address. Below, ID stands
for the id with its domain.

Each signed mail works once."""
