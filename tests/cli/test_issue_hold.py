"""`gatekeeper issue legal-hold`; and what is shown of an issue whose content was erased."""

import getpass
import json
from pathlib import Path

import pytest
from sqlalchemy import update

from gatekeeper import clock
from gatekeeper.domain.instants import DAY, later
from gatekeeper.issues.retention import Retention
from gatekeeper.store import audit, tables
from gatekeeper.store.tx import Tx
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, ROBINS, answered, report
from tests.house import PEOPLE
from tests.issues.bounced import GONE, bounce, latest_to
from tests.issues.bounced import report as returned
from tests.issues.talk import Talk

ME = f"shell:{getpass.getuser()}"
YEAR = 365 * DAY


def history(talk: Talk) -> list[tuple[str, str | None]]:
    issue = talk.issue().id
    found = talk.house.store.read(lambda tx: audit.of_issue(tx, issue))
    return [(entry.kind, entry.actor) for entry in found]


def test_an_issue_is_held_and_let_go(shell: Shell, talk: Talk) -> None:
    """Each is recorded, told the team by mail, and shown where the issue is."""
    report(talk)
    said = shell("issue", "legal-hold", ISSUE)
    assert (0, f"{ISSUE} is under legal hold: nothing of it is erased\n") == (said.status, said.out)
    assert ("issue.held", ME) == history(talk)[-1]
    assert shell("issue", "list", "--json").json[0]["legal_hold"] is True
    assert "reported, on hold" in shell("issue", "list").out
    assert "Hold       nothing of it is erased\n" in shell("issue", "show", ISSUE).out
    assert shell("issue", "show", ISSUE, "--json").json["legal_hold"] is True
    said = shell("issue", "legal-hold", ISSUE, "--off", "--json")
    assert (0, False) == (said.status, said.json["legal_hold"])
    assert ("issue.let_go", ME) == history(talk)[-1]
    assert "Hold" not in shell("issue", "show", ISSUE).out
    assert "on hold" not in shell("issue", "list").out
    thread = shell("issue", "thread", ISSUE).out
    assert f"{ISSUE} is under legal hold: nothing of it is erased" in " ".join(thread.split())
    assert "is under no hold any more" in " ".join(thread.split())


@pytest.mark.parametrize("off", [(), ("--off",)])
def test_what_is_so_already_is_said_and_changes_nothing(
    shell: Shell, talk: Talk, off: tuple[str, ...]
) -> None:
    report(talk)
    if not off:
        shell("issue", "legal-hold", ISSUE)
    before = history(talk)
    said = shell("issue", "legal-hold", ISSUE, *off)
    assert 0 == said.status
    assert "nothing was changed" in said.out
    assert before == history(talk)


def erased(talk: Talk, *, years: int) -> None:
    """Have an issue closed, and so many years pass."""
    report(talk)
    answered(talk)
    house, issue = talk.house, talk.issue().id
    values = {"state": "disclosed", "updated_at": house.now}

    def close(tx: Tx) -> None:
        tx.connection.execute(
            update(tables.issues).where(tables.issues.c.id == issue).values(values)
        )

    house.store.write(close)
    house.pass_time(years * YEAR + DAY)
    tick = Retention(store=house.store, policy=house.desk.policy, now=house.clock).tick
    while tick():
        pass


def test_a_thread_says_that_its_content_was_erased(shell: Shell, talk: Talk) -> None:
    erased(talk, years=1)
    said = shell("issue", "thread", ISSUE)
    assert (0, "") == (said.status, said.err)
    value = shell("issue", "thread", ISSUE, "--json").json
    turns = len(value["messages"]) + len(value["letters"])
    words = "as policy.yaml says under retention"
    assert turns == " ".join(said.out.split()).count(words)
    assert all(each["erased_at"] and not each["text"] for each in value["messages"])
    assert all(each["erased_at"] and not each["text"] for each in value["letters"])
    assert ROBINS in said.out, "who it was is known for five years"


def test_of_an_erased_issue_number_and_state_are_shown(shell: Shell, talk: Talk) -> None:
    erased(talk, years=6)
    for words in (("issue", "show", ISSUE), ("issue", "thread", ISSUE), ("issue", "list")):
        said = shell(*words)
        assert (0, "") == (said.status, said.err)
        assert ISSUE in said.out
        assert "(erased)" in said.out
        for name in ("Robin", "robin", "Parser", *(address for _, address in PEOPLE)):
            assert name not in said.out
    assert "issue.erased" in shell("issue", "show", ISSUE, "--all").out
    assert 0 == shell("audit", "verify").status


@pytest.mark.parametrize(
    ("years", "step"),
    [(0, "nothing: it is disclosed"), (6, "nothing: it is disclosed, and its content was erased")],
)
def test_of_a_closed_issue_nothing_is_wanted(
    years: int, step: str, shell: Shell, talk: Talk
) -> None:
    """Nobody is asked to take it, nor told of dates or of a key that is only not known any more."""
    erased(talk, years=years)
    said = shell("issue", "show", ISSUE)
    assert (0, "") == (said.status, said.err)
    assert f"Next       {step}\n" in said.out
    assert step == shell("issue", "show", ISSUE, "--json").json["next"]
    assert "Proposed" not in said.out
    assert (years == 6) is ("Reporter   (erased)\n" in said.out)
    for word in ("no key known", "wrote in clear", "erased.invalid", "nobody has taken it"):
        assert word not in said.out


def test_an_erased_issue_is_exported_as_far_as_there_is_something(
    shell: Shell, talk: Talk, tmp_path: Path
) -> None:
    erased(talk, years=1)
    target = tmp_path / "export"
    assert 0 == shell("issue", "export", ISSUE, str(target)).status
    assert b"" == (target / "received.mbox").read_bytes() == (target / "opened.mbox").read_bytes()
    value = json.loads((target / "issue.json").read_text())
    assert all(each["sha256"] is None and each["erased_at"] for each in value["messages"])


def test_what_came_back_is_shown_with_its_delivery(shell: Shell, talk: Talk) -> None:
    """And not the relay's word that it had taken the mail."""
    report(talk)
    wei = PEOPLE[1][1]
    bounce(talk.house, latest_to(talk.house, wei).id, returned())
    rows = shell("delivery", "list", "--json").json
    (row,) = [each for each in rows if each["recipient"] == wei]
    assert ("failed", "permanent") == (row["state"], row["returned"]["meaning"])
    assert f"it came back, 5.1.1 {GONE}" in shell("delivery", "list", "--state", "failed").out
    assert "failed after 1 try, it came back, 5.1.1" in " ".join(
        shell("issue", "show", ISSUE).out.split()
    )


def test_a_report_of_a_delay_is_shown_until_the_next(shell: Shell, talk: Talk) -> None:
    report(talk)
    wei = PEOPLE[1][1]
    row = latest_to(talk.house, wei).id
    bounce(talk.house, row, returned(action="delayed", status="4.4.1", diagnostic="451 later"))
    assert "report: delayed, 4.4.1 451 later" in shell("delivery", "list").out
    bounce(talk.house, row, returned(subject="gone"))
    assert "it came back, 5.1.1" in shell("delivery", "list").out


def test_doctor_names_whom_mail_does_not_reach(shell: Shell, talk: Talk) -> None:
    """Days of it: one bounce may be anything."""
    wei = PEOPLE[1][1]
    words = f"mail to {wei} keeps coming back"
    talk.house.now = later(clock.now(), -3 * DAY)
    for day in range(3):
        assert words not in shell("doctor").out
        talk.house.pass_time(DAY)
        report(talk)
        bounce(talk.house, latest_to(talk.house, wei).id, returned(subject=f"{day}"))
    assert words in shell("doctor").out
