"""A bounce fails its one delivery, counts once, and is told to those it can reach."""

from dataclasses import replace

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.bounces import Score
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import row_id
from gatekeeper.domain.instants import DAY, HOUR
from gatekeeper.domain.report import Kind
from gatekeeper.issues import returned
from gatekeeper.issues.letterhead import load
from gatekeeper.issues.notices import HELD_BACK, MEMBER_RETURNED, RETURNED, SUSPENDED
from gatekeeper.store import deliveries, letters, messages, scores
from gatekeeper.store.deliveries import DeliveryRow
from tests.house import PEOPLE, House
from tests.issues.bounced import GONE, bounce, latest_to, now_of, report
from tests.issues.found import ACK, COPY, handle_all, kinds, log, written
from tests.issues.reports import plain

ROBIN = "robin@research.example"
WEI = PEOPLE[1][1]
OTHERS = tuple(sorted(address for _, address in PEOPLE if address != WEI))
BASE = {COPY: 1, ACK: 1}


@pytest.fixture
def sent(house: House) -> House:
    """A house in which a report came in and every letter that it brought was delivered."""
    post(house, 1)
    return house


def post(house: House, number: int) -> None:
    """Have somebody report once more, and everything delivered."""
    house.pass_time(1)
    house.receive(
        plain(subject=f"Finding {number}", message_id=f"<{number}@r.example>"), sender=ROBIN
    )
    house.settle()
    house.collect()


def score_of(house: House, recipient: str) -> Score | None:
    return house.store.read(lambda tx: scores.get(tx, Address.parse(recipient)))


def suspended(house: House) -> list[str]:
    policy = house.desk.policy.bounces
    found = house.store.read(lambda tx: returned.standing(tx, policy, house.now))
    return [str(each) for each in found]


def words_of(house: House, kind: str) -> str:
    """Return what the first notice of a kind says."""
    issue = latest_to(house, ROBIN).issue
    assert issue is not None
    heads = house.store.read(lambda tx: letters.of_issue(tx, issue))
    row = next(each.id for each in heads if each.kind == kind)
    return load(house.store.read(lambda tx: letters.load(tx, row)).plaintext).block


def to_of(house: House, kind: str) -> list[tuple[str, ...]]:
    return [each.to for each in written(house) if each.kind == kind]


def test_mail_to_the_reporter_that_came_back_for_good_has_failed_and_the_team_is_told(
    sent: House,
) -> None:
    """With what the machine said: its status and one bounded line."""
    row = latest_to(sent, ROBIN)
    assert DeliveryState.DELIVERED is row.state
    bounce(sent, row.id, report())
    after = now_of(sent, row.id)
    assert DeliveryState.FAILED is after.state
    assert after.returned is not None
    assert ("permanent", "5.1.1", GONE) == tuple(
        after.returned[name] for name in ("meaning", "status", "diagnostic")
    )
    assert {**BASE, RETURNED: 1} == kinds(sent)
    said = words_of(sent, RETURNED)
    assert f'The mail server mx.elsewhere.example said: "5.1.1 {GONE}"' in " ".join(said.split())
    assert "gatekeeper delivery retry" in said
    assert "delivery.returned" in log(sent)


def test_a_retry_that_comes_back_is_told_again_and_counts_no_more(sent: House) -> None:
    """A person sent it again, and has to know; the delivery has counted once already."""
    row = latest_to(sent, ROBIN)
    bounce(sent, row.id, report())
    sent.store.write(lambda tx: deliveries.retry(tx, delivery=row.id, now=sent.now))
    sent.pass_time(2 * DAY)
    sent.collect()
    assert DeliveryState.DELIVERED is now_of(sent, row.id).state
    bounce(sent, row.id, report(subject="again"))
    assert DeliveryState.FAILED is now_of(sent, row.id).state
    assert 2 == kinds(sent)[RETURNED]
    score = score_of(sent, ROBIN)
    assert score is not None
    assert 2 == score.points


def test_of_what_may_pass_the_team_is_told_once_in_an_issue(sent: House) -> None:
    row = latest_to(sent, ROBIN)
    for number in range(3):
        bounce(sent, row.id, report(action="delayed", status="4.4.1", subject=f"{number}"))
    assert DeliveryState.DELIVERED is now_of(sent, row.id).state
    assert {**BASE, RETURNED: 1} == kinds(sent)
    assert score_of(sent, ROBIN) is None
    assert "delayed" in words_of(sent, RETURNED)
    bounce(sent, row.id, report(status="4.4.7"))
    assert DeliveryState.FAILED is now_of(sent, row.id).state
    assert {**BASE, RETURNED: 2} == kinds(sent)


def test_a_copy_that_came_back_fails_and_the_others_are_told_once(sent: House) -> None:
    """Not the person, whose notice would come back, and not for each mail."""
    bounce(sent, latest_to(sent, WEI).id, report())
    assert DeliveryState.FAILED is latest_to(sent, WEI).state
    assert [OTHERS] == to_of(sent, MEMBER_RETURNED)
    for number in range(2, 5):
        post(sent, number)
        bounce(sent, latest_to(sent, WEI).id, report(subject=f"again {number}"))
        assert DeliveryState.FAILED is latest_to(sent, WEI).state
    assert [OTHERS] == to_of(sent, MEMBER_RETURNED)


def test_a_copy_that_gets_through_and_then_one_that_does_not_is_told_again(sent: House) -> None:
    policy = sent.desk.policy.bounces
    bounce(sent, latest_to(sent, WEI).id, report())
    sent.pass_time(DAY)
    post(sent, 2)
    sent.pass_time(policy.settled_after)
    post(sent, 3)
    bounce(sent, latest_to(sent, WEI).id, report(subject="once more"))
    assert [OTHERS, OTHERS] == to_of(sent, MEMBER_RETURNED)


def test_a_report_that_it_arrived_ends_the_row(sent: House) -> None:
    row = latest_to(sent, WEI)
    bounce(sent, row.id, report(status="5.2.2"))
    post(sent, 2)
    bounce(sent, latest_to(sent, WEI).id, report(action="delivered", status="2.0.0"))
    assert score_of(sent, WEI) is None
    assert DeliveryState.DELIVERED is latest_to(sent, WEI).state


def test_who_keeps_bouncing_is_suspended_which_is_told_once_and_removes_nobody(
    sent: House,
) -> None:
    people = sent.desk.team.people
    for day in range(5):
        bounce(sent, latest_to(sent, WEI).id, report(subject=f"day {day}"))
        assert ([] if day < 2 else [WEI]) == suspended(sent)
        sent.pass_time(DAY)
        post(sent, 2 + day)
    assert [OTHERS] == to_of(sent, SUSPENDED)
    assert people == sent.desk.team.people
    assert DeliveryState.DELIVERED is latest_to(sent, WEI).state, "mail still goes there"
    sent.pass_time(sent.desk.policy.bounces.settled_after)
    assert [] == suspended(sent), "the last one has not come back"


def test_a_flood_of_bounces_for_one_delivery_counts_once(sent: House) -> None:
    """Also over days, and whoever sends them: the token names one delivery."""
    row = latest_to(sent, WEI)
    for number in range(6):
        bounce(sent, row.id, report(subject=f"{number}"))
        sent.pass_time(DAY)
    score = score_of(sent, WEI)
    assert score is not None
    assert 2 == score.points
    assert [OTHERS] == to_of(sent, MEMBER_RETURNED)


def test_what_is_held_against_the_mail_fails_it_and_gives_no_points(sent: House) -> None:
    bounce(sent, latest_to(sent, WEI).id, report(status="5.7.1"))
    assert DeliveryState.FAILED is latest_to(sent, WEI).state
    score = score_of(sent, WEI)
    assert score is not None
    assert 0 == score.points
    assert [OTHERS] == to_of(sent, MEMBER_RETURNED)


def test_a_report_without_a_valid_token_changes_nothing(sent: House) -> None:
    sent.receive(report(), sender="", to="bounces+stranger@example.org")
    handle_all(sent)
    assert DeliveryState.DELIVERED is latest_to(sent, WEI).state
    assert (None, BASE) == (score_of(sent, WEI), kinds(sent))


def test_a_report_to_the_alias_is_a_report_like_any_other(sent: House) -> None:
    """No address is taken from a body: a forged bounce to the posting address freezes nobody."""
    named = latest_to(sent, WEI)
    raw = report().replace(b"someone@elsewhere.example", WEI.encode())
    sent.receive(raw, sender="")
    handle_all(sent)
    assert DeliveryState.DELIVERED is now_of(sent, named.id).state
    assert score_of(sent, WEI) is None
    assert 2 == kinds(sent)[COPY]


def test_a_token_of_nothing_we_know_counts_against_nobody(sent: House) -> None:
    bounce(sent, row_id(b"\x07" * 16), report())
    assert () == sent.store.read(scores.list_all)
    assert BASE == kinds(sent)


ABSENCE = b"Subject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n"


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (ABSENCE, ""),
        (ABSENCE, WEI),
        (b"Subject: gone\r\n\r\nAccess denied, user unknown.\r\n", WEI),
        (b"Precedence: auto_reply\r\n\r\nAway.\r\n", ""),
    ],
)
def test_somebodys_absence_is_no_bounce(sent: House, raw: bytes, sender: str) -> None:
    """RFC 3834 has answers sent to the envelope sender, which is where bounces go."""
    row = latest_to(sent, WEI)
    bounce(sent, row.id, raw, sender=sender)
    assert row == now_of(sent, row.id)
    assert score_of(sent, WEI) is None
    assert {**BASE, HELD_BACK: 1} == kinds(sent)
    (issue,) = {each.issue for each in sent.store.read(deliveries.list_all)}
    assert issue is not None
    found = sent.store.read(lambda tx: messages.of_issue(tx, issue))
    assert {Kind.REPORT, Kind.AUTO_REPLY} == {each.kind for each in found}


def test_an_old_form_of_bounce_is_shown_and_counts_as_temporary(sent: House) -> None:
    """What is not a report and comes from nobody may be a bounce; people look at it."""
    row = latest_to(sent, WEI)
    qmail = b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nHi. This is the "
    qmail += b"qmail-send program at mx.example.\r\n"
    bounce(sent, row.id, qmail)
    assert DeliveryState.DELIVERED is now_of(sent, row.id).state
    score = score_of(sent, WEI)
    assert score is not None
    assert 1 == score.points
    assert [OTHERS] == to_of(sent, MEMBER_RETURNED)


def test_a_bounce_that_came_before_the_relays_answer_was_recorded_waits_for_nobody(
    house: House,
) -> None:
    """It is kept; the delivery goes on as it was."""
    house.receive(plain(), sender=ROBIN)
    house.settle()
    row = latest_to(house, WEI)
    bounce(house, row.id, report())
    found: DeliveryRow = now_of(house, row.id)
    assert (DeliveryState.SEALED, "permanent") == (found.state, (found.returned or {})["meaning"])


def test_of_a_team_of_one_nobody_is_told(sent: House) -> None:
    """There is nobody whom it could reach; `doctor` says it."""
    team = replace(sent.desk.team, people=sent.desk.team.people[1:2])
    sent.desk = replace(sent.desk, team=team)
    for day in range(3):
        bounce(sent, latest_to(sent, WEI).id, report(subject=f"day {day}"))
        sent.pass_time(DAY)
        post(sent, 2 + day)
    assert [WEI] == suspended(sent)
    assert {MEMBER_RETURNED, SUSPENDED}.isdisjoint(kinds(sent))


def test_a_bounce_of_the_notice_itself_is_told_of_its_own_recipient_alone(sent: House) -> None:
    """Each of the team is told of once; then all is quiet, whatever comes back."""
    sent.pass_time(HOUR)
    for person in (WEI, *OTHERS):
        bounce(sent, latest_to(sent, person).id, report(subject=person))
    sent.settle()
    sent.collect()
    for _ in range(5):
        for row in sent.store.read(deliveries.list_all):
            if row.state is DeliveryState.DELIVERED and row.correspondent is None:
                bounce(sent, row.id, report(subject=row.id.hex()))
        sent.settle()
        sent.collect()
    assert 3 == kinds(sent)[MEMBER_RETURNED]


JUNK = b"Subject: whatever\r\n\r\nhello\r\n"


def test_junk_does_not_hide_that_mail_fails_for_good(sent: House) -> None:
    """Whoever knows one token can make a mail doubtful; what fails then is told all the same."""
    bounce(sent, latest_to(sent, WEI).id, JUNK)
    assert [OTHERS] == to_of(sent, MEMBER_RETURNED)
    post(sent, 2)
    bounce(sent, latest_to(sent, WEI).id, report())
    assert DeliveryState.FAILED is latest_copy(sent).state
    assert [OTHERS] * 2 == to_of(sent, MEMBER_RETURNED)
    post(sent, 3)
    bounce(sent, latest_copy(sent).id, JUNK)
    assert [OTHERS] * 2 == to_of(sent, MEMBER_RETURNED), "it is doubtful is less than known"


def test_mail_that_keeps_failing_is_told_of_every_day(sent: House) -> None:
    """Not once until one gets through: silence would look like mail that does."""
    for day in range(1, 4):
        bounce(sent, latest_copy(sent).id, report(subject=f"day {day}"))
        assert [OTHERS] * day == to_of(sent, MEMBER_RETURNED)
        sent.pass_time(DAY)
        post(sent, 1 + day)


def test_of_a_notice_that_comes_back_nobody_is_told(sent: House) -> None:
    """However late it does: a notice about it would come back as late, for ever."""
    andrea = PEOPLE[0][1]
    bounce(sent, latest_copy(sent).id, report())
    sent.settle()
    sent.collect()
    (notice,) = [
        row
        for row in sent.store.read(deliveries.list_all)
        if str(row.recipient) == andrea and row.issue is None
    ]
    sent.pass_time(5 * DAY)
    bounce(sent, notice.id, report(subject="after five days", status="4.4.7"))
    assert DeliveryState.FAILED is now_of(sent, notice.id).state
    assert [OTHERS] == to_of(sent, MEMBER_RETURNED)


def latest_copy(house: House) -> DeliveryRow:
    """Return the last copy of a report that went to Wei."""
    rows = [row for row in house.store.read(deliveries.list_all) if str(row.recipient) == WEI]
    kind_of = house.store.read(lambda tx: {row.id: letters.kind_of(tx, row.letter) for row in rows})
    return [row for row in rows if kind_of[row.id] == COPY][-1]
