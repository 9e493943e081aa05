"""An issue's thread in the order of time: what came in, what we wrote, and what became of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.errors import NotThere, TheirFault
from gatekeeper.domain.identity import IssueId, RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import Kind
from gatekeeper.store import correspondents, deliveries, issues, letters, messages
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.letters import LetterHead
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.tx import Tx

TROUBLE: Final = frozenset({DeliveryState.BLOCKED, DeliveryState.FAILED, DeliveryState.IN_DOUBT})
"""States of a delivery that a person should see to; a deferred one is tried again by itself."""

TEAM_COPY: Final = "team-copy"
"""The kind of a letter that carries a message to the team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message or one letter, numbered by time; `passed_on` are its copies on their way.

    A letter that only carries a message to the team is no turn of its own.
    """

    number: int
    at: Instant
    message: StoredMessage | None = None
    letter: LetterHead | None = None
    passed_on: tuple[DeliveryRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Everything that was said in one issue, without content that is still to be opened."""

    issue: IssueRow
    turns: tuple[Turn, ...]
    correspondents: tuple[Correspondent, ...]
    deliveries: tuple[DeliveryRow, ...]

    @property
    def messages(self) -> tuple[StoredMessage, ...]:
        """What came in, oldest first."""
        return tuple(turn.message for turn in self.turns if turn.message is not None)

    @property
    def letters(self) -> tuple[LetterHead, ...]:
        """What we wrote beside passing messages on, oldest first."""
        return tuple(turn.letter for turn in self.turns if turn.letter is not None)

    @property
    def amount(self) -> dict[str, int]:
        """How many there are of both."""
        return {"messages": len(self.messages), "letters": len(self.letters)}

    @property
    def trouble(self) -> tuple[DeliveryRow, ...]:
        """The deliveries that a person should see to."""
        return tuple(row for row in self.deliveries if row.state in TROUBLE)

    @property
    def deferred(self) -> tuple[DeliveryRow, ...]:
        """The deliveries that the relay did not take yet, and that are tried again."""
        return tuple(row for row in self.deliveries if row.state is DeliveryState.DEFERRED)

    @property
    def reported_at(self) -> Instant:
        """When the report came in, from which the timeline is counted."""
        reports = [one.received_at for one in self.messages if one.kind is Kind.REPORT]
        return min(reports, default=self.issue.opened_at)


def named(tx: Tx, text: str) -> IssueRow:
    """Return the issue that a person named; TheirFault or NotThere when that is none."""
    try:
        wanted = IssueId.parse(text)
    except ValueError as error:
        raise TheirFault("that is no issue id", reason=str(error)) from None
    row = issues.get(tx, wanted)
    if row is None:
        raise NotThere(f"there is no issue {wanted}", remedy="see: gatekeeper issue list")
    return row


def gather(tx: Tx, issue: IssueRow) -> Thread:
    """Return the thread of an issue, its content still sealed."""
    found = messages.of_issue(tx, issue.id)
    written = letters.of_issue(tx, issue.id)
    sent = deliveries.list_all(tx, issue=issue.id)
    return Thread(
        issue=issue,
        turns=_numbered(_turns(found, written, _by_letter(sent))),
        correspondents=correspondents.of_issue(tx, issue.id),
        deliveries=sent,
    )


def _turns(
    found: Sequence[StoredMessage],
    written: Sequence[LetterHead],
    sent: Mapping[RowId, tuple[DeliveryRow, ...]],
) -> Iterator[Turn]:
    copies: dict[RowId, tuple[DeliveryRow, ...]] = {}
    for letter in written:
        rows = sent.get(letter.id, ())
        if letter.kind == TEAM_COPY and letter.message is not None:
            copies[letter.message] = copies.get(letter.message, ()) + rows
            continue
        yield Turn(number=0, at=letter.created_at, letter=letter, passed_on=rows)
    for one in found:
        yield Turn(
            number=0,
            at=one.received_at,
            message=one,
            passed_on=copies.get(one.id, ()),
        )


def _numbered(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return the turns by time, what came in before what it led to at the same instant."""
    ordered = sorted(turns, key=lambda turn: (turn.at, turn.letter is not None))
    return tuple(replace(turn, number=number) for number, turn in enumerate(ordered, 1))


def _by_letter(sent: Sequence[DeliveryRow]) -> dict[RowId, tuple[DeliveryRow, ...]]:
    found: dict[RowId, tuple[DeliveryRow, ...]] = {}
    for row in sent:
        found[row.letter] = (*found.get(row.letter, ()), row)
    return found
