"""A new master key where something is wrong: lines swapped or cut, copies, damaged values."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from gatekeeper.config import master_keys
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.master_keys import held
from gatekeeper.domain.errors import Misconfigured, Refusal
from gatekeeper.store.engine import Store
from gatekeeper.store.masterkey import MasterKey, dump_all
from gatekeeper.store.tables import issues as table
from gatekeeper.store.tx import Tx
from tests.config.installation import Installation, installation
from tests.config.sealing import (
    full_site,
    killed,
    replace_key,
    rotated,
    state_of,
    url_of,
    with_store,
)


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """A configuration and a full database."""
    with full_site(tmp_path, database_url) as made:
        yield made


def test_with_a_damaged_value_both_keys_stay(site: Installation) -> None:
    def damage(tx: Tx) -> None:
        value = tx.connection.scalars(select(table.c.subject)).one()
        changed = value[:-1] + bytes([value[-1] ^ 1])
        tx.connection.execute(update(table).values(subject=changed))

    with_store(site.load(), lambda store: store.write(damage))
    with pytest.raises(Refusal, match=r"1 values are sealed with the old key still: issues\.subj"):
        rotated(site)
    assert 2 == len(held(site.load()))
    with pytest.raises(Refusal, match=r"issues\.subject"):
        rotated(site)


def test_lines_that_were_swapped_do_no_harm(site: Installation) -> None:
    """The database says which key seals; a key that was replaced is never taken up again."""
    before = state_of(site)
    path = site.folder / "master.key"
    done = rotated(site)
    assert done.aside is not None
    (old,), (new,) = held(replace_key(site, done.aside)), held(site.load())
    path.write_bytes(dump_all((old, new)))
    assert before == state_of(site)
    again = rotated(site)
    assert ((new.name, old.name), False) == (again.former, again.resumed)
    (newest,) = held(site.load())
    assert newest not in {old, new}
    assert before == state_of(site)


def test_lines_that_were_swapped_before_the_change_do_no_harm(site: Installation) -> None:
    before = state_of(site)
    assert killed(site, 1)
    new, old = held(site.load())
    (site.folder / "master.key").write_bytes(dump_all((old, new)))
    assert before == state_of(site)
    done = rotated(site)
    assert (new.name, (old.name,), True) == (done.key, done.former, done.resumed)
    assert before == state_of(site)


def test_a_file_that_lost_a_line_is_refused_and_nothing_is_changed(site: Installation) -> None:
    """While both keys open something; each line alone, and a line cut short."""
    path = site.folder / "master.key"
    assert killed(site, 6)
    before = state_of(site)
    whole = path.read_bytes()
    new, old = held(site.load())
    for text in (new.dump(), old.dump(), MasterKey.generate().dump()):
        path.write_bytes(text)
        settings = site.load()
        with pytest.raises(Misconfigured, match="the master key"):
            Store.open(settings.database.connection_url(), codec_of(settings))
    path.write_bytes(whole[:-20])
    with pytest.raises(Misconfigured, match="cannot be read"):
        codec_of(site.load())
    path.write_bytes(whole)
    assert before == state_of(site)
    rotated(site, only_finish=True)


def test_a_file_that_others_may_read_is_refused(site: Installation) -> None:
    assert killed(site, 1)
    (site.folder / "master.key").chmod(0o644)
    (problem,) = [one for one in site.problems() if "others may read it" in str(one)]
    assert "master_key.file" in str(problem)


def test_a_second_host_ends_it_for_itself(site: Installation, tmp_path: Path) -> None:
    """It has a configuration of its own, with the same file of keys, and its own wrapped files."""
    assert killed(site, 1)
    with installation(tmp_path / "second") as second:
        for name in ("gatekeeper.yaml", "master.key"):
            (second.folder / name).write_bytes((site.folder / name).read_bytes())
        for path in sorted((site.folder / "alias").rglob("*")):
            place = second.folder / path.relative_to(site.folder)
            if path.is_dir():
                place.mkdir(exist_ok=True)
            else:
                place.touch(mode=0o600)
                place.write_bytes(path.read_bytes())
        url = url_of(site)
        if url.startswith("sqlite"):
            second.replace("gatekeeper.yaml", "url: sqlite:gatekeeper.sqlite", f"url: {url}")
        before = state_of(second)
        first = rotated(site)
        assert before == state_of(second)
        done = rotated(second, only_finish=True, discard=True)
        assert (first.key, first.former, 0, 2, None) == (
            done.key,
            done.former,
            done.values,
            done.files,
            done.aside,
        )
        assert before == state_of(second)


def test_the_old_key_is_put_where_the_person_wants(site: Installation, tmp_path: Path) -> None:
    place = tmp_path / "safe" / "old.key"
    place.parent.mkdir()
    (old,) = held(site.load())
    done = rotated(site, aside=place)
    assert (place, old.dump()) == (done.aside, place.read_bytes())
    assert [] == sorted(site.folder.glob("master.key.*"))


def test_a_key_that_is_a_copy_is_not_changed(site: Installation, tmp_path: Path) -> None:
    """As a systemd credential is: what is changed there changes nothing."""
    copy = tmp_path / "credentials" / "master-key"
    copy.parent.mkdir()
    copy.write_bytes((site.folder / "master.key").read_bytes())
    copy.parent.chmod(0o555)
    settings = replace_key(site, copy)
    child = os.fork()
    if child == 0:
        refused = ""
        try:
            if os.getuid() == 0:
                os.setuid(65534)  # root may write everywhere
            master_keys.require_changeable(settings)
        except Refusal as error:
            refused = error.diagnostics()
        finally:
            os._exit(0 if "CREDENTIALS_DIRECTORY set to the folder" in refused else 1)
    assert 0 == os.waitpid(child, 0)[1]
    copy.parent.chmod(0o755)


def test_while_the_alias_gets_a_new_key_nothing_is_begun(site: Installation) -> None:
    (site.folder / "alias" / ".rotation").mkdir()
    with pytest.raises(Refusal, match="the alias's key is being replaced"):
        rotated(site)
    assert 1 == len(held(site.load()))
