"""The script of docs/backup.md by which anybody checks an export of the event log."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.documented import BACKUP, block
from tests.running import make_site

Lines = list[dict[str, object]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an exported log of a few entries."""
    folder = tmp_path_factory.mktemp("exported")
    site = make_site(folder, relay=1)
    site.run("db", "upgrade")
    for _ in range(2):
        site.run("issue", "list")
    site.run("audit", "export", str(folder / "events.jsonl"))
    return (folder / "events.jsonl").read_text(encoding="ascii")


@pytest.fixture
def export(exported: str, tmp_path: Path) -> Path:
    """Return a file with such a log."""
    file = tmp_path / "events.jsonl"
    file.write_text(exported, encoding="ascii")
    return file


def checked(file: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as it stands, by a Python without anything of ours."""
    script = file.with_name("check.py")
    script.write_text(block("can be checked by anybody", BACKUP))
    command = [sys.executable, "-I", str(script), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_whole_log_is_told_with_its_last_entry(export: Path) -> None:
    last = json.loads(export.read_text().splitlines()[-2])
    done = checked(export)
    assert 0 == done.returncode, done.stderr
    assert [str(last["seq"]), last["digest"]] == done.stdout.split()[-2:]


def _another_kind(lines: Lines) -> None:
    lines[1]["kind"] = "issue.opened"


def _other_words(lines: Lines) -> None:
    lines[1]["payload"] = str(lines[1]["payload"]).replace("}", " }")


def _one_less(lines: Lines) -> None:
    del lines[1]


def _one_less_at_the_end(lines: Lines) -> None:
    del lines[-2]


def _no_head(lines: Lines) -> None:
    del lines[-1]


@pytest.mark.parametrize(
    "tamper", [_another_kind, _other_words, _one_less, _one_less_at_the_end, _no_head]
)
def test_a_changed_one_is_not_whole(export: Path, tamper: Callable[[Lines], None]) -> None:
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    tamper(lines)
    export.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    done = checked(export)
    assert 1 == done.returncode
    assert "whole" not in done.stdout
