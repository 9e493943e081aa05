"""`gatekeeper backup restore`: everything back on an empty host, frozen, or nothing at all."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.store import audit, deliveries, frozen, messages, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState
from tests.cli.conftest import REPORT, Shell
from tests.cli.keeping import (
    OTHER,
    RECOVERY,
    Keeper,
    keeping,
    made,
    messages_of,
    opened,
    rows,
    schema_tables,
)
from tests.house import open_house
from tests.keys import gpg, key_of, short_home


@pytest.fixture
def keeper(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    """Lend the installation, and a person with a recovery key of it."""
    with keeping(shell, tmp_path, monkeypatch) as lent:
        yield lent


def test_everything_comes_back_frozen(keeper: Keeper, reported: Store, tmp_path: Path) -> None:
    """Each row as it lay but for what the freeze does, each file, the keys; all of it opens."""
    said = keeper.shell("backup", "create", str(tmp_path / "b.gpg"), "--json")
    assert 0 == said.status
    file = tmp_path / "b.gpg"
    assert [key_of(RECOVERY).fingerprint] == said.json["recipients"]
    assert file.stat().st_size == said.json["bytes"]
    assert 0o600 == file.stat().st_mode & 0o777
    back = keeper.restore(file)
    assert 0 == back.status, back.err
    assert keeper.shell.site.load().alias.fingerprint in back.out
    settings = keeper.settings.load()
    before = keeper.shell.site.load()
    assert before.team == settings.team
    assert before.master_key.read() == settings.master_key.read()
    assert 0o600 == settings.master_key.path.stat().st_mode & 0o777
    copy = opened(keeper.settings)
    for name, table in schema_tables().items():
        if name not in {"meta", "events", "counters", "deliveries", "delivery_chunks"}:
            assert rows(reported, table) == rows(copy, table), name
    known = rows(reported, schema_tables()["events"])
    assert known == rows(copy, schema_tables()["events"])[: len(known)]
    assert copy.read(frozen.of) is not None
    assert () == copy.read(audit.verify)
    (row,) = copy.read(lambda tx: [one.id for one in messages_of(tx)])
    assert REPORT == copy.read(lambda tx: messages.load(tx, row)).raw
    copy.close()
    assert 0 == keeper.shell.bare("--config", str(keeper.place / "back"), "check").status


def test_what_was_sent_after_the_backup_does_not_go_out_again(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    """Sealed when it was made, sent since; the copy holds it back until a person wants it."""
    file = made(keeper.shell, tmp_path / "b.gpg")
    with open_house(reported) as house:
        sent = house.collect()
    assert 3 <= len(sent)
    assert 0 == keeper.restore(file).status
    copy = opened(keeper.settings)
    with open_house(copy) as house:
        house.settle()
        assert [] == house.collect()
        house.store.write(frozen.thaw)
        assert [] == house.collect()
        states = {row.state for row in copy.read(deliveries.list_all)}
        assert {DeliveryState.BLOCKED} == states
    copy.close()


@pytest.mark.parametrize("cut", [0, 10, 1000, -1000, -1])
def test_a_file_that_is_cut_off_or_changed_leaves_nothing(
    cut: int, keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    raw = made(keeper.shell, tmp_path / "b.gpg").read_bytes()
    assert reported.dialect == "sqlite"
    bad = tmp_path / "bad.gpg"
    flipped = raw[:5000] + bytes([raw[5000] ^ 1]) + raw[5001:]
    for content in (raw[:cut], flipped):
        bad.write_bytes(content)
        said = keeper.restore(bad)
        assert 1 == said.status, said.err
        assert "Traceback" not in said.err
        assert [] == list(keeper.place.iterdir())


def test_a_file_that_is_no_backup_is_said_to_be_none(keeper: Keeper, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    for content in (b"", b"hello", armor(Kind.PUBLIC_KEY, key_of(OTHER).public)):
        bad.write_bytes(content)
        said = keeper.restore(bad)
        assert 1 == said.status
        assert [] == list(keeper.place.iterdir())
    assert 2 == keeper.restore(tmp_path / "none").status


def test_without_the_recovery_key_or_the_alias_certificate_it_says_what_lacks(
    keeper: Keeper, reported: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    with short_home() as home:
        monkeypatch.setenv("GNUPGHOME", str(home))
        said = keeper.restore(file)
        assert (1, True) == (said.status, "GNUPGHOME" in said.err)
        gpg(home, "--import", given=key_of(RECOVERY).secret)
        said = keeper.restore(file)
        assert (1, True) == (said.status, "certificate of the security alias" in said.err)
    assert [] == list(keeper.place.iterdir())


def test_a_forged_backup_is_not_taken_for_ours(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    """Whoever has the recovery certificate can encrypt to it, but not sign as the alias."""
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    inner = gpg(keeper.home, "--decrypt", str(file))
    forger = key_of("Forger <forger@evil.example>")
    gpg(keeper.home, "--import", given=forger.secret)
    to = ("--recipient", key_of(RECOVERY).fingerprint)
    unsigned = gpg(keeper.home, *to, "--encrypt", given=inner)
    signed = gpg(
        keeper.home, *to, "--local-user", forger.fingerprint, "--sign", "--encrypt", given=inner
    )
    file.write_bytes(unsigned)
    said = keeper.restore(file)
    assert (1, True) == (said.status, "not signed" in said.err)
    file.write_bytes(signed)
    said = keeper.restore(file, "--signer", keeper.shell.site.load().alias.fingerprint)
    assert (1, True) == (said.status, "not by the key that you named" in said.err)
    assert [] == list(keeper.place.iterdir())
    said = keeper.restore(file)
    assert f"signed by {forger.fingerprint}" in said.out, "for whoever did not name it"


def test_one_that_was_opened_elsewhere_comes_by_standard_input(
    keeper: Keeper, reported: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    inner = gpg(keeper.home, "--decrypt", str(file))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(inner)))
    said = keeper.restore("-")
    assert 0 == said.status, said.err
    assert "was not checked" in said.out


def test_a_master_key_from_elsewhere_comes_back_inside(
    keeper: Keeper, store: Store, tmp_path: Path
) -> None:
    """A systemd credential, or a file on another volume."""
    site = keeper.shell.site
    (site.folder / "master.key").rename(tmp_path / "elsewhere.key")
    site.replace("gatekeeper.yaml", "file: master.key", f"file: {tmp_path / 'elsewhere.key'}")
    with open_house(store) as house:
        house.receive(REPORT)
    file = made(keeper.shell, tmp_path / "b.gpg")
    (tmp_path / "elsewhere.key").unlink()
    assert 0 == keeper.restore(file).status
    settings = keeper.settings.load()
    assert keeper.place / "back" / "master.key" == settings.master_key.path
    copy = opened(keeper.settings)
    assert 1 == len(copy.read(messages_of))
    copy.close()


def test_all_lines_of_a_master_key_that_is_being_replaced_come_back(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    assert reported.dialect == "sqlite"
    assert 0 == keeper.shell("db", "seal", "rotate").status
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert 0 == keeper.restore(file).status
    copy = opened(keeper.settings)
    assert () == copy.read(audit.verify)
    (row,) = copy.read(messages_of)
    assert REPORT == copy.read(lambda tx: messages.load(tx, row.id)).raw
    copy.close()


def test_it_goes_into_another_database_and_state_folder(
    keeper: Keeper, reported: Store, tmp_path: Path, database_url: str
) -> None:
    """From SQLite to a file elsewhere, or to PostgreSQL."""
    assert reported.dialect == "sqlite"
    file = made(keeper.shell, tmp_path / "b.gpg")
    state = keeper.place / "state"
    url = database_url.replace("postgres:@", "postgres@")
    if database_url.startswith("sqlite"):
        url = "sqlite:other.sqlite"
    said = keeper.restore(file, "--database", url, "--state", str(state))
    assert 0 == said.status, said.err
    settings = keeper.settings.load()
    assert state == settings.state_folder
    copy = opened(keeper.settings)
    assert 1 == len(copy.read(messages_of))
    assert copy.read(frozen.of) is not None
    copy.close()
    again = keeper.restore(file, "--database", url, "--state", str(state), into="again")
    assert (2, True) == (again.status, "not empty" in again.err)
    assert not (keeper.place / "again").exists()
    assert SchemaState.CURRENT is schema.status(settings.database.connection_url()).state


def test_a_database_that_leads_out_of_the_state_folder_is_refused(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    """A relative path is one in that folder, as gatekeeper.yaml says; an absolute one is not."""
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    for url in ("sqlite:../../x.sqlite", "sqlite:///a/../../x.sqlite"):
        said = keeper.restore(file, "--database", url)
        assert (2, True) == (said.status, "out of the state folder" in said.err)
        assert [] == list(keeper.place.iterdir())
    away = tmp_path / "x.sqlite"
    assert 0 == keeper.restore(file, "--database", f"sqlite:{away}").status
    assert away.is_file()


def test_a_folder_that_is_not_empty_is_left_alone(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    (keeper.place / "back").mkdir()
    (keeper.place / "back" / "mine").write_text("mine")
    said = keeper.restore(file)
    assert (2, True) == (said.status, "is not empty" in said.err)
    assert [keeper.place / "back"] == list(keeper.place.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle_it_leaves_no_half_installation(
    number: signal.Signals, keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    """What it reads stops coming after most of it; then it is ended."""
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    inner = gpg(keeper.home, "--decrypt", str(file))
    state = keeper.place / "state"
    command = [sys.executable, "-m", "gatekeeper", "backup", "restore", "-"]
    command += ["--into", str(keeper.place / "back"), "--state", str(state)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        process.stdin.write(inner[: len(inner) * 9 // 10])
        process.stdin.flush()
        while not list(state.glob("*.sqlite")):
            assert process.poll() is None
            os.sched_yield()
        process.send_signal(number)
        process.wait(60)
        process.stdin.close()
    assert not (keeper.place / "back").exists()
    if number is signal.SIGTERM:
        assert [] == list(keeper.place.iterdir())
    said = keeper.restore(file, "--state", str(state))
    assert 0 == said.status, said.err


def test_it_is_frozen_until_two_people_say_so(
    keeper: Keeper, reported: Store, tmp_path: Path
) -> None:
    file = made(keeper.shell, tmp_path / "b.gpg")
    assert reported.dialect == "sqlite"
    assert 0 == keeper.restore(file).status
    there = ("--config", str(keeper.place / "back"))
    said = keeper.shell.bare(*there, "audit", "frozen", "--json").json
    assert "it was restored from a backup made" in said["statement"]
    assert f"!reaffirm {said['hash']}" == said["command"]
    assert [] == said["reaffirmed_by"]
    found = {
        one["name"]: one for one in keeper.shell.bare(*there, "doctor", "--json").json["findings"]
    }
    assert "fail" == found["frozen"]["state"]
