"""5. Find the issue a message belongs to; none found means that a new one is opened."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import IssueId, RowId
from gatekeeper.domain.team import Team
from gatekeeper.mail.reading import Reading
from gatekeeper.store import correspondents, issues, letters, messages
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

_NAMED: Final = re.compile(r"\b[A-Z][A-Z0-9]{0,15}-[0-9]{4}-[0-9]{4,9}\b", re.ASCII | re.IGNORECASE)
_LOOKED_AT: Final = 10
"""Issue ids in a subject, and Message-IDs referred to, that are looked up one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a message may be placed by.

    `sender` the one address in From · `route` the row that the token in the envelope's recipient
    names · `signers` the correspondents whose pinned key signed the whole message · `keys` the
    fingerprints of the keys that it brought, or was signed with.
    """

    sender: Address | None
    reading: Reading
    route: RowId | None = None
    signers: tuple[Correspondent, ...] = ()
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The issue found, or None; `claimed` is an issue that was named but not believed.

    `answers` says that the message answers a letter of ours, or was sent to the address that such
    a letter gave; `void` that it was sent to such an address which does not lead anywhere any more.
    """

    issue: IssueRow | None
    claimed: str = ""
    answers: bool = False
    void: bool = False


def root_of(reading: Reading) -> str | None:
    """Return the Message-ID that a message says its thread hangs from, None when it begins one.

    Its own does not count: programs that give all their mail one Message-ID begin many threads.
    """
    return next(iter(reading.references), None)


def find(tx: Tx, clues: Clues, *, team: Team, prefix: str) -> Thread:
    """Return the issue a message belongs to (design: mail, "Threading").

    First the token of a reply address; then a reference to a Message-ID that we sent to this very
    sender; then an issue id in the subject, if the sender is known in that issue; then another
    message of the same thread by the same sender. None of it is proof of who wrote: it decides
    where the team reads the message, and nothing else. Ids that are not ours (`CVE-2026-1234`) say
    nothing; ours begin with `prefix`, or did when the issue was opened.
    """
    routed = correspondents.by_route(tx, clues.route) if clues.route is not None else None
    if routed is not None:
        return Thread(issue=issues.by_row(tx, routed.issue), answers=True)
    void = clues.route is not None
    references = clues.reading.references
    if clues.sender is not None:
        row = letters.sent_to(tx, message_ids=references, recipient=clues.sender)
        if row is not None:
            return Thread(issue=issues.by_row(tx, row), answers=True, void=void)
    named, claimed = _by_id(tx, clues, team, prefix)
    if named is None:
        named = _beside(tx, clues)
    if named is not None:
        return Thread(issue=named, void=void)
    return Thread(issue=None, claimed=claimed or _referred_to(tx, references), void=void)


def answers_no_issue(tx: Tx, reading: Reading) -> bool:
    """Say whether a message answers a letter of ours that belongs to no issue.

    Mail to postmaster is such: what one of the team writes about it is no report.
    """
    for message_id in reading.references[-_LOOKED_AT:]:
        letter = letters.known_message_id(tx, message_id)
        if letter is not None and letters.load(tx, letter).issue is None:
            return True
    return False


def _by_id(tx: Tx, clues: Clues, team: Team, prefix: str) -> tuple[IssueRow | None, str]:
    """Return the issue that the subject names to someone known there, else what it claims."""
    claimed = ""
    for named in islice(_ids(clues.reading.subject), _LOOKED_AT):
        issue = issues.get(tx, named)
        if issue is not None and _knows(tx, issue, clues, team):
            return issue, ""
        if issue is not None or named.prefix == prefix:
            claimed = claimed or str(named)
    return None, claimed


def _ids(subject: str) -> Iterator[IssueId]:
    """Yield what can be an issue id; `SEC-2026-0000` cannot."""
    for match in _NAMED.finditer(subject):
        try:
            yield IssueId.parse(match[0])
        except ValueError:
            continue


def _knows(tx: Tx, issue: IssueRow, clues: Clues, team: Team) -> bool:
    if any(signer.issue == issue.id for signer in clues.signers):
        return True
    if clues.sender is None:
        return False
    known = correspondents.by_address(tx, issue=issue.id, address=clues.sender)
    return known is not None or _reported(issue, clues.sender) or _is_team(clues.sender, team)


def _is_team(sender: Address, team: Team) -> bool:
    return team.by_address(sender) is not None


def _reported(issue: IssueRow, sender: Address) -> bool:
    """Say whether `sender` is the reporter by the issue's row, which is older than their own."""
    try:
        return Address.parse(issue.reporter).key == sender.key
    except ValueError:
        return False


def _beside(tx: Tx, clues: Clues) -> IssueRow | None:
    """Return the issue of another message in this thread by the same sender.

    So the first mails of a thread, however they overtake one another, make one issue.
    """
    own = clues.reading.mail.message_id
    begun = root_of(clues.reading) or own
    if clues.sender is None or begun is None:
        return None
    named = clues.reading.references[-_LOOKED_AT:]
    row = messages.in_thread(tx, sender=clues.sender, thread=begun, message_ids=named)
    if row is None and own is not None and own != begun:
        # An answer to this very message came before it, and named no other.
        row = messages.in_thread(tx, sender=clues.sender, thread=own, message_ids=())
    if row is None or _has_another_key(tx, row, clues):
        return None
    return issues.by_row(tx, row)


def _has_another_key(tx: Tx, issue: RowId, clues: Clues) -> bool:
    """Say whether an issue's reporter shows to be another than who brought these keys.

    Whoever guesses a thread could begin it in another's name, and have their report in it.
    """
    pinned = {known.fingerprint for known in correspondents.of_issue(tx, issue)} - {None}
    return bool(pinned) and bool(clues.keys) and not pinned & clues.keys


def _referred_to(tx: Tx, references: Sequence[str]) -> str:
    """Return the issue of a letter that is referred to by someone to whom we never sent it."""
    for message_id in reversed(references[-_LOOKED_AT:]):
        letter = letters.known_message_id(tx, message_id)
        issue = letters.load(tx, letter).issue if letter is not None else None
        if issue is not None:
            return str(issues.by_row(tx, issue).issue_id)
    return ""
