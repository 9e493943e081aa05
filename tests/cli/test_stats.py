"""`gatekeeper stats`: what people and programs read of how long issues take."""

import csv
import io
from pathlib import Path

import pytest

from gatekeeper import clock
from gatekeeper.domain.instants import DAY, HOUR, later
from gatekeeper.domain.process import Fact
from gatekeeper.store import issue_facts
from gatekeeper.store.engine import Store
from gatekeeper.store.issue_facts import Known
from gatekeeper.store.tx import Tx
from tests.cli.conftest import Shell
from tests.house import START
from tests.issues.found import log
from tests.issues.reports import robin_key
from tests.issues.talk import HERE, ROBINS, Talk

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


@pytest.fixture
def measured(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Have one report answered after two hours and a fix after three days; another waits."""
    house = talk.house
    content = talk.with_keys(robin_key())
    talk.receive(talk.sealed("", by=robin_key(), content=content), sender=ROBINS)
    issue = talk.issue().id
    house.pass_time(2 * HOUR)
    talk.command(f"!SEC-2026-0001@{HERE} reply\nThank you, Robin.")
    house.pass_time(3 * DAY - 2 * HOUR)

    def fixed(tx: Tx) -> None:
        fact = Known(issue=issue, fact=Fact.FIX_READY, at=house.now, by="Wei Example")
        issue_facts.put(tx, fact)

    house.store.write(fixed)
    house.pass_time(2 * HOUR)
    talk.receive(talk.text("Another one."), sender="kim@labs.example")
    monkeypatch.setattr(clock, "now", lambda: later(START, 10 * DAY))
    return talk


def test_it_is_shown_as_reviewed(measured: Talk, shell: Shell) -> None:
    found = shell("stats", "show")
    assert (0, "") == (found.status, found.err)
    assert (GOLDEN / "stats.txt").read_text(encoding="utf-8") == found.out


def test_programs_read_the_same_in_seconds(measured: Talk, shell: Shell) -> None:
    found = shell("stats", "show", "--json").json
    assert (2, 2) == (found["issues"], found["states"]["reported"])
    answered = {"done": 1, "running": 1, "median_seconds": 7200, "nine_of_ten_seconds": 7200}
    oldest = 10 * 86400 - (3 * 86400 + 7200)
    expected = {**answered, "longest_seconds": 7200, "oldest_running_seconds": oldest}
    assert expected == found["spans"]["answer"]


def test_a_line_for_each_issue_without_a_word_of_it(measured: Talk, shell: Shell) -> None:
    found = shell("stats", "csv")
    assert 0 == found.status
    first, second = csv.DictReader(io.StringIO(found.out))
    assert ("SEC-2026-0001", "reported", "") == (first["issue"], first["state"], first["track"])
    assert "2026-09-06T12:00:00Z" == first["fix_ready_at"]
    assert (str(3 * 86400), "7200") == (first["fix_seconds"], first["answer_seconds"])
    assert ("", "") == (second["answered_at"], second["answer_seconds"])
    assert "report" not in found.out.replace("reported", "")
    assert "statistics.listed" == log(measured.house)[-1]
    rows = shell("stats", "csv", "--json").json
    assert [first["issue"], second["issue"]] == [row["issue"] for row in rows]
    assert rows[1]["answered_at"] is None


def test_only_what_was_reported_in_a_time(measured: Talk, shell: Shell) -> None:
    def count(*options: str) -> int:
        return int(shell("stats", "show", "--json", *options).json["issues"])

    assert [2, 1, 1, 0] == [
        count(),
        count("--since", "2026-09-04"),
        count("--until", "2026-09-06"),
        count("--since", "2026-09-04", "--until", "2026-09-05"),
    ]
    refused = shell("stats", "show", "--since", "09/04/2026")
    assert (2, "") == (refused.status, refused.out)
    assert "gatekeeper: '09/04/2026' is no date" in refused.err


def test_of_nothing_there_is_little_to_say(store: Store, shell: Shell) -> None:
    found = shell("stats", "show")
    assert 0 == found.status
    assert found.out.startswith("0 issues\n\nHOW LONG\t")
