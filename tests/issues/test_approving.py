"""Two people, of two employers where there are two, approve exactly what is done, and once.

The rules are asked directly, without mail; an effect of the test's own shows whether it was done.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import NotThere, OurFault, Refusal
from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import DAY, SECOND, Instant, later
from gatekeeper.domain.team import Person, Team
from gatekeeper.issues import approving, effects, pending, suspended
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.asking import Effect, ask, of
from gatekeeper.store import attendance, audit, issues, letters, requests
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.seal import Codec
from tests.house import PEOPLE, START, House, open_house, person_key
from tests.issues.talk import sqlite_house

SHELL = Actor(shell="shell:root")  # noqa: S604 - no process, a name
EXPIRY = 7 * DAY
NOTE = Effect(
    kind=RequestKind.WAIVE,
    title="a note of the test's",
    render=lambda _tx, _desk, issue, payload: f"Owner: {of(issue).owner}\nWhat: {payload['what']}",
    perform=lambda _tx, _desk, _issue, granted, _now: Done(lines=granted.people),
)


def people(*employers: str) -> Team:
    """Return as many of PEOPLE as there are employers."""
    named = zip(PEOPLE, employers, strict=False)
    return Team(
        people=tuple(
            Person(
                name=name,
                address=Address.parse(address),
                employer=employer,
                keys=(person_key(index).fingerprint,),
            )
            for index, ((name, address), employer) in enumerate(named)
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A house with an issue in it, in which something is asked for and approved."""

    house: House
    issue: IssueRow

    @property
    def store(self) -> Store:
        """The database."""
        return self.house.store

    def by(self, person: int) -> Actor:
        """Return one of PEOPLE as an actor."""
        return Actor(person=self.house.desk.team.people[person])

    def ask(self, actor: Actor) -> Done:
        """Ask for the effect of the test's own."""
        desk, payload = self.house.desk, {"what": "anything"}
        return self.store.write(
            lambda tx: ask(
                tx, desk, NOTE, issue=self.issue, actor=actor, payload=payload, now=START
            )
        )

    def approve(
        self, person: int, effect: str, *, now: Instant = START, issue: IssueRow | None = None
    ) -> Done:
        """Have one of PEOPLE approve, in the issue as it is now, or in another."""
        return self.approve_as(self.by(person), effect, now=now, issue=issue)

    def approve_as(
        self, actor: Actor, effect: str, *, now: Instant = START, issue: IssueRow | None = None
    ) -> Done:
        """Have somebody approve."""
        desk = self.house.desk

        def write(tx: Tx) -> Done:
            where = issue or issues.by_row(tx, self.issue.id)
            return approving.approve(tx, desk, issue=where, actor=actor, effect=effect, now=now)

        return self.store.write(write)

    def refuse(self, actor: Actor, effect: str) -> Done:
        """Say no."""
        desk, issue = self.house.desk, self.issue
        return self.store.write(
            lambda tx: approving.refuse(
                tx, desk, issue=issue, actor=actor, effect=effect, why="too early", now=START
            )
        )

    def withdraw(self, actor: Actor, effect: str) -> Done:
        """Take it back."""
        desk, issue = self.house.desk, self.issue
        return self.store.write(
            lambda tx: approving.withdraw(
                tx, desk, issue=issue, actor=actor, effect=effect, now=START
            )
        )

    def state(self, effect: str) -> str:
        """Return the state of a request."""
        found = self.store.read(lambda tx: requests.by_effect(tx, bytes.fromhex(effect)))
        assert found is not None
        return found.state

    def logged(self) -> list[str]:
        """Return what the event log says of requests."""
        entries = self.store.read(lambda tx: audit.of_issue(tx, self.issue.id))
        return [each.kind for each in entries if each.kind.startswith("request.")]


@contextmanager
def a_room(house: House, team: Team) -> Iterator[Room]:
    """Lend a room with another team, in which the effect of the test's own is known."""
    house.desk = replace(house.desk, team=team)
    issue = house.store.write(
        lambda tx: issues.open_issue(
            tx,
            product=house.desk.product,
            prefix="SEC",
            tag=short_tag(house.desk.chance(16)),
            subject="A report",
            reporter="robin@research.example",
            now=START,
        )
    )
    yield Room(house=house, issue=issue)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "EFFECTS", {**effects.EFFECTS, NOTE.kind: NOTE})


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path, codec: Codec) -> Iterator[House]:
    with sqlite_house(sqlite_template, tmp_path, codec) as lent:
        yield lent


@pytest.fixture
def room(house: House) -> Iterator[Room]:
    """Two people of one employer, and one of another."""
    with a_room(house, people("Example", "Example", "Vendor")) as lent:
        yield lent


def test_two_people_of_two_employers_are_enough(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    assert (room.by(0).name, room.by(2).name) == room.approve(2, effect).lines
    assert requests.DONE == room.state(effect)
    assert ["request.made", "request.approved", "request.done"] == room.logged()


def test_a_second_person_of_the_same_employer_is_refused_and_nothing_is_kept(room: Room) -> None:
    """An approval that leads nowhere is told so at once, and does not stand in the way."""
    effect = room.ask(room.by(0)).waiting
    with pytest.raises(Refusal, match="somebody of another employer") as caught:
        room.approve(1, effect)
    assert "ask Sam Example" == caught.value.remedy
    assert requests.WAITING == room.state(effect)
    assert ["request.made"] == room.logged()
    room.approve(2, effect)
    assert requests.DONE == room.state(effect)


def test_nobody_approves_the_own_twice(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    with pytest.raises(Refusal, match="you asked for it yourself"):
        room.approve(0, effect)
    shells = room.ask(SHELL).waiting
    room.approve(0, shells)
    with pytest.raises(Refusal, match="you approved it before"):
        room.approve(0, shells)
    assert requests.WAITING == room.state(shells)


def test_a_request_from_a_shell_counts_as_no_approval_and_a_shell_gives_none(room: Room) -> None:
    effect = room.ask(SHELL).waiting
    counted = room.approve(0, effect)
    assert effect == counted.waiting
    assert "of an employer other than Example to approve" not in counted.lines[0]
    assert "1 more person has to approve, of an employer other than Example" in counted.lines[0]
    assert "(Sam Example)" in counted.lines[0]
    for act in (room.approve_as, room.refuse):
        with pytest.raises(Refusal, match="a shell cannot approve or refuse anything"):
            act(SHELL, effect)
    room.approve(2, effect)
    assert requests.DONE == room.state(effect)


def test_what_has_changed_since_is_not_what_was_approved(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    room.store.write(
        lambda tx: issues.set_owner(tx, issue=room.issue.id, owner="Wei Example", now=START)
    )
    with pytest.raises(Refusal, match="not what was approved any more"):
        room.approve(2, effect)
    (shown,) = room.store.read(lambda tx: pending.pending(tx, room.house.desk))
    assert shown.changed


def test_a_refusal_ends_it_and_says_who_and_why(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    with pytest.raises(Refusal, match="you asked for it yourself") as caught:
        room.refuse(room.by(0), effect)
    assert f"!SEC-2026-0001@example.org withdraw {effect}" in caught.value.remedy
    said = room.refuse(room.by(1), effect)
    assert "asked for by Andrea Example, is refused: too early" in said.lines[0]
    assert requests.REFUSED == room.state(effect)
    with pytest.raises(Refusal, match='it was refused by Wei Example: "too early"'):
        room.approve(2, effect)


def test_only_who_asked_takes_it_back(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    with pytest.raises(Refusal, match="Andrea Example asked for it"):
        room.withdraw(room.by(1), effect)
    with pytest.raises(Refusal, match="Andrea Example asked for it"):
        room.withdraw(SHELL, effect)
    room.withdraw(room.by(0), effect)
    with pytest.raises(Refusal, match="it was taken back by Andrea Example"):
        room.approve(2, effect)
    shells = room.ask(SHELL).waiting
    room.withdraw(SHELL, shells)
    assert requests.WITHDRAWN == room.state(shells)


def test_who_comes_second_is_told_what_was_done(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    room.approve(2, effect)
    with pytest.raises(Refusal, match="done already, as Andrea Example and Sam Example wanted"):
        room.approve(1, effect)


def test_it_is_approved_where_it_waits_and_by_the_whole_hash(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    with a_room(room.house, room.house.desk.team) as other:
        with pytest.raises(Refusal, match="that waits in SEC-2026-0001"):
            room.approve(2, effect, issue=other.issue)
        with pytest.raises(NotThere, match="nothing waits in SEC-2026-0002"):
            room.approve(2, "f" * 64, issue=other.issue)
    with pytest.raises(Refusal, match="names the full hash") as caught:
        room.approve(2, effect[:12])
    assert effect in caught.value.remedy
    with pytest.raises(NotThere, match="nothing of that hash waits in SEC-2026-0001"):
        room.approve(2, "f" * 64)
    with pytest.raises(Refusal, match="that waits in SEC-2026-0001"):
        room.store.write(
            lambda tx: approving.approve(
                tx, room.house.desk, issue=None, actor=room.by(2), effect=effect, now=START
            )
        )


def test_what_waits_too_long_ends_once_and_is_told(room: Room) -> None:
    effect = room.ask(room.by(0)).waiting
    end = later(START, EXPIRY)
    with pytest.raises(Refusal, match="it waited until Thu 2026-09-10 12:00:00Z, and ended"):
        room.approve(2, effect, now=end)
    desk = room.house.desk
    told = len(room.store.read(lambda tx: letters.of_issue(tx, room.issue.id)))
    moments = (later(end, -SECOND), end, later(end, DAY))
    ended = [
        room.store.write(partial(approving.expire, desk=desk, now=moment)) for moment in moments
    ]
    assert [0, 1, 0] == ended
    assert requests.EXPIRED == room.state(effect)
    new = room.store.read(lambda tx: letters.of_issue(tx, room.issue.id))[told:]
    assert ["[SEC-2026-0001] Not approved in time: a note of the test's"] == [
        str((each.summary or {})["subject"]) for each in new
    ]
    with pytest.raises(Refusal, match="it waited too long"):
        room.approve(2, effect, now=end)


def test_whoever_is_suspended_approved_nothing(room: Room) -> None:
    """Neither before nor after; and what they asked for is taken back."""
    wei = room.house.desk.team.people[1]
    shells, weis = room.ask(SHELL).waiting, room.ask(room.by(1)).waiting
    room.approve(1, shells)
    room.store.write(lambda tx: attendance.suspend(tx, person=wei.address, now=START))
    voided = room.store.write(lambda tx: suspended.void(tx, wei, now=START))
    assert (1, 1) == (voided.approvals, voided.requests)
    assert requests.WITHDRAWN == room.state(weis)
    with pytest.raises(Refusal, match="your approval does not count"):
        room.approve(1, shells)
    room.approve(0, shells)
    assert requests.WAITING == room.state(shells)
    room.approve(2, shells)
    assert requests.DONE == room.state(shells)


@pytest.mark.parametrize(
    ("employers", "asks", "approves", "said"),
    [
        (("Example",), 0, (), "1 person is all of the team"),
        (("Example", "Example"), 0, (1,), "everybody of the team is employed by Example"),
    ],
)
def test_a_small_team_works_with_all_it_has_and_says_so(
    house: House, employers: tuple[str, ...], asks: int, approves: tuple[int, ...], said: str
) -> None:
    with a_room(house, people(*employers)) as room:
        done = room.ask(room.by(asks))
        for person in approves:
            done = room.approve(person, done.waiting)
        assert "" == done.waiting
        assert f"approve: fewer than usual were enough: {said}" in done.lines[-1]


def test_a_team_of_one_need_not_be_enough(house: House) -> None:
    policy = house.desk.policy
    approvals = replace(policy.approvals, alone_allowed=False)
    with a_room(house, people("Example")) as room:
        house.desk = replace(house.desk, policy=replace(policy, approvals=approvals))
        done = room.ask(room.by(0))
        assert "1 person is all of the team, and 2 have to approve" in done.lines[0]
        assert requests.WAITING == room.state(done.waiting)


def test_what_waits_is_shown_with_all_of_its_effect(room: Room) -> None:
    effect = room.ask(SHELL).waiting
    (shown,) = room.store.read(lambda tx: pending.pending(tx, room.house.desk))
    assert "Issue:        SEC-2026-0001 at security@example.org\nOnce: " in shown.text
    assert shown.text.endswith("\nOwner: \nWhat: anything\n")
    assert "Andrea Example, Wei Example or Sam Example" == shown.who
    assert f"!SEC-2026-0001@example.org approve {effect}" == shown.approve
    assert not shown.changed


def test_two_who_approve_at_once_do_it_once(store: Store) -> None:
    """On each database one of them wins; the other is told what was done."""
    with open_house(store) as house, a_room(house, people("Example", "Vendor", "Other")) as room:
        effect = room.ask(room.by(0)).waiting
        said: list[str] = []

        def approve(person: int) -> None:
            try:
                said.append(" ".join(room.approve(person, effect).lines))
            except OurFault as error:
                said.append(error.public)
            except Refusal as error:
                said.append(error.public)

        threads = [threading.Thread(target=approve, args=(person,)) for person in (1, 2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert 1 == room.logged().count("request.done")
        assert 1 == sum("already" in each for each in said)
