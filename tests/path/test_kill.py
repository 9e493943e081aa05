"""Kill -9 at every commit of the path: nothing accepted is lost, nothing is handled twice."""

from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.report import MessageState
from gatekeeper.store import audit, correspondents, deliveries, issues, letters, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from tests.house import PEOPLE
from tests.path.lives import REPORTER, Lives, assert_at_most_the_window, living
from tests.sampling import alternating
from tests.sinks import Inbox, running_sink

KILLS = 28
"""More than the commits of one whole life, whose number depends on how the work falls together."""

SURE = 18
"""A life always makes at least so many."""


@pytest.fixture
def lives(migrated_url: str, nursery: ForkServerContext) -> Iterator[Lives]:
    """An installation to which a report is sent."""
    with living(nursery, migrated_url) as lent:
        yield lent


def assert_whole(url: str, codec: Codec, inbox: Inbox) -> None:
    """See that the report is one issue, that everyone was told once, and that the log is sound."""
    store = Store.open(url, codec)
    try:
        (issue,) = store.read(issues.list_all)
        assert 1 == issue.issue_id.number
        counts = store.read(messages.counts)
        assert {MessageState.HANDLED: 1} == {state: n for state, n in counts.items() if n}
        rows = store.read(deliveries.list_all)
        assert [DeliveryState.DELIVERED] * (len(PEOPLE) + 1) == [row.state for row in rows]
        kinds = [letter.kind for letter in store.read(lambda tx: letters.of_issue(tx, issue.id))]
        assert ["acknowledgement", "team-copy"] == sorted(kinds)
        (reporter,) = store.read(lambda tx: correspondents.of_issue(tx, issue.id))
        assert () == store.read(audit.verify)
    finally:
        store.close()
    everybody = (*(address for _, address in PEOPLE), REPORTER)
    assert_at_most_the_window(inbox, Counter(everybody))
    answers = {e.raw for e in inbox.received if REPORTER == str(e.envelope.recipients[0])}
    assert all(str(reporter.nonce).encode() in answer for answer in answers), "the code that counts"


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
