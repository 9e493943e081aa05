"""A change of the master key has begun only when the database says so; else a new key is made."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from gatekeeper.config.master_keys import held, wrapped
from gatekeeper.domain.errors import Refusal
from gatekeeper.store import sealing
from gatekeeper.store.masterkey import KEYS_MAX, MasterKey, dump_all, load_all
from gatekeeper.store.seal import key_id_of
from gatekeeper.store.tables import meta
from gatekeeper.store.tx import Tx
from tests.config.installation import Installation
from tests.config.sealing import full_site, killed, rotated, state_of, with_store


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """A configuration and a full database."""
    with full_site(tmp_path, database_url) as made:
        yield made


def put_keys(site: Installation, *keys: MasterKey) -> None:
    """Write the file of keys, as a person would."""
    (site.folder / "master.key").write_bytes(dump_all(keys))


def state(site: Installation) -> sealing.KeyState:
    """Return which keys the database names."""
    found: list[sealing.KeyState] = []
    with_store(site.load(), lambda store: found.append(store.read(sealing.state)))
    return found[0]


def test_an_old_line_that_was_put_back_does_not_make_a_run_begun(site: Installation) -> None:
    """As one does to read an old backup: the key in use is replaced all the same."""
    (old,) = held(site.load())
    rotated(site)
    (used,) = held(site.load())
    put_keys(site, used, old)
    before = state_of(site)
    done = rotated(site)
    assert before == state_of(site)
    assert not done.resumed
    assert {used.name, old.name} == set(done.former)
    (new,) = held(site.load())
    assert (new.name, new.key_id) == (done.key, state(site).sealing)
    assert new not in {old, used}
    assert done.values > 0
    assert done.aside is not None
    assert (used, old) == load_all(done.aside.read_bytes())
    assert {new.key_id} == {key_id_of(file.read()) for file in wrapped(site.load()).values()}


def test_finish_alone_takes_such_a_line_out_and_makes_no_key(site: Installation) -> None:
    (old,) = held(site.load())
    rotated(site)
    (used,) = held(site.load())
    put_keys(site, used, old)
    done = rotated(site, only_finish=True)
    assert (used.name, (old.name,), 0) == (done.key, done.former, done.values)
    assert (used,) == held(site.load())


def test_an_older_database_gets_a_key_made_now_not_the_one_in_front(site: Installation) -> None:
    """Restored by hand, it knows nothing of the key that followed, which somebody may have."""
    (old,) = held(site.load())
    stolen = old.successor()
    put_keys(site, stolen, old)
    before = state_of(site)
    with pytest.raises(Refusal, match="no change of the master key is under way"):
        rotated(site, only_finish=True)
    done = rotated(site)
    assert (False, {stolen.name, old.name}) == (done.resumed, set(done.former))
    (new,) = held(site.load())
    assert new.key_id == state(site).sealing
    assert new not in {old, stolen}
    assert before == state_of(site)


def test_what_was_begun_with_one_key_does_not_take_up_another(site: Installation) -> None:
    """The key that a killed run made is known by its id, not by its place in the file."""
    assert killed(site, 1)
    begun, old = held(site.load())
    assert begun.key_id == state(site).begun
    put_keys(site, old.successor(), old)
    done = rotated(site)
    assert not done.resumed
    assert begun.name != done.key
    assert state(site).begun is None


def test_a_file_without_room_is_refused_before_anything_begins(site: Installation) -> None:
    (old,) = held(site.load())
    put_keys(site, old, *(old.successor() for _ in range(KEYS_MAX - 1)))
    before = held(site.load())
    with pytest.raises(Refusal, match="room for no new key"):
        rotated(site)
    assert (before, None) == (held(site.load()), state(site).begun)


def test_files_that_a_replaced_key_wraps_are_finished_first(site: Installation) -> None:
    """As on another host, after the first has ended: a new key would not be known there."""
    files = {file.path: file.read() for file in wrapped(site.load()).values()}
    (old,) = held(site.load())
    rotated(site)
    (used,) = held(site.load())
    put_keys(site, used, old)
    for path, content in files.items():
        path.write_bytes(content)
    with pytest.raises(Refusal, match="wrapped with a key that was replaced") as caught:
        rotated(site)
    assert "--finish" in caught.value.remedy
    assert (used, old) == held(site.load())
    assert len(files) == rotated(site, only_finish=True).files
    assert not rotated(site).resumed


def test_a_note_put_back_by_hand_does_not_take_up_a_replaced_key(site: Installation) -> None:
    """The note of a run that ended long ago, of a key that is retired since."""
    assert killed(site, 1)
    notes: list[bytes] = []

    def keep(tx: Tx) -> None:
        query = select(meta.c.value).where(meta.c.name == sealing.BEGUN)
        notes.extend(tx.connection.scalars(query))

    def put_back(tx: Tx) -> None:
        tx.connection.execute(delete(meta).where(meta.c.name == sealing.BEGUN))
        tx.connection.execute(insert(meta).values(name=sealing.BEGUN, value=notes[0]))

    with_store(site.load(), lambda store: store.read(keep))
    first, old = held(site.load())
    rotated(site)
    rotated(site)
    (used,) = held(site.load())
    put_keys(site, used, first, old)
    with_store(site.load(), lambda store: store.write(put_back))
    done = rotated(site)
    assert not done.resumed
    assert done.key not in {used.name, first.name, old.name}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere/old.key", "nowhere is no folder"),
        ("there", "is there already"),
        ("conf", "is there already"),
    ],
)
def test_a_place_that_cannot_be_used_is_told_before_anything_begins(
    place: str, said: str, site: Installation, tmp_path: Path
) -> None:
    (tmp_path / "there").write_bytes(b"something else")
    (tmp_path / "conf").mkdir(exist_ok=True)
    refused_early(site, tmp_path / place, said)


def test_the_state_folder_and_the_file_itself_are_told_before_anything_begins(
    site: Installation,
) -> None:
    settings = site.load()
    refused_early(site, settings.state_folder / "old.key", "lies in the state folder")
    refused_early(site, settings.master_key.path, "is the file of the keys in use")


def refused_early(site: Installation, place: Path, said: str) -> None:
    """Show that a place for the old key is refused with nothing changed."""
    before, files = held(site.load()), sorted(site.folder.rglob("*"))
    with pytest.raises(Refusal, match=said):
        rotated(site, aside=place)
    now = state(site)
    assert (before, None, None) == (held(site.load()), now.begun, now.former)
    assert before[0].key_id == now.sealing
    assert files == sorted(site.folder.rglob("*"))
