"""`gatekeeper issue show`: how an issue stands on one screen, what waits, what is in trouble."""

import getpass
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatekeeper.cli.issue_show import Standing, show, standing
from gatekeeper.cli.screen import Screen
from gatekeeper.domain.delivery import Outcome
from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import DAY, Instant, later, spoken
from gatekeeper.issues.asking import ONCE, hash_of, sheet
from gatekeeper.issues.effects import effect_of
from gatekeeper.store import audit, requests
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, ROBINS, answered, refused, report, steady
from tests.house import START
from tests.issues.talk import Talk

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


def standing_at(shell: Shell, store: Store, now: Instant) -> Standing:
    """Return how the issue stands at an instant."""
    settings = shell.site.load()
    return store.read(lambda tx: standing(tx, settings, ISSUE, now=now))


def screen_of(found: Standing, *, width: int, last: int | None) -> str:
    """Return the screen as it is printed."""
    screen = Screen(width)
    show(screen, found, last=last)
    return steady("\n".join(screen.lines) + "\n")


CLEAR_ANSWER: Mapping[str, object] = {
    "to": "reporter",
    "address": ROBINS,
    "subject": f"Your report ({ISSUE})",
    "text": "Dear Robin,\n\nWhich version is it? \x1b[2J" + " Please say so." * 6 + "\n",
}


def ask(
    talk: Talk, kind: str = "reply-clear", payload: Mapping[str, object] = CLEAR_ANSWER
) -> None:
    """Have somebody ask for what two people must approve."""
    issue, effect = talk.issue(), effect_of(kind)
    payload = {**payload, ONCE: "only"}
    talk.house.store.write(
        lambda tx: requests.add(
            tx,
            issue=issue.id,
            kind=kind,
            effect=hash_of(sheet(tx, talk.house.desk, effect, issue, payload)),
            payload=payload,
            needed=2,
            created_by="shell:admin",
            now=talk.house.now,
            expires_at=later(talk.house.now, 7 * DAY),
        )
    )


def compare(name: str, shown: str) -> None:
    """Compare a screen with the reviewed one."""
    assert (GOLDEN / name).read_text(encoding="utf-8") == shown


def test_a_quiet_issue_is_as_reviewed(shell: Shell, store: Store, talk: Talk) -> None:
    """The reporter and the key, the dates and how far they are, the last of its history."""
    report(talk)
    answered(talk)
    found = standing_at(shell, store, later(START, 5 * DAY))
    for width in (60, 80):
        compare(f"show-{width}.txt", screen_of(found, width=width, last=8))


def test_an_issue_in_trouble_is_as_reviewed(shell: Shell, store: Store, talk: Talk) -> None:
    """What waits for approval, with the line that approves it, and what did not get through.

    The history is left out: several things happen at one instant there, in any order.
    """
    talk.house.receive(talk.text("It crashes.", subject="Crash"), sender=ROBINS)
    talk.house.settle()
    refused(talk, ROBINS)
    ask(talk)
    found = standing_at(shell, store, later(START, 60 * DAY))
    (trouble,) = found.thread.trouble
    short = short_tag(trouble.id)[:8]
    shown, history, _ = screen_of(found, width=80, last=None).partition("\nHistory\n")
    assert history
    compare("show-trouble.txt", shown.replace(short, "dddddddd"))


def test_what_is_tried_again_by_itself_is_no_trouble(
    shell: Shell, store: Store, talk: Talk
) -> None:
    """When, and why; there is no reason to mend, and the next step is another."""
    talk.house.receive(talk.text("It crashes.", subject="Crash"), sender=ROBINS)
    talk.house.settle()
    refused(talk, ROBINS, outcome=Outcome.NOT_NOW, reply="451 4.3.0 Later")
    found = standing_at(shell, store, START)
    assert () == found.thread.trouble
    (row,) = found.thread.deferred
    shown = screen_of(found, width=120, last=None)
    assert "Did not get through" not in shown
    assert "nobody has taken it" in found.next_step
    again = f"{ROBINS}: tries again at {spoken(row.due_at)}, after 1 try, 451 4.3.0 Later"
    assert f"\nTries again by itself\n  {short_tag(row.id)[:8]}  {again}\n" in shown
    thread = shell("issue", "thread", ISSUE).out
    assert "1 to be tried again" in thread
    assert "451 4.3.0 Later" in thread


def test_it_is_told_for_programs(shell: Shell, talk: Talk, store: Store) -> None:
    """Stable keys; neither the way to the reporter's address with us nor the code."""
    report(talk)
    ask(talk)
    said = shell("issue", "show", ISSUE, "--json")
    found = said.json
    expected = {"issue", "state", "subject", "reporter", "owner", "tag", "opened_at", "updated_at"}
    expected |= {"messages", "correspondents", "timeline", "next", "letters", "requests"}
    expected |= {"deliveries", "trouble", "history", "legal_hold"}
    expected |= {"track", "severity", "reason", "facts", "date"}
    expected |= {"merged_into", "split_from", "joined_by", "parted_into"}
    assert expected == set(found)
    (robin,) = found["correspondents"]
    assert ("reporter", ROBINS, False) == (robin["name"], robin["address"], robin["wrote_in_clear"])
    assert 40 == len(robin["fingerprint"])
    assert {"predisclosure": "2026-09-10T12:00:00Z", "public": "2026-09-24T12:00:00Z"} == found[
        "timeline"
    ]
    (waiting,) = store.read(requests.waiting)
    assert [("reply-clear", waiting.effect.hex(), 2)] == [
        (one["kind"], one["effect"], one["needed"]) for one in found["requests"]
    ]
    assert 4 == found["deliveries"]["delivered"]
    assert "issue.opened" in {entry["kind"] for entry in found["history"]}
    assert str(talk.reporter().nonce) not in said.out


def test_all_of_the_history_is_shown_at_a_wish(shell: Shell, talk: Talk) -> None:
    report(talk)
    answered(talk)
    short = shell("issue", "show", ISSUE).out
    assert "older entries, shown by --all" in short
    assert "issue.opened" not in short
    assert "issue.opened" in shell("issue", "show", ISSUE, "--all").out


@pytest.mark.parametrize("days", [0, 3, 8, 30])
def test_the_dates_are_told_by_their_distance(days: int, shell: Shell, reported: Store) -> None:
    """In days, hours or minutes, to come or gone."""
    found = standing_at(shell, reported, later(START, days * DAY))
    shown = screen_of(found, width=100, last=1)
    expected = {
        0: ("now", "in 7 days", "in 21 days"),
        3: ("3 days ago", "in 4 days", "in 18 days"),
        8: ("8 days ago", "1 day ago", "in 13 days"),
        30: ("30 days ago", "23 days ago", "9 days ago"),
    }[days]
    for words, distance in zip(("Since", "pre-disclosure,", "public,"), expected, strict=True):
        (line,) = [line for line in shown.splitlines() if words in line and "Next" not in line]
        assert line.endswith(f" {distance}")


def test_looking_is_recorded_with_the_read(shell: Shell, reported: Store) -> None:
    """With the operating system's user (promise P-10), and the chain still holds."""
    before = reported.read(audit.head).seq
    shell("issue", "show", ISSUE)
    entry = shell("issue", "show", ISSUE, "--json").json["history"][-1]
    assert ("issue.shown", before + 1) == (entry["kind"], entry["seq"])
    assert f"shell:{getpass.getuser()}" == entry["actor"]
    assert () == reported.read(audit.verify)
