"""A frozen database works again when two people have signed exactly what it holds."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import HOUR, later
from gatekeeper.domain.team import Team
from gatekeeper.issues import reaffirming
from gatekeeper.issues.acting import Actor
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.reaffirming import Place, Statement
from gatekeeper.store import audit, deliveries, frozen, issues, setback, witness
from gatekeeper.store.chain import Head
from gatekeeper.store.tx import Tx
from gatekeeper.store.witness import Witness
from tests.house import ALIAS, House
from tests.issues.ordering import order
from tests.issues.reports import stranger_key
from tests.issues.talk import ROBINS, Talk, a_talk

LOST = Witness(
    era=0,
    head=Head(seq=900, digest=b"d" * 32),
    numbers=(IssueId(prefix="SEC", year=2026, number=40),),
)
HERE = f"This is for {ALIAS}."


@pytest.fixture
def talk(house: House) -> Iterator[Talk]:
    """Lend a conversation of which one report was sent to nobody when the database was frozen."""
    with a_talk(house) as lent:
        lent.handle(lent.text("It overflows."), sender=ROBINS)
        now = house.now
        house.store.write(
            lambda tx: setback.stop(tx, reason="it was set back.", now=now, witness=LOST)
        )
        yield lent


def shown(talk: Talk, after: IssueId | None = None) -> Statement:
    """Return what there is to sign."""
    desk = talk.house.desk
    place = Place(alias=desk.own.security, prefix=desk.prefix, team=desk.team)

    def look(tx: Tx) -> Statement:
        freeze = frozen.of(tx)
        assert freeze is not None
        return reaffirming.statement(tx, place, freeze, after=after)

    return talk.house.store.read(look)


def is_frozen(talk: Talk) -> bool:
    """Say whether the database is frozen."""
    return talk.house.store.read(frozen.of) is not None


def say(talk: Talk, person: int, words: str = "") -> None:
    """Have one of the team reaffirm by signed mail what there is, or order something else."""
    words = words or f"!reaffirm {shown(talk).digest.hex()}"
    talk.house.pass_time(1_000_000)
    order(talk, f"{words}\n{HERE}\n", person=person)


def kinds(talk: Talk) -> list[str]:
    """Return what the log says of the database itself."""
    rows = talk.house.store.read(lambda tx: audit.listed(tx, kind="database."))
    return [row.kind.removeprefix("database.") for row in rows]


def test_the_statement_says_what_people_must_know(talk: Talk) -> None:
    talk.house.pass_time(HOUR)
    talk.handle(talk.text("Later.", subject="Later"), sender="other@research.example")
    freeze = talk.house.store.read(frozen.of)
    assert freeze is not None
    text = shown(talk).text
    keys = [key for person in talk.house.desk.team.people for key in person.keys]
    assert all(key in "".join(text.split()) for key in keys)
    for expected in (
        str(ALIAS),
        "it was set back.",
        f"ends with entry {freeze.head.seq}, {freeze.head.digest.hex()}",
        f"entry 900, {'64' * 32}, which is not in it",
        "4 deliveries that may have been sent",
        "go on after SEC-2026-0040",
        "SEC-2026-0001 reported, opened 2026-09-03T12:00:00Z",
    ):
        assert expected in text
    assert "SEC-2026-0041" not in text, "what came since is nothing to reaffirm"


def test_two_people_thaw_it(talk: Talk) -> None:
    say(talk, 0)
    assert is_frozen(talk)
    say(talk, 1)
    assert not is_frozen(talk)
    assert ["frozen", "reaffirmed", "reaffirmed", "thawed"] == kinds(talk)
    assert () == talk.house.store.read(audit.verify)
    assert "" == talk.house.store.read(lambda tx: witness.setback(tx, LOST))
    assert 1 == len(talk.house.store.read(issues.list_all)), "the mails opened no issue"


def test_nothing_of_before_goes_out_and_what_is_new_does(talk: Talk) -> None:
    """The copies of the report of before stay blocked, and each can be tried again."""
    assert [] == talk.work()
    say(talk, 0)
    say(talk, 1)
    left = talk.work()
    assert left, "the copies of the two mails that reaffirmed it"
    rows = talk.house.store.read(deliveries.list_all)
    held = [row for row in rows if row.state is DeliveryState.BLOCKED]
    assert 4 == len(held), "three copies of the report, and its acknowledgement"
    row = held[0].id
    talk.house.store.write(lambda tx: deliveries.retry(tx, delivery=row, now=talk.house.now))
    assert [row] == [job.id for job in talk.work()]


def test_one_person_alone_does_not_thaw_it(talk: Talk) -> None:
    for _ in range(3):
        say(talk, 0)
    assert is_frozen(talk)
    assert ["frozen", "reaffirmed", "not_reaffirmed", "not_reaffirmed"] == kinds(talk)


@pytest.mark.parametrize("digits", ["0" * 64, "f" * 64])
def test_another_hash_does_not_count_and_is_kept_in_the_log(talk: Talk, digits: str) -> None:
    say(talk, 0, f"!reaffirm {digits}")
    assert ["frozen", "not_reaffirmed"] == kinds(talk)
    last = talk.house.store.read(lambda tx: audit.listed(tx, kind="database."))[-1]
    assert "gatekeeper audit frozen" in str(last.payload)


def test_a_prefix_of_the_hash_does_not_count(talk: Talk) -> None:
    say(talk, 0, f"!reaffirm {shown(talk).digest.hex()[:60]}")
    assert ["frozen"] == kinds(talk)


def test_a_mail_that_is_not_signed_by_the_team_or_names_no_installation_does_not_count(
    talk: Talk,
) -> None:
    words = f"!reaffirm {shown(talk).digest.hex()}\n"
    talk.handle(talk.text(f"{words}{HERE}", sender="andrea@team.example"), sender=ROBINS)
    forged = talk.sealed(f"{words}{HERE}", by=stranger_key(), sender="andrea@team.example")
    talk.handle(forged, sender=ROBINS)
    order(talk, words)
    assert ["frozen"] == kinds(talk)


def test_a_mail_that_comes_twice_counts_once(talk: Talk) -> None:
    words = f"!reaffirm {shown(talk).digest.hex()}\n{HERE}\n"
    order(talk, words)
    order(talk, words)
    assert is_frozen(talk)
    assert ["frozen", "reaffirmed"] == kinds(talk)


def test_what_changed_since_the_first_must_be_signed_anew_by_both(talk: Talk) -> None:
    """Another host's witness comes to light between the two."""
    say(talk, 0)
    seen = replace(LOST, head=Head(seq=950, digest=b"e" * 32))
    talk.house.store.write(lambda tx: setback.stop(tx, reason="", now=talk.house.now, witness=seen))
    say(talk, 1)
    assert is_frozen(talk)
    say(talk, 0)
    assert not is_frozen(talk)
    assert "" == talk.house.store.read(lambda tx: witness.setback(tx, seen))


def test_what_was_signed_of_an_earlier_freeze_thaws_no_later_one(talk: Talk) -> None:
    """The two mails of then, which anybody may send again, to a copy that was made before them."""
    words = f"!reaffirm {shown(talk).digest.hex()}"
    now = talk.house.now
    talk.house.store.write(lambda tx: setback.stop(tx, reason="it was set back.", now=now))
    assert words != f"!reaffirm {shown(talk).digest.hex()}"
    for person in (0, 1):
        say(talk, person, words)
    assert is_frozen(talk)
    assert ["frozen", "frozen", "not_reaffirmed", "not_reaffirmed"] == kinds(talk)
    for person in (0, 1):
        say(talk, person)
    assert not is_frozen(talk)


def test_what_one_signed_of_an_earlier_freeze_does_not_count(talk: Talk) -> None:
    say(talk, 0)
    now = talk.house.now
    talk.house.store.write(lambda tx: setback.stop(tx, reason="it was set back.", now=now))
    say(talk, 1)
    assert is_frozen(talk)
    assert (talk.house.desk.team.people[1],) == shown(talk).by


def test_people_name_a_higher_number(talk: Talk) -> None:
    after = IssueId(prefix="SEC", year=2026, number=77)
    digest = shown(talk, after).digest.hex()
    say(talk, 0, f"!reaffirm {digest}")
    say(talk, 0, f"!reaffirm {digest} after={after}")
    assert "go on after SEC-2026-0077" in shown(talk, after).text
    say(talk, 1, f"!reaffirm {digest} after={after}")
    assert not is_frozen(talk)
    talk.handle(talk.text("New."), sender="new@research.example")
    assert 78 == talk.house.store.read(issues.list_all)[-1].issue_id.number


@pytest.mark.parametrize("after", ["OTHER-2026-0007", "SEC-2026", "none"])
def test_a_number_of_elsewhere_is_refused(talk: Talk, after: str) -> None:
    say(talk, 0, f"!reaffirm {shown(talk).digest.hex()} after={after}")
    assert ["frozen", "not_reaffirmed"] == kinds(talk)


def test_answers_to_mail_that_was_handled_again_do_not_go_out(house: House) -> None:
    """It waited when the copy was made; before it was set back it had been handled already."""
    with a_talk(house) as talk:
        house.receive(talk.text("It overflows."), sender=ROBINS)
        now = house.now
        house.store.write(
            lambda tx: setback.stop(tx, reason="it was set back.", now=now, witness=LOST)
        )
        house.pass_time(HOUR)
        assert [] == talk.work()
        say(talk, 0)
        say(talk, 1)
        rows = house.store.read(deliveries.list_all)
        held = [row for row in rows if row.state is DeliveryState.BLOCKED]
        assert {"robin@research.example"} <= {str(row.recipient) for row in held}
        assert not any("robin" in str(job.recipient) for job in talk.work())


def reaffirmed_by(talk: Talk, team: Team, *people: int) -> bool:
    """Have people of another team reaffirm it, and say whether that was enough."""
    desk = replace(talk.house.desk, team=team)

    def act(tx: Tx) -> bool:
        for person in people:
            freeze = frozen.of(tx)
            assert freeze is not None
            place = Place(alias=desk.own.security, prefix=desk.prefix, team=team)
            digest = reaffirming.statement(tx, place, freeze).digest.hex()
            actor = Actor(person=team.people[person])
            reaffirming.reaffirm(
                tx, desk, actor=actor, effect=digest, after="", now=later(freeze.since, 1)
            )
        return frozen.of(tx) is None

    return talk.house.store.write(act)


def employed(desk: Desk, *employers: str) -> Team:
    """Return the first people of the team, with these employers."""
    people = zip(desk.team.people, employers, strict=False)
    return Team(people=tuple(replace(person, employer=name) for person, name in people))


@pytest.mark.parametrize(
    ("employers", "people", "enough"),
    [
        (("A",), (0,), True),
        (("A", "A"), (0,), False),
        (("A", "A"), (0, 1), True),
        (("A", "B"), (0, 1), True),
        (("A", "A", "B"), (0, 1), False),
        (("A", "A", "B"), (0, 1, 2), True),
        (("A", "A", "B"), (1, 2), True),
    ],
)
def test_two_people_of_two_employers_where_the_team_has_them(
    employers: tuple[str, ...], people: tuple[int, ...], enough: bool, talk: Talk
) -> None:
    team = employed(talk.house.desk, *employers)
    assert enough is reaffirmed_by(talk, team, *people)


def test_who_has_left_the_team_does_not_count(talk: Talk) -> None:
    """The roster is part of what is signed, too."""
    reaffirmed_by(talk, talk.house.desk.team, 0)
    without = Team(people=talk.house.desk.team.people[1:])
    assert not reaffirmed_by(talk, without, 0)
    assert reaffirmed_by(talk, without, 1)


def test_a_shell_counts_as_nobody(talk: Talk) -> None:
    digest = shown(talk).digest.hex()
    now = talk.house.now
    nobody = Actor(person=None, shell="root")  # noqa: S604 - no program is run
    with pytest.raises(Refusal, match="shell"):
        talk.house.store.write(
            lambda tx: reaffirming.reaffirm(
                tx, talk.house.desk, actor=nobody, effect=digest, after="", now=now
            )
        )


def test_a_database_that_is_not_frozen_is_not_reaffirmed(house: House) -> None:
    with a_talk(house) as talk:
        order(talk, f"!reaffirm {'0' * 64}\n{HERE}\n")
        assert ["not_reaffirmed"] == kinds(talk)
