"""`gatekeeper embargo`: what a shell does with dates counts as no approval, and all can be seen."""

import pytest

from gatekeeper import clock
from gatekeeper.domain.calendar import EVERY_WORKING_DAY
from gatekeeper.domain.instants import DAY, later, spoken
from gatekeeper.domain.process_policy import EMBARGO
from gatekeeper.domain.timeline import proposed
from gatekeeper.texts.date_letters import operand
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, report
from tests.issues.talk import Talk


@pytest.fixture
def reported(talk: Talk) -> Talk:
    """A talk in which Robin reported just now, by the clock that commands go by."""
    talk.house.now = clock.now()
    report(talk)
    return talk


def far(talk: Talk, days: int) -> str:
    """Return an allowed instant about so many days from now, as an operand."""
    return operand(EVERY_WORKING_DAY.next_allowed(later(talk.house.now, days * DAY)))


def test_a_later_date_waits_for_signed_mail_of_two(shell: Shell, reported: Talk) -> None:
    said = shell("embargo", "propose", ISSUE, far(reported, 40), "--json")
    assert (3, "") == (said.status, said.err)
    assert said.json["waiting"]
    assert "2 more people have to approve" in said.json["done"][0]


def test_a_nearer_proposal_goes_to_the_reporter(shell: Shell, reported: Talk) -> None:
    said = shell("embargo", "propose", ISSUE, far(reported, 10))
    assert 0 == said.status
    assert "told: the reporter" in said.out
    shown = shell("embargo", "show", ISSUE)
    assert f"{ISSUE}: " in shown.out
    assert "proposed" in shown.out
    assert "no. 2" in shown.out


def test_what_is_refused_says_what_would_be_allowed(shell: Shell, reported: Talk) -> None:
    said = shell("embargo", "move", ISSUE, "2020-01-01T12:00Z", "--reason", "x")
    assert (1, "") == (said.status, said.out)
    assert "allowed and near: " in said.err
    agreed = shell("embargo", "agree", ISSUE, far(reported, 200), "--by", "vendor", "--via", "x")
    assert 3 == agreed.status
    assert reported.issue().state == "reported"


def test_the_date_is_shown_with_what_bounds_it(shell: Shell, reported: Talk) -> None:
    policys = proposed(reported.house.now, EMBARGO).public
    shown = shell("embargo", "show", ISSUE, "--json").json
    assert [ISSUE, "proposed", []] == [shown[name] for name in ("issue", "state", "ceilings")]
    assert ["policy"] == [cap["clock"] for cap in shown["caps"]]
    assert f"{ISSUE}: {spoken(policys)}, proposed" in shell("embargo", "show", ISSUE).out


def test_an_extension_is_recorded(shell: Shell, reported: Talk) -> None:
    said = shell("embargo", "extension", ISSUE, "--org", "Example Hosting")
    assert 0 == said.status
    assert "recorded that Example Hosting asked for more time" in said.out
    assert reported.issue().owner == ""


def test_the_calendar_has_the_dates_of_open_issues(shell: Shell, reported: Talk) -> None:
    instant = far(reported, 10)
    shell("embargo", "propose", ISSUE, instant)
    found = shell("embargo", "calendar")
    stamp = instant.replace("-", "").replace(":", "").replace("Z", "00Z")
    assert f"DTSTART:{stamp}" in found.out
    assert f"UID:{ISSUE}-public@example.org" in found.out
    listed = shell("embargo", "calendar", "--json").json
    assert [(ISSUE, "proposed")] == [(each["issue"], each["state"]) for each in listed]
