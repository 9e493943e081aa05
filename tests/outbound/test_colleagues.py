"""A copy to a colleague that fails for good is told to the others, once a day, and never them."""

import itertools

import pytest

from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.instants import DAY
from gatekeeper.issues.notices import MEMBER_RETURNED
from gatekeeper.store import deliveries, letters
from gatekeeper.store.deliveries import DeliveryRow
from tests.house import PEOPLE, House
from tests.issues.bounced import bounce, now_of, report
from tests.issues.reports import plain

REFUSED = Attempt(outcome=Outcome.REFUSED, reply="550 5.1.1 no such user")
TAKEN = Attempt(outcome=Outcome.DELIVERED, reply="250 2.0.0 taken")
WEI = PEOPLE[1][1]


def pass_on(house: House, *refused: str) -> None:
    """Send all that is due; the relay refuses these recipients."""
    outbox = house.outbox
    for _ in range(20):
        house.settle()
        for job in outbox.claim():
            outbox.record(job, REFUSED if str(job.recipient) in refused else TAKEN)


def told(house: House) -> list[DeliveryRow]:
    """Return the deliveries of the notices about colleagues."""
    rows = house.store.read(deliveries.list_all)
    kinds = house.store.read(
        lambda tx: {row.letter: letters.kind_of(tx, row.letter) for row in rows}
    )
    return [row for row in rows if kinds[row.letter] == MEMBER_RETURNED]


def test_the_others_are_told_once_a_day(house: House) -> None:
    house.receive(plain())
    pass_on(house, WEI)
    others = sorted(address for _, address in PEOPLE if address != WEI)
    assert others == sorted(str(row.recipient) for row in told(house))
    house.receive(plain(text=b"a second one\r\n", message_id="<2@r.example>"))
    pass_on(house, WEI)
    assert 2 == len(told(house))
    house.pass_time(DAY + 1)
    house.receive(plain(text=b"a third one\r\n", message_id="<3@r.example>"))
    pass_on(house, WEI)
    assert 4 == len(told(house))


def test_when_mail_fails_for_all_it_comes_to_rest(house: House) -> None:
    """Each failure is listed, and no notice is about a notice."""
    house.receive(plain())
    pass_on(house, *(address for _, address in PEOPLE))
    rows = house.store.read(deliveries.list_all)
    team = [row for row in rows if row.correspondent is None]
    assert {DeliveryState.FAILED} == {row.state for row in team}
    assert 6 == len(told(house))
    assert () == house.outbox.claim()


JUNK = b"Subject: whatever\r\n\r\nhello\r\n"


def copy_of(house: House, number: int, *refused: str) -> DeliveryRow:
    """Have somebody report, and return Wei's copy once all was sent."""
    house.receive(plain(text=b"%d\r\n" % number, message_id=f"<{number}@r.example>"))
    pass_on(house, *refused)
    rows = house.store.read(deliveries.list_all)
    return [row for row in rows if str(row.recipient) == WEI and row.issue is not None][-1]


def test_what_the_relay_refuses_after_junk_came_back_is_told(house: House) -> None:
    bounce(house, copy_of(house, 1).id, JUNK)
    assert 2 == len(told(house)), "it may not have arrived"
    copy_of(house, 2, WEI)
    assert 4 == len(told(house)), "it failed for good"


@pytest.mark.parametrize("ways", list(itertools.product(("relay", "bounce"), repeat=2)))
def test_a_failure_is_told_once_a_day_whichever_way_it_comes(
    house: House, ways: tuple[str, ...]
) -> None:
    for number, way in enumerate(ways):
        row = copy_of(house, number, *([WEI] if way == "relay" else []))
        if way == "bounce":
            bounce(house, row.id, report(subject=f"{number}"))
        assert DeliveryState.FAILED is now_of(house, row.id).state
        assert 2 == len(told(house))
    house.pass_time(DAY + 1)
    bounce(house, copy_of(house, 7).id, report(subject="a day later"))
    assert 4 == len(told(house))


def test_the_failures_of_two_are_told_apart(house: House) -> None:
    sam = PEOPLE[2][1]
    copy_of(house, 1, WEI, sam)
    assert 4 == len(told(house))
