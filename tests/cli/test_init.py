"""`gatekeeper init` from the command line: what it makes, what it says, what comes next."""

from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.config.installation import armored
from tests.house import PEOPLE, person_key

ARGUMENTS = ("--domain", "example.org", "--prefix", "SEC")


@pytest.fixture
def people(tmp_path: Path) -> list[str]:
    """Return the arguments that name PEOPLE, the first with an employer."""
    found = []
    for index, (name, address) in enumerate(PEOPLE):
        (tmp_path / f"{index}.asc").write_bytes(armored(person_key(index)))
        employer = "=Example GmbH" if index == 0 else ""
        found += ["--team", f"{name}={address}={tmp_path / f'{index}.asc'}{employer}"]
    return found


def test_it_says_what_to_do_next(shell: Shell, tmp_path: Path) -> None:
    """Each step can be typed; without a team, check says that it is empty and what to do."""
    made = tmp_path / "new"
    said = shell.bare("init", str(made), *ARGUMENTS)
    assert (0, "") == (said.status, said.err)
    for words in (
        "master.key",
        "alias/revocation.asc",
        "team.yaml",
        "check",
        "serve",
        "key publish",
    ):
        assert words in said.out
    checked = shell.bare("--config", str(made), "check")
    assert (2, "") == (checked.status, checked.out)
    assert checked.err.startswith("team.yaml:17:1: people: the team is empty")
    served = shell.bare("--config", str(made), "serve")
    assert (2, checked.err) == (served.status, served.err)


def test_with_a_team_it_is_sound(shell: Shell, tmp_path: Path, people: list[str]) -> None:
    made = tmp_path / "new"
    said = shell.bare(
        "init",
        str(made),
        *ARGUMENTS,
        "--name",
        "Example",
        "--listen",
        "127.0.0.1:8025",
        "--relay",
        "[::1]:8026",
        "--database",
        "sqlite:gk.db",
        *people,
        "--json",
    )
    assert 0 == said.status
    assert str(made) == said.json["folder"]
    assert "security@example.org" == said.json["address"]
    for name in ("certificate", "revocation", "master_key"):
        assert Path(said.json[name]).is_file()
    checked = shell.bare("--config", str(made), "check")
    assert 0 == checked.status
    assert f"{made} is sound: security@example.org, 3 people, 3 keys\n" == checked.out
    text = (made / "gatekeeper.yaml").read_text()
    assert "host: ::1" in text or 'host: "::1"' in text
    team = (made / "team.yaml").read_text()
    assert ["Example GmbH", "team.example", "vendor.example"] == [
        line.partition("employer: ")[2]
        for line in team.splitlines()
        if "    employer:" in line[:13]
    ]


def test_it_refuses_what_is_there(shell: Shell) -> None:
    said = shell.bare("init", str(shell.site.folder), *ARGUMENTS)
    assert (2, "") == (said.status, said.out)
    assert "is not empty: choose another place" in said.err


def test_it_tells_all_bad_values(shell: Shell, tmp_path: Path) -> None:
    said = shell.bare("init", str(tmp_path / "new"), "--domain", "a b", "--prefix", "sec")
    assert 2 == said.status
    assert 2 == said.err.count("gatekeeper init: ")
    assert not (tmp_path / "new").exists()


def test_on_a_machine_without_memory_it_says_so(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened secrets on a disk only with --allow-disk, which the configuration then says."""
    disk = Path("/var/tmp")  # noqa: S108 - a disk is what is wanted
    folder = disk / f"gk-{tmp_path.name}"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    try:
        said = shell.bare("init", str(tmp_path / "new"), *ARGUMENTS)
        assert 2 == said.status
        assert "lies on a disk" in said.err
        assert "--allow-disk" in said.err
        said = shell.bare("init", str(tmp_path / "new"), *ARGUMENTS, "--allow-disk")
        assert 0 == said.status
        assert "allow_disk: true" in (tmp_path / "new" / "gatekeeper.yaml").read_text()
    finally:
        folder.rmdir()
