"""`gatekeeper issue`: what came in, readable and safe, and each look recorded first."""

import getpass

import pytest

from gatekeeper.store import audit, issues
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell

ISSUE = "SEC-2026-0001"


def history(store: Store) -> list[tuple[str, str | None]]:
    """Return kind and actor of the entries about the one issue."""
    return store.read(
        lambda tx: [
            (entry.kind, entry.actor)
            for row in issues.list_all(tx)
            for entry in audit.of_issue(tx, row.id)
        ]
    )


def test_no_issues(shell: Shell, store: Store) -> None:
    assert "ISSUE\tSTATE\tOPENED\tMESSAGES\tSUBJECT\n" == shell("issue", "list").out
    assert [] == shell("issue", "list", "--json").json


def test_issues_are_listed(shell: Shell, reported: Store) -> None:
    expected = f"{ISSUE}\treported\t2026-09-03T12:00Z\t1\tCrash in the frame parser"
    assert expected == shell("issue", "list").out.splitlines()[1]
    (found,) = shell("issue", "list", "--json").json
    assert (ISSUE, "reported", 1) == (found["issue"], found["state"], found["messages"])
    assert "robin@research.example" == found["reporter"]
    assert "2026-09-03T12:00:00Z" == found["opened_at"]


def test_one_issue_is_shown_with_its_history(shell: Shell, reported: Store) -> None:
    said = shell("issue", "show", ISSUE.lower())
    assert 0 == said.status
    assert "opened     Thu 2026-09-03 12:00:00Z" in said.out
    assert "issue.opened by gatekeeper" in said.out
    found = shell("issue", "show", ISSUE, "--json").json
    assert "issue.opened" == found["history"][0]["kind"]
    assert found["history"][0]["seq"] < found["history"][1]["seq"]


def test_a_thread_is_read(shell: Shell, reported: Store) -> None:
    """Who said what when, how it was verified, and what it says, which cannot steer a terminal."""
    said = shell("issue", "thread", ISSUE)
    assert 0 == said.status
    for words in (
        f"{ISSUE}: 1 message\n",
        " <robin@research.example>",
        "subject     Crash in the frame parser",
        "encryption  none: the message travelled in clear",
        "signature   none",
        "  A frame of length 0 reads one byte too far.",
    ):
        assert words in said.out
    assert "\x1b" not in said.out
    (message,) = shell("issue", "thread", ISSUE, "--json").json["messages"]
    assert "2026-09-03T12:00:00Z" == message["received_at"]
    assert "2026-09-03T11:58:00Z" == message["date"]
    assert "report" == message["kind"]
    assert [] == message["problems"]
    assert 26 == len(message["id"])


@pytest.mark.parametrize(
    ("verb", "kind"), [("show", "issue.shown"), ("thread", "issue.read")], ids=str
)
def test_every_look_is_recorded(verb: str, kind: str, shell: Shell, reported: Store) -> None:
    """With the operating system's user (promise P-10), and the chain still holds."""
    before = history(reported)
    shell("issue", verb, ISSUE)
    assert [*before, (kind, f"shell:{getpass.getuser()}")] == history(reported)
    assert () == reported.read(audit.verify)


def test_a_list_is_recorded_too(shell: Shell, reported: Store) -> None:
    before = reported.read(audit.head).seq
    shell("issue", "list")
    assert before + 1 == reported.read(audit.head).seq


@pytest.mark.parametrize("verb", ["show", "thread"])
def test_an_issue_that_is_not_there_is_status_4(verb: str, shell: Shell, reported: Store) -> None:
    before = reported.read(audit.head).seq
    said = shell("issue", verb, "SEC-2026-0002")
    assert (4, "") == (said.status, said.out)
    assert "there is no issue SEC-2026-0002" in said.err
    assert before == reported.read(audit.head).seq


def test_what_is_no_issue_id_is_status_2(shell: Shell, reported: Store) -> None:
    said = shell("issue", "show", "7")
    assert (2, "") == (said.status, said.out)
    assert "looks like SEC-2026-0007" in said.err
