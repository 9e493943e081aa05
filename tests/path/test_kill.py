"""Kill -9 at every commit of the path: nothing accepted is lost, nothing is handled twice."""

import json
import os
import pickle
import signal
import smtplib
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.report import MessageState
from gatekeeper.store import audit, deliveries, issues, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from tests.house import ALIAS, PEOPLE, alias_key, person_key, uid
from tests.running import ROOT
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


@dataclass(slots=True, kw_only=True)
class Lives:
    """The lives of one installation; `accepted` once a life has said 250."""

    folder: Path
    url: str
    relay: int
    life: int = 0
    accepted: bool = False

    def live(self, *, kill_at: int = 0, kill_before: bool = False) -> int | None:
        """Run one life; return how many writes it made, None when it was killed."""
        task = {
            "url": self.url,
            "relay": self.relay,
            "life": self.life,
            "kill_at": kill_at,
            "kill_before": kill_before,
        }
        (self.folder / "task.json").write_text(json.dumps(task))
        self.life += 1
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("victim.py")), str(self.folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            first = process.stdout.readline().split()
            if first[:1] == ["listening"] and not self.accepted:
                self._send(int(first[1]))
            rest = process.stdout.read().split()
        assert process.returncode in {0, -signal.SIGKILL}
        return int(rest[1]) if process.returncode == 0 else None

    def _send(self, port: int) -> None:
        """Send the report as a client does that sends again when it got no 250."""
        try:
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail("robin@research.example", [str(ALIAS)], REPORT)
        except (smtplib.SMTPException, OSError):
            return
        self.accepted = True


@pytest.fixture
def lives(migrated_url: str, tmp_path: Path) -> Lives:
    """An installation with keys in a file, so that each life has the same."""
    users = {uid("Example security", str(ALIAS)): alias_key()}
    users |= {uid(*person): person_key(index) for index, person in enumerate(PEOPLE)}
    (tmp_path / "keys.pickle").write_bytes(pickle.dumps(users))
    return Lives(folder=tmp_path, url=migrated_url, relay=0)


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


@pytest.mark.parametrize("kill_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, KILLS + 1))
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
