"""5. Find the issue a message belongs to; none found means that a new one is opened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.team import Team
from gatekeeper.store import issues, letters
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

_NAMED: Final = re.compile(r"\b[A-Z][A-Z0-9]{0,15}-\d{4}-\d{4,9}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The issue found, or None; `claimed` is an issue id that was named but not believed."""

    issue: IssueRow | None
    claimed: str = ""


def find(
    tx: Tx, *, references: Sequence[str], subject: str, sender: Address | None, team: Team
) -> Thread:
    """Return the issue a message belongs to (design: mail, "Threading").

    First a reference to a Message-ID that we sent to this very sender; then an issue id in the
    subject, if the sender is known in that issue. Neither is proof of who wrote: it decides where
    the team reads the message, and nothing else.
    """
    if sender is not None:
        row = letters.sent_to(tx, message_ids=references, recipient=sender)
        if row is not None:
            return Thread(issue=issues.by_row(tx, row))
    named = _NAMED.search(subject)
    if named is None:
        return Thread(issue=None)
    issue = issues.get(tx, IssueId.parse(named[0]))
    if issue is not None and sender is not None and _knows(issue, sender, team):
        return Thread(issue=issue)
    return Thread(issue=None, claimed=named[0])


def _knows(issue: IssueRow, sender: Address, team: Team) -> bool:
    return issue.reporter.lower() == sender.key or team.by_address(sender) is not None
