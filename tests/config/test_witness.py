"""A host's witness file: a database that was set back is frozen, whichever process looks first."""

import logging
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete

from gatekeeper.config import Settings, witness
from gatekeeper.config.keyhome import codec_of
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import HOUR, later
from gatekeeper.store import audit, frozen, schema, setback
from gatekeeper.store import witness as seen_by
from gatekeeper.store.chain import Head
from gatekeeper.store.engine import Store
from gatekeeper.store.tables import meta
from gatekeeper.store.tx import Tx
from tests.config.installation import Installation
from tests.config.witnessing import installed, kinds, opened, watch
from tests.house import START
from tests.store import samples
from tests.store.copying import copied, restored
from tests.store.test_heads import append, put_back, snapshot


@pytest.fixture
def settings(site: Installation, database_url: str) -> Settings:
    """Return its settings, on either database."""
    return installed(site, database_url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Open the database."""
    with opened(settings) as store:
        yield store


def test_a_new_host_makes_its_witness_without_a_word_and_keeps_it(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    file = settings.witness_file
    watching = watch(settings, store)
    assert 0 == watching.tick()
    assert 0o600 == file.stat().st_mode & 0o777
    assert 0o700 == file.parent.stat().st_mode & 0o777
    store.write(append)
    assert 0 == watching.tick()
    found = witness.read(file, codec_of(settings))
    assert found == store.read(seen_by.seen)
    assert [file] == list(file.parent.iterdir())
    assert [] == caplog.records
    before = file.stat().st_ino
    assert 0 == watching.tick()
    assert before == file.stat().st_ino, "nothing new is not written"


def thaw(tx: Tx) -> None:
    """Thaw the database as two people do."""
    frozen.thaw(tx)
    audit.append(tx, kind=frozen.THAWED, actor="Andrea", now=START, payload={})


def set_back(settings: Settings, store: Store, *, more: int = 0) -> None:
    """Let the host see five entries, then set the database back to three, and let it go on."""
    store.write(lambda tx: append(tx, 3))
    kept = store.read(snapshot)
    store.write(lambda tx: append(tx, 2))
    assert 0 == watch(settings, store).tick()
    store.write(lambda tx: put_back(tx, kept))
    if more:
        store.write(lambda tx: append(tx, more))


@pytest.mark.parametrize("more", [0, 7])
def test_a_database_behind_the_witness_is_frozen_loudly(
    more: int, settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    set_back(settings, store, more=more)
    watching = watch(settings, store)
    assert 1 == watching.tick()
    found = store.read(frozen.of)
    assert found is not None
    assert os.uname().nodename in found.reason
    assert [5] == [head.seq for head in found.witnesses]
    assert "database.frozen" == kinds(store)[-1]
    (line,) = caplog.records
    assert logging.CRITICAL == line.levelno
    assert "FROZEN" in line.getMessage()
    assert 0 == watching.tick()
    assert 1 == len(caplog.records)
    assert "" == witness.look(settings, store).behind, "it goes on with what is frozen"
    assert seen_by_host(settings) == store.read(seen_by.seen)


def seen_by_host(settings: Settings) -> seen_by.Witness:
    """Return what the host has seen."""
    found = witness.read(settings.witness_file, codec_of(settings))
    assert found is not None
    return found


def test_what_comes_while_it_is_frozen_is_missed_when_it_is_set_back_once_more(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """By the process that runs on it, and by one that begins then, each aloud."""
    set_back(settings, store)
    watching = watch(settings, store)
    assert 1 == watching.tick()
    for again in (1, 2):
        frozen_copy = store.read(copied)
        first = store.read(frozen.of)
        last = store.write(append)
        assert 0 == watching.tick()
        assert last == seen_by_host(settings).head
        store.write(partial(restored, copy=frozen_copy))
        begun = Store.open(settings.database.url, codec_of(settings))
        looking = watching if again == 1 else watch(settings, begun)
        assert [1, 0] == [looking.tick() for _ in range(2)]
        begun.close()
        second = store.read(frozen.of)
        assert first is not None
        assert second is not None
        assert first.nonce != second.nonce
        assert last in second.witnesses
        assert 1 + again == caplog.text.count("FROZEN")


def test_a_process_that_begins_on_a_frozen_database_says_so(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever froze it: an old copy that was restored is frozen before anybody looks."""
    store.write(lambda tx: setback.stop(tx, reason="it was restored", now=START))
    assert [1, 0] == [watch(settings, store).tick() for _ in range(2)]
    assert 1 == caplog.text.count("FROZEN, nothing is sent: it was restored")


def test_numbers_that_a_lost_database_gave_out_stay_known_though_it_is_lost_again(
    settings: Settings, store: Store
) -> None:
    """Before the product's row is made, which a start does after it looked."""
    new = store.read(copied)
    given = (IssueId(prefix="SEC", year=2026, number=40),)
    lost = seen_by.Witness(era=0, head=Head(seq=90, digest=b"d" * 32), numbers=given)
    settings.witness_file.parent.mkdir(exist_ok=True)
    witness.write(settings.witness_file, codec_of(settings), lost)
    for _ in range(2):
        begun = Store.open(settings.database.url, codec_of(settings))
        assert 1 == watch(settings, begun).tick()
        begun.close()
        assert given == seen_by_host(settings).numbers
        store.write(lambda tx: restored(tx, new))
    assert 1 == watch(settings, store).tick()
    assert 41 == store.write(samples.issue).issue_id.number


def test_one_process_tells_of_a_freeze_once(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Its start looks with a watch of its own."""
    set_back(settings, store)
    assert [1, 0] == [watch(settings, store).tick() for _ in range(2)]
    assert 1 == caplog.text.count("FROZEN")


def test_a_freeze_that_was_removed_is_made_anew_at_the_next_look(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a copy that was restored: no witness tells of it, the event log does."""
    watching = watch(settings, store)
    store.write(lambda tx: setback.stop(tx, reason="it was restored", now=START))
    first = store.read(frozen.of)
    assert [1, 0] == [watching.tick() for _ in range(2)]
    for watcher in (watching, watch(settings, store)):
        store.write(lambda tx: tx.connection.execute(delete(meta).where(meta.c.name == "frozen")))
        assert "was removed" in witness.look(settings, store).removed
        assert [1, 0] == [watcher.tick() for _ in range(2)]
        found = store.read(frozen.of)
        assert found is not None
        assert "was removed" in found.reason
        assert found != first
        assert "" == witness.look(settings, store).removed
    assert 3 == caplog.text.count("FROZEN")
    store.write(thaw)
    assert [0, 0] == [watching.tick() for _ in range(2)]
    assert store.read(frozen.of) is None


def test_what_people_accepted_is_what_the_witness_holds_then(
    settings: Settings, store: Store
) -> None:
    set_back(settings, store)
    watching = watch(settings, store)
    assert 1 == watching.tick()
    store.write(thaw)
    assert 0 == watching.tick()
    assert store.read(frozen.of) is None
    found = witness.read(settings.witness_file, codec_of(settings))
    assert found is not None
    assert 1 == found.era
    assert "" == witness.look(settings, store).behind


def test_a_place_that_cannot_be_written_stops_the_start_and_later_is_told_once(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A file stands where the folder should be; a folder where the file should."""
    folder = settings.witness_file.parent
    nowhere = replace(settings, witness_file=settings.folder / "team.yaml" / "seen")
    with pytest.raises(Misconfigured, match="cannot be kept"):
        watch(nowhere, store).tick()
    watching = watch(settings, store)
    assert 0 == watching.tick()
    shutil.rmtree(folder)
    folder.write_text("in the way")
    store.write(append)
    assert 0 == watching.tick()
    assert 0 == watching.tick()
    assert 1 == caplog.text.count("cannot be written")


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "socket"])
def test_what_is_no_file_is_refused_at_once(kind: str, site: Installation) -> None:
    """By the check of the configuration, and where it is read: a FIFO would hold a start up."""
    settings = site.load()
    file = settings.witness_file
    file.parent.mkdir(exist_ok=True)
    match kind:
        case "fifo":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "device":
            file.symlink_to(os.devnull)
        case _:
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(os.path.relpath(file))
    (problem,) = site.problems()
    assert "witness.file: " in str(problem)
    assert "is no regular file; remove it, or name another" in str(problem)
    with pytest.raises(Misconfigured) as caught:
        witness.read(file, codec_of(settings))
    assert "witness.file" in caught.value.remedy


def test_a_start_that_finds_no_room_does_not_say_that_it_has_a_witness(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the next start would miss one that there never was, and say so to the team."""
    folder = settings.witness_file.parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    with pytest.raises(Misconfigured, match="cannot be kept"):
        watch(settings, store).tick()
    folder.unlink()
    assert 0 == watch(settings, store).tick()
    assert [] == caplog.records
    assert "witness.gone" not in kinds(store)


def test_a_snapshot_of_the_file_that_is_put_back_freezes_what_runs_on_it(
    site: Installation,
) -> None:
    """As an administrator would: the SQLite file copied away, and copied back."""
    settings = site.load()
    schema.upgrade(settings.database.url, codec_of(settings))
    file = Path(settings.database.url.removeprefix("sqlite:///"))
    store = Store.open(settings.database.url, codec_of(settings))
    store.write(append)
    with sqlite3.connect(file) as live, sqlite3.connect(file.with_suffix(".kept")) as kept:
        live.backup(kept)
    store.write(append)
    assert 0 == watch(settings, store).tick()
    store.close()
    for tail in ("", "-wal", "-shm"):
        file.with_name(file.name + tail).unlink(missing_ok=True)
    file.with_suffix(".kept").rename(file)
    store = Store.open(settings.database.url, codec_of(settings))
    try:
        assert () == store.read(audit.verify)
        assert 1 == watch(settings, store).tick()
        assert store.read(frozen.of) is not None
    finally:
        store.close()


def test_a_second_host_that_saw_more_adds_what_it_saw(settings: Settings, store: Store) -> None:
    other = replace(settings, witness_file=settings.folder / "other" / "seen")
    store.write(lambda tx: append(tx, 3))
    kept = store.read(snapshot)
    hosts = [settings, other]
    for host in hosts:
        store.write(append)
        watch(host, store).tick()
    store.write(lambda tx: put_back(tx, kept))
    # each in a process that has just begun
    begun = [Store.open(settings.database.url, codec_of(settings)) for _ in hosts]
    watching = [watch(*each) for each in zip(hosts, begun, strict=True)]
    assert [1, 1] == [each.tick() for each in watching]
    assert [0, 1] == [each.tick() for each in watching[::-1]]
    assert [0, 0] == [each.tick() for each in watching], "nothing new is found"
    for each in begun:
        each.close()
    assert 2 == kinds(store).count("database.frozen")
    found = store.read(frozen.of)
    assert found is not None
    assert [4, 5] == [head.seq for head in found.witnesses]
    assert later(found.since, HOUR) > START
