"""A host's witness is made by whichever process comes first, and missed when it goes."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from gatekeeper.config import Settings, witness
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.witness import WitnessWatch
from gatekeeper.domain.instants import Instant
from gatekeeper.store import noted
from gatekeeper.store.engine import Store
from tests.config.installation import Installation
from tests.config.witnessing import installed, kinds, opened, watch
from tests.house import START
from tests.store.copying import copied, restored
from tests.store.test_heads import append


@pytest.fixture
def settings(site: Installation, database_url: str) -> Settings:
    """Return its settings, on either database."""
    return installed(site, database_url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Open the database."""
    with opened(settings) as store:
        yield store


@pytest.mark.parametrize("harm", ["removed", "changed", "of another installation"])
def test_a_witness_that_is_gone_or_changed_is_missed_and_made_anew(
    harm: str, settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.write(append)
    assert 0 == watch(settings, store).tick()
    if harm == "removed":
        settings.witness_file.unlink()
    else:
        mark = b"0" if harm == "changed" else b"x"
        raw = settings.witness_file.read_bytes()
        settings.witness_file.write_bytes(raw[:-2] + mark * 5)
    assert witness.look(settings, store).gone
    assert 0 == watch(settings, store).tick()
    assert "witness.gone" == kinds(store)[-1]
    assert "made anew" in caplog.text
    found = witness.look(settings, store)
    assert (False, START) == (found.gone, found.anew)
    assert 0 == watch(settings, store).tick()
    assert 1 == kinds(store).count("witness.gone")


def test_processes_that_begin_at_once_miss_nothing(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """One makes it after another has read that there is none; then eight at the same moment."""

    def meanwhile() -> Instant:
        assert 0 == watch(settings, store).tick()
        return START

    late = WitnessWatch(settings=settings, store=store, now=meanwhile)
    assert 0 == late.tick()
    first = settings.witness_file
    other = replace(settings, witness_file=first.parent / "other")
    begun = [Store.open(settings.database.url, codec_of(settings)) for _ in range(8)]
    together = Barrier(len(begun))

    def begin(each: Store) -> int:
        together.wait()
        return watch(other, each).tick()

    with ThreadPoolExecutor(len(begun)) as threads:
        assert [0] * len(begun) == list(threads.map(begin, begun))
    for each in begun:
        each.close()
    assert "witness.gone" not in kinds(store)
    assert [] == caplog.records
    for host in (settings, other):
        found = witness.look(host, store)
        assert (False, None) == (found.gone, found.anew)
        host.witness_file.unlink()
        assert witness.look(host, store).gone


def test_one_that_was_noted_but_never_made_is_not_missed(settings: Settings, store: Store) -> None:
    """A process was killed between; from the next one's on it is."""
    name = f"{os.uname().nodename}:{settings.witness_file}"
    killed = {name: {"since": START, "anew": None, "made": False}}
    store.write(lambda tx: noted.put(tx, "witness hosts", killed))
    for missing in (False, True):
        assert missing is witness.look(settings, store).gone
        assert 0 == watch(settings, store).tick()
        assert int(missing) == kinds(store).count("witness.gone")
        settings.witness_file.unlink()


def test_a_witness_that_was_there_before_the_database_is_missed_when_it_goes(
    settings: Settings, store: Store
) -> None:
    """As beside a copy that was restored: the host is noted though nothing had to be made."""
    new = store.read(copied)
    assert 0 == watch(settings, store).tick()
    store.write(lambda tx: restored(tx, new))
    assert 0 == watch(settings, store).tick()
    settings.witness_file.unlink()
    assert witness.look(settings, store).gone
