"""What needs two people of two employers is done by mail alone, in both databases."""

from collections.abc import Iterator

import pytest

from gatekeeper.domain.process import Track
from gatekeeper.store import deciding, requests
from gatekeeper.store.engine import Store
from gatekeeper.store.requests import Request
from tests.house import PEOPLE, open_house
from tests.issues.ordering import named_in
from tests.issues.talk import ROBINS, Talk, a_talk, to
from tests.issues.test_approving import people

ANDREA, WEI, SAM = (address for _, address in PEOPLE)


@pytest.fixture
def talk(store: Store) -> Iterator[Talk]:
    """Two people of one employer and one of another, and an issue with an embargo."""
    team = people("Example", "Example", "Vendor")
    with open_house(store, team=team) as house, a_talk(house) as talk:
        talk.receive(talk.text("It crashes."), sender=ROBINS)
        talk.command(named_in(1, "accept track=predisclose"))
        yield talk


def asked(talk: Talk) -> Request:
    """Have Andrea ask for what gives up the embargo; return what waits."""
    talk.command(named_in(1, 'track low reason="needs local root"'))
    (found,) = talk.house.store.read(requests.waiting)
    return found


def track(talk: Talk) -> Track | None:
    """Return the issue's track."""
    row = talk.issue().id
    return talk.house.store.read(lambda tx: deciding.get(tx, row)).track


def told(talk: Talk, words: str, *, person: int) -> str:
    """Have one of the team command something, and return what all mails to Andrea then say."""
    left = to(talk.command(words, person=person), ANDREA)
    blocks = [talk.andrea.open(job.what.content).block for job in left]
    return " ".join(" ".join(blocks).split())


def test_what_waits_is_shown_with_its_whole_hash_and_effect(talk: Talk) -> None:
    said = told(talk, named_in(1, 'track low reason="needs local root"'), person=0)
    (waits,) = talk.house.store.read(requests.waiting)
    digest = waits.effect.hex()
    assert f"!SEC-2026-0001@example.org approve {digest}" in said
    assert f'!SEC-2026-0001@example.org refuse {digest} "WHY"' in said
    assert "| Issue: SEC-2026-0001 at security@example.org" in said
    assert "needs local root" in said
    assert "1 more person has to approve, of an employer other than Example" in said
    assert "Who can approve it: Sam Example." in said
    assert "It ends unapproved on Thu 2026-09-10" in said


def test_a_colleague_of_the_same_employer_is_refused_and_another_does_it(talk: Talk) -> None:
    approve = named_in(1, f"approve {asked(talk).effect.hex()}")
    refused = told(talk, approve, person=1)
    assert "of which NONE was done: approve: all who approved are employed by Example" in refused
    assert "somebody of another employer has to approve, too: ask Sam Example" in refused
    assert Track.PREDISCLOSE is track(talk)
    told(talk, approve, person=2)
    assert Track.LOW is track(talk)
    assert () == talk.house.store.read(requests.waiting)


def test_who_comes_second_is_told_what_was_done(talk: Talk) -> None:
    effect = asked(talk).effect.hex()
    told(talk, named_in(1, f'refuse {effect} "the members need the week"'), person=1)
    late = told(talk, named_in(1, f"approve {effect}"), person=2)
    assert "it was refused by Wei Example:" in late
    assert "the members need the week" in late
    assert Track.PREDISCLOSE is track(talk)


def test_an_approval_stands_or_falls_with_its_mail(talk: Talk) -> None:
    """What else stands in the mail is wrong, so nobody has approved anything."""
    effect = asked(talk).effect.hex()
    none = "0" * 64
    words = f"{named_in(1, f'approve {effect}')}\n{named_in(1, f'approve {none}')}"
    told(talk, words, person=2)
    (waits,) = talk.house.store.read(requests.waiting)
    assert (PEOPLE[0][0],) == waits.approved_by
    assert Track.PREDISCLOSE is track(talk)
