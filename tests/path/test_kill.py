"""Kill -9 at every commit of the path: nothing accepted is lost, nothing is handled twice."""

import multiprocessing
import signal
import smtplib
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.report import MessageState
from gatekeeper.store import audit, deliveries, issues, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from tests import scratch
from tests.house import ALIAS, PEOPLE, alias_key, person_key, uid
from tests.keys import Key
from tests.path import victim
from tests.path.victim import Task
from tests.sampling import alternating
from tests.sinks import Inbox, running_sink

REPORT = (
    b"From: Robin <robin@research.example>\r\nTo: security@example.org\r\n"
    b"Subject: once only\r\n\r\nThis must arrive, and be one issue.\r\n"
)
CONNECTIONS = 4
KILLS = 20
"""More than the commits of one whole life, whose number depends on how the work falls together."""

SURE = 14
"""A life always makes at least so many."""


def keys() -> dict[str, Key]:
    """Return the keys of everybody, so that each life has the same."""
    found = {uid("Example security", str(ALIAS)): alias_key()}
    return found | {uid(*person): person_key(index) for index, person in enumerate(PEOPLE)}


@dataclass(slots=True, kw_only=True)
class Lives:
    """The lives of one installation; `accepted` once a life has said 250."""

    nursery: ForkServerContext
    homes: Path
    url: str
    relay: int
    life: int = 0
    accepted: bool = False

    def live(self, *, kill_at: int = 0, kill_before: bool = False) -> int | None:
        """Run one life; return how many writes it made, None when it was killed."""
        task = Task(
            url=self.url,
            relay=self.relay,
            life=self.life,
            kill_at=kill_at,
            kill_before=kill_before,
            homes=self.homes,
            keys=keys(),
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
        try:
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail("robin@research.example", [str(ALIAS)], REPORT)
        except (smtplib.SMTPException, OSError):
            return
        self.accepted = True


@pytest.fixture(scope="module")
def nursery() -> ForkServerContext:
    """Where lives come from: a process that has imported all, so that each begins at once."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([victim.__name__])
    return made


@pytest.fixture
def lives(migrated_url: str, nursery: ForkServerContext) -> Iterator[Lives]:
    """An installation; what its lives leave behind when they are killed is gone afterwards."""
    homes = Path(tempfile.mkdtemp(prefix="k-", dir=scratch.folder()))
    yield Lives(nursery=nursery, homes=homes, url=migrated_url, relay=0)
    scratch.sweep(homes)


def assert_whole(url: str, codec: Codec, inbox: Inbox) -> None:
    """See that the report is one issue, that everyone has it, and that the log is sound."""
    store = Store.open(url, codec)
    try:
        assert [1] == [row.issue_id.number for row in store.read(issues.list_all)]
        counts = store.read(messages.counts)
        assert {MessageState.HANDLED: 1} == {state: n for state, n in counts.items() if n}
        rows = store.read(deliveries.list_all)
        assert [DeliveryState.DELIVERED] * len(PEOPLE) == [row.state for row in rows]
        assert () == store.read(audit.verify)
    finally:
        store.close()
    received = Counter(str(each.envelope.recipients[0]) for each in inbox.received)
    assert {address for _, address in PEOPLE} == set(received)
    assert sum(received.values()) - len(PEOPLE) <= CONNECTIONS
    different = {(each.envelope.recipients[0], each.raw) for each in inbox.received}
    assert len(PEOPLE) == len(different), "the same bytes each time"


def test_a_whole_life(lives: Lives, codec: Codec) -> None:
    """Without a kill everything is whole, and every commit is among the kills below."""
    with running_sink() as sink:
        lives.relay = sink.port
        writes = lives.live()
        assert writes is not None
        assert SURE <= writes <= KILLS
        assert_whole(lives.url, codec, sink.inbox)


@pytest.mark.parametrize(
    ("dialect", "kill_at", "kill_before"),
    [
        pytest.param(*case, id=f"{case[0]}-{case[1]}-{'before' if case[2] else 'after'}")
        for case in alternating(range(1, KILLS + 1))
    ],
)
def test_killed_at_a_commit(lives: Lives, codec: Codec, kill_at: int, *, kill_before: bool) -> None:
    """Die at one commit of the path, live again, and find everything whole."""
    with running_sink() as sink:
        lives.relay = sink.port
        lived = lives.live(kill_at=kill_at, kill_before=kill_before)
        if lived is None:
            assert lives.live() is not None
        else:
            assert SURE < kill_at
            assert lived < kill_at
        assert_whole(lives.url, codec, sink.inbox)
