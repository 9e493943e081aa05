"""The verb table: what can be ordered of an issue, by mail and from a shell, and the help for it.

One table serves the mail parser, the command line and the help, so that none can know a verb, a
word or a key that another does not.
"""

import textwrap
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.issues import (
    verb_approvals,
    verb_dates,
    verb_general,
    verb_issue,
    verb_letters,
    verb_people,
)
from gatekeeper.issues.verb_table import Verb

__all__ = ["VERBS", "Verb", "help_text", "usage"]

_WIDTH: Final = 78

_TABLE: Final = (
    verb_issue.OWN,
    verb_letters.NOTE,
    verb_letters.REPLY,
    verb_approvals.APPROVE,
    verb_approvals.REFUSE,
    verb_approvals.WITHDRAW,
    verb_letters.KEY,
    verb_letters.REVOKE,
    verb_issue.ACCEPT,
    verb_issue.SEVERITY,
    verb_issue.TRACK,
    verb_issue.FACT,
    verb_issue.TOOLS,
    verb_issue.REJECT,
    verb_issue.REOPEN,
    verb_issue.HAND_OVER,
    verb_issue.MERGE,
    verb_issue.SPLIT,
    verb_people.INVITE,
    verb_people.REMOVE,
    verb_people.CONSENT,
    verb_dates.PROPOSE,
    verb_dates.AGREE,
    verb_dates.MOVE,
    verb_dates.EXTENSION,
    verb_dates.CREDIT,
    verb_approvals.REAFFIRM,
    verb_people.SUSPEND,
    verb_people.AWAY,
    verb_general.STATUS,
    verb_general.LIST,
    verb_general.HELP,
)
"""A verb stands here when `performing.PERFORMERS` has what carries it out, and not before."""

VERBS: Final[Mapping[str, Verb]] = MappingProxyType({verb.name: verb for verb in _TABLE})
"""Every verb by its name, in the order of the help."""


def usage(verb: Verb, *, issue: str = "ID") -> str:
    """Return every form of a verb, one a line, as it is written in a mail."""
    named = [f"!{issue} {form}" for form in verb.forms]
    unnamed = [f"!{form}" for form in verb.forms]
    if verb.needs_issue:
        return "\n".join(named)
    return "\n".join([*named, *unnamed] if verb.with_issue else unnamed)


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
