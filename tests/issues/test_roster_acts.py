"""One word suspends, two bring back; what rests on the word of the suspended is void (S-0)."""

from dataclasses import replace

import pytest

from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.instants import DAY, HOUR, later
from gatekeeper.domain.team import Team
from gatekeeper.issues import approving, roster_acts, running
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.store import attendance, audit, paper_codes, requests
from tests.house import House
from tests.issues.governed import SHELL, adopted, approved, asked, in_force, person, told

POLICY = Content(kind=Kind.POLICY, tree={"outbox": {"batch": "8"}})
SAM = "sam@vendor.example"


def suspended(house: House, name: str = SAM, by: Actor = SHELL) -> Done:
    """Suspend somebody."""
    return house.store.write(
        lambda tx: roster_acts.suspend(tx, house.desk, actor=by, name=name, now=house.now)
    )


def force(house: House) -> running.Force:
    """Return what is in force."""
    return house.store.read(lambda tx: running.of(tx, now=house.now))


def test_a_shell_is_enough_and_the_others_are_told(house: House) -> None:
    adopted(house)
    before = force(house)
    suspended(house)
    assert frozenset({SAM}) == force(house).suspended
    assert before.mark != force(house).mark
    assert force(house).mark == house.store.read(lambda tx: running.mark_of(tx, now=house.now))
    (said,) = told(house, "Wei Example")
    assert "Sam Example <sam@vendor.example> was suspended by shell:root." in said
    assert [] == told(house, "Sam Example")
    (entry,) = house.store.read(lambda tx: audit.listed(tx, kind=roster_acts.SUSPENDED))
    assert "shell:root" == entry.actor


def test_what_they_asked_for_approved_and_hold_is_void(house: House) -> None:
    adopted(house)
    sam = person(house, 2)
    mine = asked(house, POLICY, Actor(person=sam))
    other = asked(house, Content(kind=Kind.TEMPLATES, tree={"note.txt": "after"}))
    approved(house, other.waiting, 2)
    house.store.write(
        lambda tx: paper_codes.add_all(tx, person=sam.address, codes=["a"], now=house.now)
    )
    done = suspended(house)
    for words in ("1 approval of what waits is void", "1 request of theirs", "1 code on paper"):
        assert words in done.lines[0]
    gone = house.store.read(lambda tx: requests.by_effect(tx, bytes.fromhex(mine.waiting)))
    assert gone is not None
    assert requests.WITHDRAWN == gone.state
    approved(house, other.waiting, 0)
    assert "after" != in_force(house, Kind.TEMPLATES).tree["note.txt"]
    with pytest.raises(Refusal):
        approved(house, other.waiting, 2)
    approved(house, other.waiting, 1)
    assert "after" == in_force(house, Kind.TEMPLATES).tree["note.txt"]


def test_an_approval_stays_void_when_they_are_back(house: House) -> None:
    adopted(house)
    other = asked(house, POLICY)
    approved(house, other.waiting, 2)
    suspended(house)
    back = house.store.write(
        lambda tx: roster_acts.reinstate(tx, house.desk, actor=SHELL, name=SAM, now=house.now)
    )
    approved(house, back.waiting, 0)
    approved(house, back.waiting, 1)
    approved(house, other.waiting, 0)
    assert POLICY != in_force(house, Kind.POLICY)


def test_two_others_bring_somebody_back(house: House) -> None:
    adopted(house)
    suspended(house)
    done = house.store.write(
        lambda tx: roster_acts.reinstate(
            tx, house.desk, actor=Actor(person=person(house, 0)), name="Sam Example", now=house.now
        )
    )
    with pytest.raises(Refusal):
        approved(house, done.waiting, 2)
    assert frozenset({SAM}) == force(house).suspended
    approved(house, done.waiting, 1)
    assert frozenset() == force(house).suspended
    assert any("Sam Example counts as one" in text for text in told(house, "Wei Example"))


def test_who_is_suspended_already_and_who_is_not(house: House) -> None:
    adopted(house)
    with pytest.raises(Refusal, match="is not suspended"):
        house.store.write(
            lambda tx: roster_acts.reinstate(tx, house.desk, actor=SHELL, name=SAM, now=house.now)
        )
    suspended(house)
    with pytest.raises(Refusal, match="suspended already"):
        suspended(house)
    with pytest.raises(NotThere, match="nobody of the team"):
        suspended(house, "Kim")


def test_nobody_is_left_alone_without_anybody(house: House) -> None:
    adopted(house)
    house.desk = replace(house.desk, team=Team(people=house.desk.team.people[:1]))
    with pytest.raises(Refusal, match="the only one"):
        suspended(house, "Andrea Example")


def test_a_suspension_lowers_nothing_for_seven_days(house: House) -> None:
    """Whoever holds one stolen key cannot suspend all others and then decide alone (P-8)."""
    adopted(house)
    suspended(house)
    assert force(house).fresh
    mark = force(house).mark
    house.pass_time(7 * DAY)
    assert not force(house).fresh
    assert mark != force(house).mark


def test_who_is_away_and_back(house: House) -> None:
    adopted(house)
    until = later(house.now, DAY)
    wei = Actor(person=person(house, 1))
    house.store.write(
        lambda tx: roster_acts.away(tx, house.desk, actor=wei, until=until, now=house.now)
    )
    (row,) = house.store.read(attendance.list_all)
    assert (wei.person, until) == (person(house, 1), row.away_until)
    assert row.person == person(house, 1).address
    with pytest.raises(Refusal, match="is over"):
        house.store.write(
            lambda tx: roster_acts.away(
                tx, house.desk, actor=wei, until=later(house.now, -HOUR), now=house.now
            )
        )
    house.store.write(
        lambda tx: roster_acts.away(
            tx, house.desk, actor=SHELL, name="Wei Example", until=None, now=house.now
        )
    )
    assert not house.store.read(attendance.list_all)[0].is_away(house.now)


def test_nobody_speaks_for_another_by_mail(house: House) -> None:
    """A name beside a signed mail changes nothing: the signer is away, nobody else."""
    adopted(house)
    andrea = Actor(person=person(house, 0))
    house.store.write(
        lambda tx: roster_acts.away(
            tx, house.desk, actor=andrea, name=SAM, until=later(house.now, DAY), now=house.now
        )
    )
    assert person(house, 0).address == house.store.read(attendance.list_all)[0].person


def test_codes_go_to_one_alone_and_each_works_once(house: House) -> None:
    adopted(house)
    sam = person(house, 2)
    done = house.store.write(
        lambda tx: roster_acts.codes(tx, house.desk, actor=SHELL, name=SAM, now=house.now)
    )
    (letter,) = told(house, "Sam Example")
    codes = [line.split()[1] for line in letter.splitlines() if line.count("-") == 3]
    assert 10 == len(set(codes))
    assert not any(code in "".join(done.lines) for code in codes)
    (others,) = told(house, "Wei Example")
    assert "Sam Example gets 10 new codes on paper" in others
    assert not any(code in others for code in codes)

    def redeem(code: str) -> bool:
        return house.store.write(
            lambda tx: paper_codes.redeem(tx, person=sam.address, code=code, now=house.now)
        )

    assert [True, False] == [redeem(codes[0]), redeem(codes[0])]
    house.store.write(
        lambda tx: roster_acts.codes(tx, house.desk, actor=SHELL, name=SAM, now=house.now)
    )
    assert not redeem(codes[1])


def test_what_was_approved_is_what_is_done(house: House) -> None:
    """Somebody reinstated meanwhile is not reinstated again by an older request."""
    adopted(house)
    suspended(house)

    def ask() -> str:
        return house.store.write(
            lambda tx: roster_acts.reinstate(tx, house.desk, actor=SHELL, name=SAM, now=house.now)
        ).waiting

    first, second = ask(), ask()
    approved(house, first, 0)
    approved(house, first, 1)
    with pytest.raises(Refusal):
        house.store.write(
            lambda tx: approving.approve(
                tx,
                house.desk,
                issue=None,
                actor=Actor(person=person(house, 0)),
                effect=second,
                now=house.now,
            )
        )
