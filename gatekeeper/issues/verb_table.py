"""What a verb of the verb table is: its grammar and its help in one value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gatekeeper.issues.operands import Operand

_NAME: Final = re.compile(r"[a-z](?:-?[a-z]){1,11}")
_NONE: Final[Mapping[str, Operand]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb: its grammar, and its help.

    `forms` and `example` are what follows the id · `words` stand alone · `keys` maps each key to
    the kind of its value · `required` are the keys that must be given · `operands` stand in this
    order · `takes_text` when the text of the mail below the commands belongs to it · `by_shell`
    when the command line has it, too, under `noun`; by mail all are understood · `needs_issue`
    when an id must stand before it, `with_issue` when it may and then means something else than
    without.
    """

    name: str
    summary: str
    forms: tuple[str, ...]
    example: str
    words: frozenset[str] = frozenset()
    keys: Mapping[str, Operand] = field(default_factory=lambda: _NONE)
    required: frozenset[str] = frozenset()
    operands: tuple[Operand, ...] = ()
    takes_text: bool = False
    by_shell: bool = False
    noun: str = "issue"
    needs_issue: bool = True
    with_issue: bool = False

    def __post_init__(self) -> None:
        """Refuse a verb whose help could not be written or whose words are ambiguous."""
        if not _NAME.fullmatch(self.name) or not self.forms:
            message = "a verb has a name in lower case and at least one form"
            raise ValueError(message)
        if self.words & set(self.keys):
            message = "a word is a key or stands alone, not both"
            raise ValueError(message)
        if sum(each.joins for each in self.operands) > 1:
            message = "where two operands join words, nobody can say where the first one ends"
            raise ValueError(message)
        if not self.required <= set(self.keys):
            message = "only a key that there is can be required"
            raise ValueError(message)


def keys(**kinds: Operand) -> Mapping[str, Operand]:
    """Return the keys of a verb, in the order of its help."""
    return MappingProxyType(kinds)
