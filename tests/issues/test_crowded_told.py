"""Nobody silences a colleague unsaid: what is forged uses nothing up, and each hour is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.domain.automatic import UNSIGNED_AN_HOUR
from gatekeeper.domain.instants import HOUR, SECOND, later, spoken
from gatekeeper.issues.notices import CROWDED, HELD_BACK
from gatekeeper.store.seal import Codec
from tests.issues.found import COPY, handle_all, kinds
from tests.issues.reports import plain
from tests.issues.talk import ROBINS, Talk, a_talk, parsed, sqlite_house
from tests.issues.test_crowded import ANDREA, WEI, discuss, until_rest


@pytest.fixture
def talk(sqlite_template: Path, tmp_path: Path, codec: Codec) -> Iterator[Talk]:
    with sqlite_house(sqlite_template, tmp_path, codec) as house, a_talk(house) as lent:
        yield lent


@pytest.mark.parametrize("seconds", [10, 60, 170, 175, 179])
def test_a_program_that_takes_its_time_comes_to_rest(talk: Talk, seconds: int) -> None:
    """Also when its answer to the notice comes as the first of the twenty turns an hour old."""
    talk.house.receive(plain())
    answers = until_rest(talk, WEI, after=seconds * SECOND)
    assert {WEI[1]: UNSIGNED_AN_HOUR + 2} == dict(answers)
    assert 1 == kinds(talk.house)[CROWDED]


def test_the_notice_says_whose_mail_is_kept_and_until_when(talk: Talk) -> None:
    talk.opened()
    for number in range(UNSIGNED_AN_HOUR):
        discuss(talk.house, number)
    talk.work()
    discuss(talk.house, 100)
    until = spoken(later(talk.house.now, HOUR))
    said = talk.block(talk.work())
    assert "SEC-2026-0001: unsigned mail of wei@team.example is not passed on for an hour" in said
    assert f"What comes unsigned until {until} is kept" in said
    assert "gatekeeper issue thread SEC-2026-0001" in said


@pytest.mark.parametrize("how", ["automatic", "came back", "to a bounce address"])
def test_nobody_uses_up_a_colleagues_mail_by_what_is_not_passed_on(talk: Talk, how: str) -> None:
    """Who carries mail has such addresses and marks; the colleague's own mail goes on."""
    talk.opened()
    fields, to = [], talk.reply_address()
    sent = {str(job.recipient): job for job in talk.work()}
    if how == "automatic":
        fields = ["Auto-Submitted: auto-replied"]
    elif how == "came back":
        fields = [f"X-Gatekeeper-Loop: {parsed(sent[ROBINS])['X-Gatekeeper-Loop']}"]
    else:
        to = str(sent[WEI[1]].sender)
    before = kinds(talk.house)[COPY]
    for number in range(2 * UNSIGNED_AN_HOUR):
        forged = plain(*fields, sender=WEI[1], message_id=f"<{number}@evil.example>")
        talk.house.receive(forged, sender="eve@evil.example", to=to)
        handle_all(talk.house)
    assert (before, None) == (kinds(talk.house)[COPY], kinds(talk.house).get(CROWDED))
    discuss(talk.house, 100)
    assert before + 1 == kinds(talk.house)[COPY]


def test_whatever_else_was_kept_the_team_is_told_whose_mail_is(talk: Talk) -> None:
    """Others may use up the count of automatic mail; it is not this one."""
    talk.opened()
    to = talk.reply_address()
    for number in range(5):
        raw = plain("Auto-Submitted: auto-replied", message_id=f"<{number}@evil.example>")
        talk.house.receive(raw, sender=ROBINS, to=to)
        handle_all(talk.house)
    told = kinds(talk.house)[HELD_BACK]
    for number in range(UNSIGNED_AN_HOUR + 1):
        discuss(talk.house, number)
    assert (told, 1) == (kinds(talk.house)[HELD_BACK], kinds(talk.house)[CROWDED])
    for number in range(3):
        discuss(talk.house, 50 + number, plain(sender=ANDREA[1], subject="[SEC-2026-0001]"))
    assert 1 == kinds(talk.house)[CROWDED]
