"""Time to list issues and to find a thread among many messages, against the same among few."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from gatekeeper.domain.protection import Protection
from gatekeeper.issues import thread
from gatekeeper.issues.thread import Clues
from gatekeeper.mail.parse import Mail
from gatekeeper.mail.reading import Reading
from gatekeeper.mail.structure import Part
from gatekeeper.store import issues, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx
from tests.bench import filling, meters
from tests.bench.figures import Figure, median, milliseconds, turns
from tests.bench.ground import NAMES, Ground
from tests.house import example_team

SAMPLES = 20
_NOTHING = Part(source=b"", start=0, body_start=0, end=0)
BAR = "<= 2 with 100,000 messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A store with that many issues; `real` are those that can be looked up."""

    store: Store
    count: int
    real: Sequence[IssueRow]

    def listing(self) -> float:
        """Return the seconds for each issue of a list of all."""
        found = meters.seconds(lambda: self.store.read(issues.list_all))
        return found / self.count

    def answers(self) -> float:
        """Return the seconds to find the issue of a mail that answers a letter."""
        return self._each(lambda tx, one: _find(tx, one, "Re: hello", filling.message_id(one)))

    def named(self) -> float:
        """Return the seconds to find the issue that a team member names in a subject."""
        return self._each(lambda tx, one: _find(tx, one, f"Re: [{one.issue_id}] hello"))

    def threads(self) -> float:
        """Return the seconds to read all messages of an issue."""
        return self._each(_read)

    def _each(self, look: Callable[[Tx, IssueRow], None]) -> float:
        def once(one: IssueRow) -> float:
            return meters.seconds(lambda: self.store.read(lambda tx: look(tx, one)))

        return median([once(one) for one in self.real])


WORK = {
    "issue list, for each issue": Archive.listing,
    "thread by reference": Archive.answers,
    "thread by subject": Archive.named,
    "the messages of an issue": Archive.threads,
}


def run(ground: Ground) -> Iterator[Figure]:
    """Compare an archive of 100 issues with one that is larger by the scale."""
    few = ground.scale.choose(SAMPLES, 100, 100)
    many = ground.scale.choose(100, 1_000, 10_000)
    rounds = ground.scale.choose(1, 5, 7)
    for dialect in ground.dialects:
        with ExitStack() as stack:
            small, large = (
                _archive(stack.enter_context(ground.store(dialect)), count) for count in (few, many)
            )
            for what, work in WORK.items():
                measured = [(work(large), work(small)) for _ in turns(rounds, 5)]
                yield Figure(
                    what=f"{what}, {NAMES[dialect]}",
                    ours=f"{_size(large)} {milliseconds(median([one for one, _ in measured]))}",
                    theirs=f"{_size(small)} {milliseconds(median([one for _, one in measured]))}",
                    ratios=tuple(much / little for much, little in measured),
                    bar=BAR,
                )


def _archive(store: Store, count: int) -> Archive:
    return Archive(store=store, count=count, real=filling.fill(store, count, SAMPLES))


def _size(archive: Archive) -> str:
    return f"{archive.count * filling.PER_ISSUE:,} messages"


def _find(tx: Tx, one: IssueRow, subject: str, *references: str) -> None:
    mail = Mail(raw=b"", root=_NOTHING, subject=subject)
    reading = Reading(
        mail=mail, subject=subject, content=_NOTHING, protection=Protection(), references=references
    )
    clues = Clues(sender=filling.SENDER, reading=reading)
    found = thread.find(tx, clues, team=example_team(), prefix="SEC").issue
    assert found is not None
    assert one.id == found.id


def _read(tx: Tx, one: IssueRow) -> None:
    assert filling.PER_ISSUE == len(messages.of_issue(tx, one.id))
