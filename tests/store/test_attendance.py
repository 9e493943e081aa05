"""Who is there, what they were reminded of, their codes on paper, and what is in force for them."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, later
from gatekeeper.store import applied, attendance, paper_codes, reminded
from gatekeeper.store.applied import Applied
from gatekeeper.store.attendance import Attendance
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.procedure import paper_codes as codes_table
from tests.store import samples
from tests.store.samples import ALICE, BOB, NOW

UNTIL = later(NOW, 7 * DAY)
SPELLED = Address.parse("alice@TEAM.example")


def test_who_is_not_listed_is_there(store: Store) -> None:
    assert Attendance(person=ALICE) == store.read(partial(attendance.get, person=ALICE))
    assert () == store.read(attendance.list_all)


def test_a_person_is_away_until_they_are_back(store: Store) -> None:
    away = partial(attendance.away, person=ALICE, now=NOW)
    store.write(partial(away, until=UNTIL))
    found = store.read(partial(attendance.get, person=SPELLED))
    assert (UNTIL, None) == (found.away_until, found.suspended_at)
    assert [True, False] == [found.is_away(at) for at in (later(UNTIL, -1), UNTIL)]
    store.write(partial(away, until=None))
    assert not store.read(partial(attendance.get, person=ALICE)).is_away(NOW)


def test_a_person_is_suspended_once_and_reinstated_once(store: Store) -> None:
    store.write(partial(attendance.away, person=BOB, until=UNTIL, now=NOW))
    for person in (BOB, ALICE):
        assert not store.write(partial(attendance.reinstate, person=person, now=NOW))
        suspend = partial(attendance.suspend, person=person)
        assert [True, False] == [
            store.write(partial(suspend, now=at)) for at in (NOW, later(NOW, 1))
        ]
    everybody = (
        Attendance(person=ALICE, suspended_at=NOW),
        Attendance(person=BOB, away_until=UNTIL, suspended_at=NOW),
    )
    assert everybody == store.read(attendance.list_all)
    assert store.write(partial(attendance.reinstate, person=BOB, now=NOW))
    assert replace(everybody[1], suspended_at=None) == store.read(
        partial(attendance.get, person=BOB)
    )


def test_a_reminder_is_given_once_for_each_issue_and_for_none(store: Store) -> None:
    issue = store.write(samples.issue).id
    for about in (issue, None):
        first = partial(reminded.first_time, key="date T-7 d", issue=about)
        last = partial(reminded.last, key="date T-7 d", issue=about)
        assert store.read(last) is None
        assert [True, False] == [store.write(partial(first, now=at)) for at in (NOW, UNTIL)]
        assert NOW == store.read(last)
        forget = partial(reminded.forget, key="date T-7 d", issue=about)
        assert [True, False] == [store.write(forget) for _ in range(2)]
        assert store.write(partial(first, now=UNTIL))
    other = partial(reminded.first_time, key="date T-24 h", issue=issue, now=NOW)
    assert store.write(other)


def test_old_reminders_of_no_issue_are_forgotten(store: Store) -> None:
    issue = store.write(samples.issue).id
    for about in (issue, None):
        store.write(partial(reminded.first_time, key="k", issue=about, now=NOW))
    forget = partial(reminded.forget_old)
    assert [0, 1] == [store.write(partial(forget, before=at)) for at in (NOW, later(NOW, 1))]
    assert [NOW, None] == [
        store.read(partial(reminded.last, key="k", issue=about)) for about in (issue, None)
    ]


def test_a_code_on_paper_is_good_once_and_for_its_person_alone(store: Store) -> None:
    add = partial(paper_codes.add_all, now=NOW)
    store.write(partial(add, person=ALICE, codes=["K7Q2-9XMD", "4R5T-ABCD", "4r5t abcd"]))
    store.write(partial(add, person=BOB, codes=["JJJJ-0000"]))
    left = partial(paper_codes.left, person=ALICE)
    assert 2 == store.read(left)
    for person, code, expected in (
        (BOB, "K7Q2-9XMD", False),
        (ALICE, "K7Q2-9XME", False),
        (SPELLED, "k7q2 9xmd", True),
        (ALICE, "K7Q2-9XMD", False),
    ):
        redeem = partial(paper_codes.redeem, person=person, code=code, now=NOW)
        assert expected is store.write(redeem), code
    assert 1 == store.read(left)
    rows = select(func.count()).select_from(codes_table)
    assert 3 == store.read(lambda tx: tx.connection.scalar(rows))


def test_new_codes_replace_the_old_and_all_may_be_revoked(store: Store) -> None:
    add = partial(paper_codes.add_all, person=ALICE, now=NOW)
    store.write(partial(add, codes=["OLD-1", "OLD-2"]))
    store.write(partial(add, codes=["NEW-1"]))
    redeem = partial(paper_codes.redeem, person=ALICE, now=NOW)
    assert not store.write(partial(redeem, code="OLD-1"))
    revoke = partial(paper_codes.revoke_all, person=ALICE)
    assert [1, 0] == [store.write(revoke) for _ in range(2)]
    assert not store.write(partial(redeem, code="NEW-1"))


def test_what_is_in_force_is_adopted_once_and_then_replaced(store: Store) -> None:
    first = Applied(kind="team", digest=b"1" * 32, content="Änderung".encode(), at=NOW)
    assert store.read(partial(applied.get, kind="team")) is None
    second = replace(first, digest=b"2" * 32, content=b"other", at=UNTIL)
    assert [True, False] == [
        store.write(partial(applied.adopt, new=one)) for one in (first, second)
    ]
    assert first == store.read(partial(applied.get, kind="team"))
    store.write(partial(applied.replace, new=second, before=first.digest))
    assert (second,) == store.read(applied.list_all)
    policy = replace(first, kind="policy")
    for wrong in (replace(first, digest=b"3" * 32), policy):
        with pytest.raises(Conflict, match="changed meanwhile"):
            store.write(partial(applied.replace, new=wrong, before=first.digest))
    assert (second,) == store.read(applied.list_all)


def test_nothing_else_is_governed() -> None:
    with pytest.raises(ValueError, match="nothing governed is called keys"):
        Applied(kind="keys", digest=b"", content=b"", at=NOW)
