"""`gatekeeper backup create`: one sealed file while it runs, for the recovery keys alone."""

import fcntl
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.config import load
from gatekeeper.config.replacing import changing
from gatekeeper.domain.errors import Refusal
from gatekeeper.store import audit, messages
from gatekeeper.store.engine import Store
from tests.canaries import leaks
from tests.cli.conftest import REPORT, Shell
from tests.cli.keeping import OTHER, RECOVERY, Keeper, keeping, made, messages_of, opened, trust
from tests.config.installation import armored
from tests.house import open_house
from tests.keys import gpg, key_of


@pytest.fixture
def keeper(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    """Lend the installation, and a person with a recovery key of it."""
    with keeping(shell, tmp_path, monkeypatch) as lent:
        yield lent


def test_nothing_of_a_report_or_a_key_is_in_clear_in_it(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    raw = made(keeper.shell, tmp_path / "b.gpg").read_bytes()
    assert reported.dialect == "sqlite"
    master = keeper.shell.site.load().master_key.read().split()[2].decode()
    assert [] == leaks(raw, ["Crash in the frame parser", "robin@research.example", master])
    assert b"gatekeeper.yaml" not in raw
    assert [file for file in tmp_path.iterdir() if file.is_file()] == [tmp_path / "b.gpg"]


def test_a_backup_is_made_while_others_write(keeper: Keeper, store: Store, tmp_path: Path) -> None:
    """Messages come in all the time; the copy has as many as the log of then says."""
    with open_house(store) as house:
        for number in range(5):
            house.receive(REPORT.replace(b"<first@", f"<{number}@".encode()))
        house.settle()
        file = made(keeper.shell, tmp_path / "b.gpg")
        house.receive(REPORT.replace(b"<first@", b"<later@"))
        house.settle()
    assert 0 == keeper.restore(file).status
    copy = opened(keeper.settings)
    assert 5 == len(copy.read(messages_of))
    assert "backup.created" in [row.kind for row in copy.read(audit.listed)]
    assert () == copy.read(audit.verify)
    copy.close()


@pytest.mark.parametrize("held", [fcntl.LOCK_EX, fcntl.LOCK_SH])
def test_none_is_made_while_a_command_changes_keys(
    held: int, keeper: Keeper, store: Store, tmp_path: Path
) -> None:
    """The key file and what it opens would be of two times; another backup is no hindrance."""
    handle = os.open(keeper.shell.site.folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, held)
        said = keeper.shell("backup", "create", str(tmp_path / "b.gpg"))
    finally:
        os.close(handle)
    refused = held == fcntl.LOCK_EX
    assert refused == ("another command is changing keys" in said.err)
    assert (int(refused), not refused) == (said.status, (tmp_path / "b.gpg").exists())
    kinds = [row.kind for row in store.read(audit.listed)]
    assert refused == ("backup.created" not in kinds)


def test_no_key_is_changed_while_one_is_made(keeper: Keeper, store: Store, tmp_path: Path) -> None:
    """Asked when the first row of it is written."""
    said: list[str] = []
    folder = keeper.shell.site.folder

    def told(_rows: int) -> None:
        with pytest.raises(Refusal, match="or making a backup") as caught, changing(folder):
            raise AssertionError
        said.append(caught.value.public)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gatekeeper.cli.backup._counting", lambda _what: told)
        assert 0 == keeper.shell("backup", "create", str(tmp_path / "b.gpg")).status
    assert said
    assert "backup.created" in [row.kind for row in store.read(audit.listed)]


def test_without_a_recovery_key_there_is_none(shell: Shell, store: Store, tmp_path: Path) -> None:
    said = shell("backup", "create", str(tmp_path / "b.gpg"))
    assert 2 == said.status
    assert "no recovery key" in said.err
    assert not (tmp_path / "b.gpg").exists()
    assert () == store.read(audit.listed)


def test_a_key_of_no_use_is_told_and_refused_when_there_is_no_other(
    shell: Shell, store: Store, tmp_path: Path
) -> None:
    """One of the files holds another key."""
    trust(shell.site, key_of(RECOVERY), key_of(OTHER))
    wrong = shell.site.folder / "recovery" / f"{key_of(OTHER).fingerprint}.asc"
    wrong.write_bytes(armored(key_of("Somebody <somebody@else.example>")))
    said = shell("backup", "create", str(tmp_path / "b.gpg"))
    assert 0 == said.status
    assert f"NOT for {key_of(OTHER).fingerprint}" in said.err
    right = shell.site.folder / "recovery" / f"{key_of(RECOVERY).fingerprint}.asc"
    right.write_bytes(wrong.read_bytes())
    said = shell("backup", "create", str(tmp_path / "c.gpg"))
    assert 1 == said.status
    assert "no recovery key can be used" in said.err
    assert not (tmp_path / "c.gpg").exists()
    assert store.dialect == "sqlite"


def test_a_place_that_is_taken_or_inside_is_refused(
    keeper: Keeper, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("something")
    inside = keeper.shell.site.folder / "b.gpg"
    for place, status in ((tmp_path / "taken", 2), (tmp_path / "no" / "b", 2), (inside, 1)):
        assert status == keeper.shell("backup", "create", str(place)).status
    assert "something" == (tmp_path / "taken").read_text()
    assert () == store.read(audit.listed)


def test_the_archive_is_the_documented_one(keeper: Keeper, reported: Store, tmp_path: Path) -> None:
    """A tar stream, its members in order, that another program reads."""
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    inner = gpg(keeper.home, "--decrypt", str(file))
    with tarfile.open(fileobj=io.BytesIO(inner)) as tar:
        names = tar.getnames()
        manifest = tar.extractfile("manifest.json")
        end = tar.extractfile("end.json")
        assert manifest is not None
        assert end is not None
        said, counted = json.load(manifest), json.load(end)
    assert ["manifest.json", "end.json"] == [names[0], names[-1]]
    assert {"config/gatekeeper.yaml", "config/master.key", "witness"} <= set(names)
    assert not any("state" in name or "witness/" in name for name in names)
    assert ("gatekeeper-backup-1", "config/master.key") == (said["format"], said["master_key"])
    assert 1 == counted["rows"]["issues"]


def test_a_master_key_that_was_replaced_is_not_carried_on(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    """Whatever it is called; what is restored opens without it, and knows the key of now."""
    assert reported.dialect == "sqlite"
    folder = keeper.shell.site.folder
    stolen = (folder / "master.key").read_bytes()
    assert 0 == keeper.shell("db", "seal", "rotate").status
    assert 0 == keeper.shell("db", "seal", "rotate", "--old-key", str(folder / "old")).status
    assert 1 == len(list(folder.glob("master.key.former-*")))
    inner = gpg(keeper.home, "--decrypt", str(made(keeper.shell, tmp_path / "b.gpg")))
    with tarfile.open(fileobj=io.BytesIO(inner)) as tar:
        names = tar.getnames()
    assert ["config/master.key"] == [name for name in names if "master.key" in name]
    assert "config/old" not in names
    assert stolen.split()[2] not in inner
    assert 0 == keeper.restore(tmp_path / "b.gpg").status
    copy = opened(keeper.settings)
    (row,) = copy.read(messages_of)
    assert REPORT == copy.read(lambda tx: messages.load(tx, row.id)).raw
    copy.close()


def test_a_large_database_needs_little_memory(keeper: Keeper, store: Store, tmp_path: Path) -> None:
    """48 MB of messages; create and restore each stay far below that on top of themselves."""
    raw = os.urandom(3 << 20)
    with open_house(store) as house:
        for number in range(16):
            house.receive(REPORT + f"{number}\r\n".encode() + raw.hex().encode()[: 3 << 20])
    file = tmp_path / "b.gpg"
    small = peak(keeper, "version")
    create = peak(keeper, "--config", str(keeper.shell.site.folder), "backup", "create", str(file))
    into = str(keeper.place / "back")
    back = peak(keeper, "backup", "restore", str(file), "--into", into)
    assert 40 << 20 < size(load(keeper.shell.site.folder).database.url)
    assert create < small + (90 << 20)
    assert back < small + (90 << 20)


def size(url: str) -> int:
    """Return how many bytes the pages of a SQLite database hold."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(page)


def peak(keeper: Keeper, *arguments: str) -> int:
    """Run a command and return the most memory that it had at once, in bytes."""
    code = (
        "import resource, sys; from gatekeeper.__main__ import main; status = main(sys.argv[1:]);"
        " print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr);"
        " sys.exit(status)"
    )
    environ = {**os.environ, **keeper.shell.site.environ, "GNUPGHOME": str(keeper.home)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=False, env=environ
    )
    assert 0 == done.returncode, done.stderr.decode()
    return int(done.stderr.split()[-1])
