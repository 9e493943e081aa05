"""`gatekeeper db`: tables made once, a database that does not fit refused in one sentence."""

import sqlite3

import pytest

from gatekeeper.store.seal import MasterKey
from tests.cli.conftest import Shell


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
