"""Kill -9 around the announcement of a new key, and two starts at once: it is told exactly once."""

import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from gatekeeper.issues import rotation
from gatekeeper.store import audit, deliveries, meta
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from tests import scratch
from tests.house import ALIAS, PEOPLE, alias_key, open_house, person_key, uid
from tests.issues.found import written
from tests.issues.reports import robin_key
from tests.issues.talk import a_talk
from tests.path import rotation_victim
from tests.path.lives import assert_at_most_the_window
from tests.path.rotation_victim import BEFORE, Start, new_key
from tests.sampling import DIALECTS
from tests.sinks import Inbox, running_sink

KIM = "kim@hobby.example"
EVERYBODY = Counter([*(address for _, address in PEOPLE), "robin@research.example", KIM])
LEASES = 3
"""Writes by which a process on SQLite ends the leases of before."""


@pytest.fixture
def homes() -> Iterator[Path]:
    """Lend a folder for the homes of processes that are killed."""
    folder = Path(tempfile.mkdtemp(prefix="k-", dir=scratch.folder()))
    yield folder
    scratch.sweep(folder)


@pytest.fixture
def told(store: Store, migrated_url: str) -> str:
    """A database with one reporter who has a key and one who has none; the old key is known."""
    with open_house(store) as house, a_talk(house) as talk:
        store.write(lambda tx: meta.note_alias_keys(tx, (alias_key().fingerprint,)))
        talk.opened(key=robin_key())
        talk.receive(talk.text("In clear.", sender=f"Kim <{KIM}>"), sender=KIM)
    return migrated_url


def start(
    nursery: ForkServerContext,
    url: str,
    homes: Path,
    *,
    relay: int = 0,
    life: int = 1,
    kill_at: int = 0,
    kill_before: bool = False,
    together: int = 1,
) -> list[tuple[bool, int] | None]:
    """Run lives at once; return whether each announced and its writes, None when it was killed."""
    people = {uid(*person): person_key(index) for index, person in enumerate(PEOPLE)}
    task = Start(
        url=url,
        homes=homes,
        keys={
            **people,
            uid("Example security", str(ALIAS)): alias_key(),
            "Example security (new) <security@example.org>": new_key(),
        },
        relay=relay,
        life=life,
        kill_at=kill_at,
        kill_before=kill_before,
    )
    barrier = nursery.Barrier(together)
    begun: list[tuple[BaseProcess, list[tuple[bool, int]]]] = []
    pipes = []
    for _ in range(together):
        hears, says = nursery.Pipe(duplex=False)
        victim = nursery.Process(target=rotation_victim.main, args=(task, barrier, says))
        victim.start()
        says.close()
        pipes.append(hears)
        begun.append((victim, []))
    for (process, said), hears in zip(begun, pipes, strict=True):
        with hears, suppress(EOFError):
            said.append(hears.recv())
        process.join()
        assert process.exitcode in {0, -signal.SIGKILL}
    return [said[0] if said else None for _, said in begun]


def assert_told_once(url: str, codec: Codec, inbox: Inbox) -> None:
    """See that there is one letter for the team, one for each reporter, and that all came."""
    store = Store.open(url, codec)
    with open_house(store) as house:
        kinds = [each.kind for each in written(house)]
        assert 3 == kinds.count(rotation.KIND)
        expected = (new_key().fingerprint, alias_key().fingerprint)
        assert expected == store.read(lambda tx: meta.alias_keys(tx, lock=False))
        assert {"delivered"} == {str(row.state) for row in store.read(deliveries.list_all)}
        assert () == store.read(audit.verify)
    store.close()
    clear = [each for each in inbox.received if b"has changed" in each.raw]
    assert {KIM} == {str(each.envelope.recipients[0]) for each in clear}
    assert_at_most_the_window(inbox, EVERYBODY)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("after", "kill_before"), [(1, True), (1, False), (2, True), (3, False)])
def test_killed_around_the_announcement(
    nursery: ForkServerContext,
    told: str,
    homes: Path,
    codec: Codec,
    dialect: str,
    *,
    after: int,
    kill_before: bool,
) -> None:
    """At its commit, and at those after it; then another life."""
    place = BEFORE + after + (LEASES if dialect == "sqlite" else 0)
    with running_sink() as sink:
        first, *_ = start(
            nursery,
            told,
            homes,
            relay=sink.port,
            kill_at=place,
            kill_before=kill_before,
        )
        assert first is None
        second, *_ = start(nursery, told, homes, relay=sink.port, life=2)
        assert second is not None
        assert (after == 1 and kill_before) == second[0]
        assert_told_once(told, codec, sink.inbox)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_two_processes_that_start_at_once(
    nursery: ForkServerContext, told: str, homes: Path, codec: Codec
) -> None:
    """On two machines with the new settings and one database: one announces, both go on."""
    with running_sink() as sink:
        lives = start(nursery, told, homes, relay=sink.port, together=2)
        assert [False, True] == sorted(life[0] for life in lives if life is not None)
        last, *_ = start(nursery, told, homes, relay=sink.port, life=2)
        assert last is not None
        assert_told_once(told, codec, sink.inbox)
