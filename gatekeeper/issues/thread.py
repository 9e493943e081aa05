"""5. Find the issue a message belongs to; none found means that a new one is opened."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.team import Team
from gatekeeper.store import issues, letters
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

_NAMED: Final = re.compile(r"\b[A-Z][A-Z0-9]{0,15}-[0-9]{4}-[0-9]{4,9}\b", re.ASCII | re.IGNORECASE)
_LOOKED_AT: Final = 10
"""Issue ids in a subject, and Message-IDs referred to, that are looked up one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The issue found, or None; `claimed` is an issue that was named but not believed.

    `answers` says that the message refers to a letter that we sent to its sender.
    """

    issue: IssueRow | None
    claimed: str = ""
    answers: bool = False


def find(
    tx: Tx,
    *,
    references: Sequence[str],
    subject: str,
    sender: Address | None,
    team: Team,
    prefix: str,
) -> Thread:
    """Return the issue a message belongs to (design: mail, "Threading").

    First a reference to a Message-ID that we sent to this very sender; then an issue id in the
    subject, if the sender is known in that issue. Neither is proof of who wrote: it decides where
    the team reads the message, and nothing else. Ids that are not ours (`CVE-2026-1234`) say
    nothing; ours begin with `prefix`, or did when the issue was opened.
    """
    if sender is not None:
        row = letters.sent_to(tx, message_ids=references, recipient=sender)
        if row is not None:
            return Thread(issue=issues.by_row(tx, row), answers=True)
    claimed = ""
    for named in islice(_named(subject), _LOOKED_AT):
        issue = issues.get(tx, named)
        if issue is not None and sender is not None and _knows(issue, sender, team):
            return Thread(issue=issue)
        if issue is not None or named.prefix == prefix:
            claimed = claimed or str(named)
    return Thread(issue=None, claimed=claimed or _referred_to(tx, references))


def _named(subject: str) -> Iterator[IssueId]:
    """Yield what can be an issue id; `SEC-2026-0000` cannot."""
    for match in _NAMED.finditer(subject):
        try:
            yield IssueId.parse(match[0])
        except ValueError:
            continue


def _knows(issue: IssueRow, sender: Address, team: Team) -> bool:
    return _key(issue.reporter) == sender.key or team.by_address(sender) is not None


def _key(reporter: str) -> str:
    try:
        return Address.parse(reporter).key
    except ValueError:
        return ""


def _referred_to(tx: Tx, references: Sequence[str]) -> str:
    """Return the issue of a letter that is referred to by someone to whom we never sent it."""
    for message_id in reversed(references[-_LOOKED_AT:]):
        letter = letters.known_message_id(tx, message_id)
        issue = letters.load(tx, letter).issue if letter is not None else None
        if issue is not None:
            return str(issues.by_row(tx, issue).issue_id)
    return ""
