"""Services on one PostgreSQL: any may be killed, and the server too; nothing is lost or doubled."""

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.report import MessageState
from gatekeeper.store import audit, deliveries, issues, letters, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec, MasterKey
from tests.house import PEOPLE, person_key
from tests.keys import gpg, make_key, short_home
from tests.path.arrivals import wait_until_delivered
from tests.path.cluster import Cluster, Server, a_cluster, a_server
from tests.running import WAIT, Site
from tests.sampling import SOAK
from tests.sinks import Inbox, running_sink

REPORTS = 200 if SOAK else 14
COPIES = len(PEOPLE) + 1
"""Mails for each report: one for each of the team, and the answer."""

CONNECTIONS = 2 + 1
"""A process's connections to the relay: those of the cluster's policy, and the one for what is
urgent."""

SPREAD = {"first": "inbound,clock", "second": "outbound", "third": "outbound,clock"}
SEED = None if SOAK else 5


def report(number: int) -> tuple[bytes, str]:
    """Return a report and who sends it."""
    sender = f"finder{number}@research{number}.example"
    head = f"From: {sender}\r\nTo: security@example.org\r\nSubject: finding {number}\r\n\r\n"
    return head.encode() + b"Once, and only once.\r\n", sender


def key_that_ends_soon(site: Site) -> None:
    """Give somebody of the team a key that ends in ten days: the clock has something to tell."""
    old = person_key(0).fingerprint
    with short_home() as home:
        made = make_key(home, f"{PEOPLE[0][0]} <{PEOPLE[0][1]}>")
        gpg(home, "--quick-set-expire", made.fingerprint, "10d")
        public = gpg(home, "--armor", "--export", made.fingerprint)
    (site.config / "keys" / f"{made.fingerprint}.asc").write_bytes(public)
    (site.config / "keys" / f"{old}.asc").unlink()
    site.change("team.yaml", f"keys: [{old}]", f"keys: [{made.fingerprint}]")


class Mishaps:
    """What happens to a cluster while it works, one after the other."""

    def __init__(self, cluster: Cluster, server: Server, chance: random.Random) -> None:
        self.cluster = cluster
        self._server = server
        self.may_double = 0
        self._chance = chance
        self._still: list[str] = []

    def kill(self, name: str) -> None:
        """Kill a service, and start it again at once."""
        self.cluster.kill(name)
        self.cluster.start(name)
        self.may_double += CONNECTIONS * ("outbound" in self.cluster.roles[name])

    def restart_database(self, *, crash: bool) -> None:
        """Take the server away, by force or not, and bring it back."""
        (self._server.crash if crash else self._server.stop)()
        self._server.start()
        # An outcome that could not be committed in time is another's to find out.
        self.may_double += 2 * CONNECTIONS

    def stand_still(self) -> None:
        """Let a service stand still, and go on when the next thing happened."""
        name = self._chance.choice(list(self.cluster.running))
        self.cluster.signal(name, signal.SIGSTOP)
        self._still.append(name)
        self.may_double += CONNECTIONS * ("outbound" in self.cluster.roles[name])

    def go_on(self) -> None:
        """Let whoever stands still go on."""
        for name in self._still:
            if name in self.cluster.running:
                self.cluster.signal(name, signal.SIGCONT)
        self._still.clear()

    def all(self) -> list[Callable[[], None]]:
        """Return them in the order of this run."""
        chosen: list[Callable[[], None]] = [
            *(partial(self.kill, name) for name in SPREAD),
            partial(self.restart_database, crash=False),
            partial(self.restart_database, crash=True),
            self.stand_still,
        ]
        chosen *= 6 if SOAK else 1
        self._chance.shuffle(chosen)
        return [step for each in chosen for step in (each, self.go_on)]


def test_whatever_is_killed_each_report_is_one_issue_and_each_mail_goes_out_once(
    tmp_path: Path,
) -> None:
    """Three processes under load, killed, stopped, their database restarted, at any moment."""
    over = threading.Event()
    with (
        running_sink() as sink,
        a_server() as server,
        a_cluster(tmp_path, relay=sink.port, url=server.url, roles=SPREAD) as cluster,
        ThreadPoolExecutor(max_workers=4) as pool,
    ):
        key_that_ends_soon(cluster.site)
        cluster.start(*SPREAD)
        try:
            sent = [pool.submit(cluster.send, *report(n), over) for n in range(REPORTS)]
            mishaps = Mishaps(cluster, server, random.Random(SEED))
            steps = mishaps.all()
            for number, step in enumerate(steps):
                sink.inbox.wait(1 + number * REPORTS * 3 // len(steps))
                step()
            assert [True] * REPORTS == [future.result(2 * WAIT) for future in sent]
            expected = len(PEOPLE) + REPORTS * COPIES
            assert expected == _delivered(cluster, sink.inbox, expected)
        finally:
            over.set()
        for name in SPREAD:
            cluster.end(name)
        assert_whole(cluster)
        assert_sent_once(sink.inbox, mishaps.may_double)


def _delivered(cluster: Cluster, inbox: Inbox, expected: int) -> int:
    """Wait for all that is to come, and return how many deliveries the command line sees."""
    distinct: set[tuple[str, bytes]] = set()
    seen = expected
    while len(distinct) < expected:
        received = inbox.wait(seen)
        distinct = {(str(each.envelope.recipients[0]), each.raw) for each in received}
        seen = len(received) + 1
    return wait_until_delivered(cluster.site)


def assert_whole(cluster: Cluster) -> None:
    """See one issue for each report, everything sent, the clock's letter once, the log sound."""
    key = MasterKey.load((cluster.site.config / "master.key").read_bytes())
    store = Store.open(cluster.url, Codec(key))
    try:
        rows = store.read(issues.list_all)
        assert Counter(f"finding {n}" for n in range(REPORTS)) == Counter(r.subject for r in rows)
        counts = store.read(messages.counts)
        assert {MessageState.HANDLED: REPORTS} == {state: n for state, n in counts.items() if n}
        found = store.read(deliveries.list_all)
        assert {DeliveryState.DELIVERED} == {row.state for row in found}
        for row in rows:
            of_issue = store.read(partial(letters.of_issue, issue=row.id))
            assert ["acknowledgement", "team-copy"] == sorted(each.kind for each in of_issue)
        of_the_clock = [row for row in found if row.issue is None]
        assert [len(PEOPLE), 1] == [len(of_the_clock), len({row.letter for row in of_the_clock})]
        assert () == store.read(audit.verify)
    finally:
        store.close()


def assert_sent_once(inbox: Inbox, may_double: int) -> None:
    """See that everybody got each mail, and how many twice: no more than were on the wire."""
    got = [(str(each.envelope.recipients[0]), each.raw) for each in inbox.received]
    wanted = Counter({address: REPORTS + 1 for _, address in PEOPLE})
    wanted += Counter(report(n)[1] for n in range(REPORTS))
    assert wanted == Counter(recipient for recipient, _ in set(got))
    assert len(got) - wanted.total() <= may_double
