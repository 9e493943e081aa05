"""`gatekeeper approval list`: what waits for a second person, and the line that approves it."""

import hashlib
from pathlib import Path

import pytest

from gatekeeper.issues.asking import ONCE
from gatekeeper.store import audit, requests
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, ROBINS, steady
from tests.cli.terminals import on_a_terminal
from tests.cli.test_issue_show import CLEAR_ANSWER, ask
from tests.house import START
from tests.issues.talk import Talk

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


def compare(name: str, shown: str) -> None:
    """Compare a screen with the reviewed one."""
    assert (GOLDEN / name).read_text(encoding="utf-8") == shown


@pytest.fixture
def waiting(talk: Talk) -> Talk:
    """Have one thing wait in the first of two issues."""
    for _ in range(2):
        talk.receive(talk.text("It crashes."), sender=ROBINS)
    ask(talk)
    return talk


def test_nothing_waits(shell: Shell, store: Store) -> None:
    said = shell("approval", "list")
    assert (0, "nothing waits for approval\n") == (said.status, said.out)
    assert [] == shell("approval", "list", "--json").json


def test_what_waits_is_as_reviewed(
    shell: Shell, waiting: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked, who approved, how many are needed, and what is to be signed."""
    monkeypatch.setenv("COLUMNS", "80")
    said = shell("approval", "list")
    assert (0, "") == (said.status, said.err)
    compare("approvals.txt", steady(said.out))


def test_a_key_that_waits_is_shown(
    shell: Shell, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose it would be, and in place of which."""
    monkeypatch.setenv("COLUMNS", "80")
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    ask(talk, "reporter-key", {"address": ROBINS, "fingerprint": "AB12" * 10, "before": ""})
    shown = shell("approval", "list").out
    expected = (
        "What       another key of the reporter\n"
        f"  | Issue:        {ISSUE} at security@example.org\n"
        "  | Once:         only\n"
        "  | What:         answers to the reporter are encrypted to this key from now on\n"
        f"  | Reporter:     {ROBINS}\n"
        f"  | Key:          {' '.join(['AB12'] * 10)}\n"
        "  | In place of:  none\n"
    )
    assert expected in shown


@pytest.mark.parametrize("width", ["60", "120"])
def test_on_a_terminal_the_line_is_broken_only_if_it_must(
    width: str, shell: Shell, waiting: Talk, store: Store
) -> None:
    """And then it is said to be one line."""
    arguments = ["-m", "gatekeeper", "--config", str(shell.site.folder), "approval", "list"]
    shown = on_a_terminal(arguments, COLUMNS=width, NO_COLOR="1")
    (one,) = store.read(requests.waiting)
    command = f"  !{ISSUE}@example.org approve {one.effect.hex()}\n"
    assert ("120" == width) == (f"sign and mail:\n{command}" in shown)
    assert ("60" == width) == ("sign and mail (one line):\n" in shown)


def test_it_is_told_for_programs(shell: Shell, waiting: Talk, store: Store) -> None:
    (one,) = store.read(requests.waiting)
    (found,) = shell("approval", "list", "--json").json
    assert hashlib.sha256(found.pop("text").encode()).digest() == one.effect
    assert {
        "issue": ISSUE,
        "effect": one.effect.hex(),
        "kind": "reply-clear",
        "changed": False,
        "asked": dict(CLEAR_ANSWER),
        "state": "waiting",
        "created_by": "shell:admin",
        "created_at": "2026-09-03T12:00:00Z",
        "needed": 2,
        "expires_at": "2026-09-10T12:00:00Z",
        "approved_by": [],
        "missing": "2 more people have to approve",
    } == found


def test_one_issue_is_looked_at_alone(shell: Shell, waiting: Talk) -> None:
    assert 1 == len(shell("approval", "list", "--issue", ISSUE, "--json").json)
    assert [] == shell("approval", "list", "--issue", "SEC-2026-0002", "--json").json
    assert 4 == shell("approval", "list", "--issue", "SEC-2026-0009").status
    assert 2 == shell("approval", "list", "--issue", "nine").status


def test_what_is_done_waits_no_more(shell: Shell, waiting: Talk, store: Store) -> None:
    (one,) = store.read(requests.waiting)
    store.write(
        lambda tx: requests.close(tx, request=one.id, state=requests.DONE, now=one.created_at)
    )
    assert [] == shell("approval", "list", "--json").json


def test_looking_is_recorded(shell: Shell, waiting: Talk, store: Store) -> None:
    before = store.read(audit.head).seq
    shell("approval", "list")
    assert before + 1 == store.read(audit.head).seq


def test_what_has_changed_since_is_void(shell: Shell, talk: Talk, store: Store) -> None:
    """Nobody is shown a line that would be refused."""
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    issue = talk.issue().id
    store.write(
        lambda tx: requests.add(
            tx,
            issue=issue,
            kind="reply-clear",
            effect=b"e" * 32,
            payload={**CLEAR_ANSWER, ONCE: "only"},
            needed=2,
            created_by="shell:admin",
            now=START,
        )
    )
    shown = shell("approval", "list").out
    assert "Void       what it would do has changed since: ask for it again" in shown
    assert " approve " not in shown
