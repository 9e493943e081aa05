"""`gatekeeper db`: tables made once, a database that does not fit refused in one sentence."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.witness import WitnessWatch
from gatekeeper.start import open_store
from gatekeeper.store import frozen, schema
from gatekeeper.store.seal import MasterKey
from tests.cli.conftest import Shell
from tests.house import START
from tests.store.test_heads import append


def _change(shell: Shell, statement: str) -> None:
    path = shell.site.folder / "state" / "gatekeeper.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_from_empty_to_current(shell: Shell) -> None:
    found = shell("db", "status", "--json").json
    assert ("empty", None) == (found["state"], found["current"])
    assert "current  none" in shell("db", "status").out
    assert not (shell.site.folder / "state" / "gatekeeper.sqlite").exists()
    said = shell("db", "upgrade")
    assert 0 == said.status
    assert "state    current" in said.out
    again = shell("db", "upgrade", "--json").json
    assert "current" == again["state"]
    assert again["head"] == again["current"]


@pytest.mark.parametrize(
    "command",
    [
        ("issue", "list"),
        ("issue", "show", "SEC-2026-0001"),
        ("delivery", "list"),
        ("delivery", "retry", "aaaaaaaa"),
    ],
    ids=" ".join,
)
def test_without_tables_commands_say_what_to_do(command: tuple[str, ...], shell: Shell) -> None:
    said = shell(*command)
    assert (2, "") == (said.status, said.out)
    assert "gatekeeper db upgrade" in said.err


@pytest.fixture
def lost(shell: Shell) -> Iterator[Path]:
    """Take away a database that this host has seen, and lend the place where it lies now."""
    settings = shell.site.load()
    schema.upgrade(settings.database.url, codec_of(settings))
    with open_store(settings) as opened:
        opened.write(append)
        WitnessWatch(settings=settings, store=opened, now=lambda: START).tick()
    aside = settings.state_folder / "aside"
    (settings.state_folder / "gatekeeper.sqlite").rename(aside)
    yield aside
    assert aside.exists()


@pytest.mark.parametrize("command", [("issue", "list"), ("audit", "verify")], ids=" ".join)
def test_a_database_that_this_host_has_seen_is_said_to_be_missing(
    command: tuple[str, ...], lost: Path, shell: Shell
) -> None:
    """Nobody is told to make a new one, in which nothing of it would be."""
    said = shell(*command)
    assert (75, "") == (said.status, said.out)
    assert "this host has seen a database here, up to entry 1 of its event log" in said.err
    assert "db upgrade" not in said.err
    said = shell("db", "status")
    assert (1, True) == (said.status, "and it is missing: put it back" in said.out)
    assert "it is missing" in shell("db", "status", "--json").json["missing"]
    found = {one["name"]: one for one in shell("doctor", "--json").json["findings"]}["database"]
    assert ("fail", True) == (found["state"], "it is missing" in found["text"])
    assert "is its volume mounted?" in found["remedy"]


def test_a_new_one_in_place_of_one_that_is_missing_is_frozen(lost: Path, shell: Shell) -> None:
    said = shell("db", "upgrade")
    assert (0, True) == (said.status, "this new one is frozen" in said.out)
    assert "entry 1 is missing" in shell("audit", "frozen").out
    settings = shell.site.load()
    with open_store(settings) as opened:
        WitnessWatch(settings=settings, store=opened, now=lambda: START).tick()
        found = opened.read(frozen.of)
        assert found is not None
        assert [1] == [head.seq for head in found.witnesses]
    assert shell("db", "upgrade", "--json").json["missing"] is None


def test_the_one_that_was_missing_is_right_when_it_is_put_back(lost: Path, shell: Shell) -> None:
    """Where no service ran on the new one."""
    shell("db", "upgrade")
    shutil.copy(lost, lost.with_name("gatekeeper.sqlite"))
    assert 0 == shell("audit", "verify").status
    settings = shell.site.load()
    with open_store(settings) as opened:
        assert 0 == WitnessWatch(settings=settings, store=opened, now=lambda: START).tick()


@pytest.mark.parametrize("command", [("db", "upgrade"), ("issue", "list")], ids=str)
def test_a_newer_database_is_refused(command: tuple[str, ...], shell: Shell) -> None:
    shell("db", "upgrade")
    _change(shell, "UPDATE alembic_version SET version_num = '9999'")
    said = shell(*command)
    assert (2, "") == (said.status, said.out)
    assert "newer than this program" in said.err
    assert 1 == said.err.count("\n")
    assert "newer" == shell("db", "status", "--json").json["state"]


@pytest.mark.parametrize("command", [("db", "upgrade"), ("issue", "list")], ids=str)
def test_another_master_key_is_refused(command: tuple[str, ...], shell: Shell) -> None:
    shell("db", "upgrade")
    (shell.site.folder / "master.key").write_bytes(MasterKey.of(b"m" * 32).dump())
    said = shell(*command)
    assert (2, "") == (said.status, said.out)
    assert "the master key is not the one of this database" in said.err


def test_a_database_that_is_none_is_one_sentence(shell: Shell) -> None:
    path = shell.site.folder / "state" / "gatekeeper.sqlite"
    path.write_bytes(b"this is no database, but long enough to be looked at" * 100)
    path.chmod(0o600)
    said = shell("issue", "list")
    assert said.status in {2, 75}
    assert 1 == said.err.count("\n")
    assert "Traceback" not in said.err
