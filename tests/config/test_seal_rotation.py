"""A new master key: whatever is cut short, the keys in the file open everything there is."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from gatekeeper.config import seal_rotation
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.master_keys import held, wrapped
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.domain.roles import Role
from gatekeeper.store import audit, issues, processes, resealing, sealing
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import issues as table
from gatekeeper.store.tx import Tx
from tests.config.installation import Installation
from tests.config.sealing import full_site, hands, killed, rotated, state_of
from tests.sampling import SOAK, shared_out
from tests.store import samples
from tests.store.samples import NOW

STEPS = 24
"""At least as many boundaries does a run have; the last of them comes after everything."""


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """A configuration and a full database."""
    with full_site(tmp_path, database_url) as made:
        yield made


def test_everything_is_sealed_anew_and_the_old_key_opens_nothing_more(site: Installation) -> None:
    before = state_of(site)
    (old,) = held(site.load())
    said: list[str] = []
    done = rotated(site, said.append)
    assert before == state_of(site)
    settings = site.load()
    (new,) = held(settings)
    assert (new.name, (old.name,), 2, False) == (done.key, done.former, done.files, done.resumed)
    assert new.secret != old.secret
    url = settings.database.connection_url()
    with pytest.raises(Misconfigured, match="is not the one of this database"):
        Store.open(url, Codec(old))
    for name, file in wrapped(settings).items():
        with pytest.raises(OurFault, match="does not open"):
            Codec(old).unwrap(name, file.read())
    assert done.aside == settings.master_key.path.with_name(f"master.key.former-{old.name}")
    assert old.dump() == done.aside.read_bytes()
    assert [0o600] * 2 == [
        path.stat().st_mode & 0o777 for path in (done.aside, settings.master_key.path)
    ]
    assert len(said) >= STEPS
    store = Store.open(url, codec_of(settings))
    kinds = [event.kind for event in store.read(lambda tx: tuple(audit.listed(tx)))]
    assert ["seal.changing", "seal.changed"] == kinds[-2:]
    assert {new.key_id} == set(store.read(resealing.counts))
    store.close()


@pytest.mark.timeout(300)
def test_killed_at_each_boundary_all_opens_and_the_next_run_ends_it(
    site: Installation, dialect: str
) -> None:
    """One rotation after the other, each killed at a later boundary than the one before it.

    The ordinary run takes every eighth boundary on each database, not the same ones on both.
    """
    before = state_of(site)
    boundaries = range(1, STEPS + 20, 1 if SOAK else 4)
    for at in shared_out({str(at): at for at in boundaries}, dialect).values():
        keys_before = held(site.load())
        came = killed(site, at)
        assert before == state_of(site)
        (now, *_) = held(site.load())
        assert now != keys_before[0], "each run begins anew, the one before it has ended"
        if not came:
            break
        if len(held(site.load())) > 1:
            done = rotated(site, only_finish=True)
            assert (True, now.name) == (done.resumed, done.key)
            assert before == state_of(site)
        assert (now,) == held(site.load())
    else:
        pytest.fail("the run has more boundaries than were tried")


def test_killed_again_and_again_it_ends(site: Installation) -> None:
    before = state_of(site)
    for at in (2, 2, 4, 5, 6, 3):
        assert killed(site, at)
        assert before == state_of(site)
    done = rotated(site)
    assert done.resumed
    assert before == state_of(site)
    assert (done.key,) == tuple(key.name for key in held(site.load()))


def test_nothing_is_begun_when_there_is_only_to_finish(site: Installation) -> None:
    before = held(site.load())
    with pytest.raises(Refusal, match="no change of the master key is under way"):
        rotated(site, only_finish=True)
    assert before == held(site.load())


def register(tx: Tx, *, host: str, now: Instant) -> None:
    """Let a process of another host say that it runs."""
    name = processes.Name(host=host, pid=7, version="1", alias="A" * 40)
    processes.register(tx, name=name, roles=[Role.CLOCK], now=now)


def test_nothing_is_sealed_with_a_key_that_a_process_does_not_know(site: Installation) -> None:
    """It is named, nothing is changed, and once it is gone the next run goes on."""
    settings = site.load()
    old = Store.open(settings.database.connection_url(), Codec(held(settings)[0]))
    old.write(partial(register, host="mail2.example.org", now=hands().now()))
    before = state_of(site)
    said: list[str] = []
    with pytest.raises(Refusal, match=r"not known to mail2\.example\.org \(pid 7\)") as caught:
        rotated(site, said.append)
    assert "put the same file of master keys on each host" in caught.value.remedy
    assert any("waiting until these know the key: mail2.example.org" in line for line in said)
    assert before == state_of(site)
    assert held(settings)[1].key_id == old.read(sealing.state).sealing
    gone = later(hands().now(), 61 * SECOND)
    store = Store.open(settings.database.connection_url(), codec_of(settings))
    done = seal_rotation.rotate(settings, store, replace(hands(), now=lambda: gone))
    assert done.resumed
    assert before == state_of(site)
    store.close()
    old.close()


def test_a_process_that_starts_meanwhile_is_asked_in_the_same_commit(site: Installation) -> None:
    """One that comes between the last look and the change is seen by the change."""
    settings = site.load()
    old = Store.open(settings.database.connection_url(), Codec(held(settings)[0]))

    def late(line: str) -> None:
        if line.startswith("every process knows"):
            old.write(partial(register, host="late.example.org", now=hands().now()))

    with pytest.raises(Refusal, match=r"not known to late\.example\.org"):
        rotated(site, late)
    assert old.read(sealing.state).former is None
    old.close()


def test_what_is_written_while_it_runs_is_kept(site: Installation) -> None:
    """At every boundary another process writes: with the keys of that moment, and lastingly."""
    settings = site.load()
    other = Store.open(settings.database.connection_url(), codec_of(settings))
    made: list[bytes] = []

    def write(_line: str) -> None:
        made.append(other.write(samples.issue).id)
        other.write(
            lambda tx: issues.set_owner(tx, issue=samples_row(tx), owner=f"{len(made)}", now=NOW)
        )

    rotated(site, write)
    settings = site.load()
    (new,) = held(settings)
    store = Store.open(settings.database.connection_url(), Codec(new))
    assert set(made) <= {row.id for row in store.read(issues.list_all)}
    assert f"{len(made)}" == store.read(lambda tx: issues.by_row(tx, samples_row(tx))).owner
    assert {new.key_id} == set(store.read(resealing.counts))
    store.close()
    other.close()


def samples_row(tx: Tx) -> RowId:
    """Return the issue that was there first."""
    query = select(table.c.id).order_by(table.c.number).limit(1)
    return RowId(tx.connection.scalars(query).one())
