"""Lives of one installation: processes that carry mail along the path until they are killed."""

import multiprocessing
import signal
import smtplib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.domain.team import Person
from tests import scratch
from tests.house import ALIAS, PEOPLE, alias_key, person_key, uid
from tests.issues.reports import ROBIN, robin_key
from tests.keys import Key
from tests.path import victim
from tests.path.victim import Task
from tests.sampling import DIALECTS, SOAK, alternating
from tests.sinks import Inbox

REPORTER = "robin@research.example"
REPORT = (
    b"From: Robin <robin@research.example>\r\nTo: security@example.org\r\n"
    b"Subject: once only\r\n\r\nThis must arrive, and be one issue.\r\n"
)
WINDOW = OutboxPolicy().connections + 2
"""Mails that may be under way when a process dies: one on each connection to the relay, and one on
each of the two that are for what is urgent and for replies in clear.
"""


def keys() -> dict[str, Key]:
    """Return the keys of everybody, so that each life has the same."""
    found = {uid("Example security", str(ALIAS)): alias_key(), ROBIN: robin_key()}
    return found | {uid(*person): person_key(index) for index, person in enumerate(PEOPLE)}


@dataclass(slots=True, kw_only=True)
class Lives:
    """The lives of one installation; `accepted` once nothing is to be sent to it any more.

    What is sent is `mail`: sender, recipient and content. With a `team` of its own people are
    reminded, too.
    """

    nursery: ForkServerContext
    homes: Path
    url: str
    relay: int = 0
    life: int = 0
    accepted: bool = False
    mail: tuple[str, str, bytes] = (REPORTER, str(ALIAS), REPORT)
    team: tuple[Person, ...] = ()

    def live(
        self,
        *,
        kill_at: int = 0,
        kill_before: bool = False,
        now: Instant | None = None,
        mails: int = 1,
    ) -> int | None:
        """Run one life; return how many writes it made, None when it was killed.

        `now` and `mails` are the victim's.
        """
        task = Task(
            url=self.url,
            relay=self.relay,
            life=self.life,
            kill_at=kill_at,
            kill_before=kill_before,
            homes=self.homes,
            keys=keys(),
            now=now,
            mails=mails,
            team=self.team,
            reminds=bool(self.team),
        )
        self.life += 1
        hears, says = self.nursery.Pipe(duplex=False)
        process = self.nursery.Process(target=victim.main, args=(task, says))
        process.start()
        says.close()
        said: list[int] = []
        with hears, suppress(EOFError):
            said.append(hears.recv())
            if not self.accepted:
                self._send(said[0])
            said.append(hears.recv())
        process.join()
        assert process.exitcode in {0, -signal.SIGKILL}
        return said[1] if process.exitcode == 0 else None

    def _send(self, port: int) -> None:
        """Send the report as a client does that sends again when it got no 250."""
        sender, to, raw = self.mail
        try:
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail(sender, [to], raw)
        except (smtplib.SMTPException, OSError):
            return
        self.accepted = True


def make_nursery() -> ForkServerContext:
    """Return where lives come from: a process that has imported all, so each begins at once."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([victim.__name__])
    return made


@contextmanager
def living(nursery: ForkServerContext, url: str, *, accepted: bool = False) -> Iterator[Lives]:
    """Lend an installation; what its lives leave behind when they are killed is gone afterwards."""
    homes = Path(tempfile.mkdtemp(prefix="k-", dir=scratch.folder()))
    try:
        yield Lives(nursery=nursery, homes=homes, url=url, accepted=accepted)
    finally:
        scratch.sweep(homes)


def in_turns(kills: Sequence[int]) -> list[tuple[str, int, bool]]:
    """Return kills (database, at which write, before it): each write once, a soak takes all.

    To die before a write and to die after the one before it come to the same, so that each of the
    two databases sees half of all moments at which a process can die.
    """
    if SOAK:
        return alternating(kills)
    return [(DIALECTS[turn % 2], kill, bool(turn // 2 % 2)) for turn, kill in enumerate(kills)]


def assert_at_most_the_window(inbox: Inbox, expected: Counter[str]) -> None:
    """See that everybody got each mail, the same bytes each time, and few of them twice."""
    received = [(str(each.envelope.recipients[0]), each.raw) for each in inbox.received]
    assert expected == Counter(recipient for recipient, _ in set(received))
    assert len(received) - expected.total() <= WINDOW
