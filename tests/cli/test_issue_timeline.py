"""The timeline, the screen and the list of an issue that has come some way, as reviewed."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from gatekeeper.cli.issue_list import listed, value
from gatekeeper.cli.issue_show import show, standing
from gatekeeper.cli.issue_timeline import course
from gatekeeper.cli.issue_timeline import show as show_course
from gatekeeper.cli.screen import Screen
from gatekeeper.cli.turns import named
from gatekeeper.domain.instants import DAY, HOUR, later
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.store import dates
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, ROBINS, report, steady
from tests.house import START
from tests.issues.talk import HERE, Talk

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


def said(talk: Talk, words: str, *, person: int = 0) -> None:
    """Let an hour pass, and have one of the team order something."""
    talk.house.pass_time(HOUR)
    talk.command(f"!{ISSUE}@{HERE} {words}", person=person)


@pytest.fixture
def long_way(talk: Talk) -> Talk:
    """Have an issue that was reported, taken, answered, judged, dated and prepared."""
    report(talk)
    said(talk, "own")
    said(talk, "accept track=predisclose")
    said(talk, "reply\nThank you, we can reproduce it.")
    said(talk, "severity high", person=1)
    talk.house.pass_time(DAY)
    row = talk.issue().id
    before = talk.house.store.read(lambda tx: dates.history(tx, row))
    date = DateRow(
        issue=row,
        number=len(before) + 1,
        instant=later(START, 21 * DAY),
        predisclosure=later(START, 7 * DAY),
        state=dates.AGREED,
        by="reporter",
        via="phone",
        at=talk.house.now,
    )
    talk.house.store.write(partial(dates.add, date=date))
    said(talk, "fact fix-ready at=2026-09-03T18:00Z")
    said(talk, "fact advisory-ready")
    return talk


def compare(name: str, screen: Screen) -> None:
    """Compare a screen with the reviewed one."""
    shown = steady("\n".join(screen.lines) + "\n")
    assert (GOLDEN / name).read_text(encoding="utf-8") == shown


def test_its_timeline_is_as_reviewed(long_way: Talk, store: Store) -> None:
    screen = Screen(80)
    now = later(START, 3 * DAY)
    show_course(screen, store.read(lambda tx: course(tx, named(tx, ISSUE), now=now)))
    compare("timeline.txt", screen)


def test_how_it_stands_is_as_reviewed(shell: Shell, long_way: Talk, store: Store) -> None:
    settings, screen = shell.site.load(), Screen(80)
    found = store.read(lambda tx: standing(tx, settings, ISSUE, now=later(START, 3 * DAY)))
    show(screen, found, last=1)
    compare("show-course.txt", screen)


def test_the_timeline_is_told_for_programs(shell: Shell, long_way: Talk) -> None:
    found = shell("issue", "timeline", ISSUE, "--json").json
    assert {"issue", "entries", "seconds"} == set(found)
    assert "reported" == found["entries"][0]["what"]
    assert 7200 == found["seconds"]["triage"]
    assert found["seconds"]["privately_vulnerable"] is None


def test_the_list_says_what_is_next(long_way: Talk, store: Store) -> None:
    """Of a date that is agreed, and of an issue that waits for none."""
    long_way.handle(long_way.text("Also.", subject="Small"), sender=ROBINS)
    long_way.command(f"!SEC-2026-0002@{HERE} accept track=low")
    long_way.handle(long_way.text("Buy.", subject="Offer"), sender=ROBINS)
    long_way.command(f"!SEC-2026-0003@{HERE} reject spam")
    found = store.read(lambda tx: listed(tx, EmbargoPolicy(), now=later(START, 3 * DAY)))
    values = [value(each) for each in found]
    keys = ("state", "track", "date", "public_at", "next")
    assert [
        (
            "prepared",
            "predisclose",
            "agreed",
            "2026-09-24T12:00:00Z",
            "to pre-disclose: no permission matrix",
        ),
        ("accepted", "low", None, None, "own"),
        ("rejected", None, None, None, None),
    ] == [tuple(each[key] for key in keys) for each in values]


def test_many_issues_cost_no_more_questions_than_few(long_way: Talk, store: Store) -> None:
    """The database is asked the same number of times, however many there are."""

    def asked() -> int:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        def read(tx: Tx) -> None:
            event.listen(tx.connection, "before_cursor_execute", note)
            listed(tx, EmbargoPolicy(), now=long_way.house.now)

        store.read(read)
        return count

    before = asked()
    for _ in range(5):
        long_way.handle(long_way.text("One more."), sender=ROBINS)
    assert before == asked()
