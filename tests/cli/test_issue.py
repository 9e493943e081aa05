"""`gatekeeper issue`: the list of issues, and what every verb does with an id that is none."""

from pathlib import Path

import pytest

from gatekeeper.store import audit
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell

ISSUE = "SEC-2026-0001"
VERBS = ("show", "thread", "timeline", "own", "note", "reply", "export")


def arguments(verb: str, issue: str, folder: Path) -> list[str]:
    """Return a whole command of that verb."""
    text = folder / "text"
    text.write_text("words")
    more = {"note": ["--file", str(text)], "reply": ["--file", str(text)]}
    more |= {"own": ["--for", "Andrea Example"], "export": [str(folder / "export")]}
    return ["issue", verb, issue, *more.get(verb, [])]


def test_no_issues(shell: Shell, store: Store) -> None:
    assert "ISSUE\tSTATE\tDATE\tNEXT\tOWNER\tSUBJECT\n" == shell("issue", "list").out
    assert [] == shell("issue", "list", "--json").json


def test_issues_are_listed(shell: Shell, reported: Store) -> None:
    expected = f"{ISSUE}\treported\t2026-09-24 proposed\town\t-\tCrash in the frame parser"
    assert expected == shell("issue", "list").out.splitlines()[1]
    (found,) = shell("issue", "list", "--json").json
    assert (ISSUE, "reported", 1) == (found["issue"], found["state"], found["messages"])
    assert ("robin@research.example", None) == (found["reporter"], found["owner"])
    assert "2026-09-03T12:00:00Z" == found["opened_at"]
    assert ("proposed", "2026-09-24T12:00:00Z") == (found["date"], found["public_at"])
    assert "own" == found["next"]


def test_a_list_is_recorded(shell: Shell, reported: Store) -> None:
    before = reported.read(audit.head).seq
    shell("issue", "list")
    assert before + 1 == reported.read(audit.head).seq


@pytest.mark.parametrize("verb", VERBS)
def test_an_issue_that_is_not_there_is_status_4(
    verb: str, shell: Shell, reported: Store, tmp_path: Path
) -> None:
    """Nothing is written, and nothing is recorded of an issue that is none."""
    before = reported.read(audit.head).seq
    said = shell(*arguments(verb, "SEC-2026-0002", tmp_path))
    assert (4, "") == (said.status, said.out)
    assert "there is no issue SEC-2026-0002" in said.err
    assert before == reported.read(audit.head).seq
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_issue_id_is_status_2(
    verb: str, shell: Shell, reported: Store, tmp_path: Path
) -> None:
    said = shell(*arguments(verb, "7", tmp_path))
    assert (2, "") == (said.status, said.out)
    assert "looks like SEC-2026-0007" in said.err


def test_an_id_may_be_written_in_small_letters(shell: Shell, reported: Store) -> None:
    assert 0 == shell("issue", "show", ISSUE.lower()).status
