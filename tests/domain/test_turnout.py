"""Who is told of what, and whether those who are there can approve."""

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.process_policy import APPROVALS
from gatekeeper.domain.reminders import Audience
from gatekeeper.domain.team import Person, Role, Team
from gatekeeper.domain.turnout import Turnout, addressed, too_few

NOW = Instant(1_788_436_800_000_000)
NAMES = ("Andrea", "Wei", "Sam")


def person(name: str, *, employer: str = "Example", on_call: bool = False) -> Person:
    """Return one of the team."""
    return Person(
        name=name,
        address=Address.parse(f"{name.lower()}@team.example"),
        employer=employer,
        keys=(f"{NAMES.index(name)}" * 40,),
        roles=frozenset({Role.ON_CALL}) if on_call else frozenset(),
    )


TEAM = Team(people=(person("Andrea"), person("Wei", on_call=True), person("Sam", employer="Other")))


def turnout(*, away: tuple[str, ...] = (), suspended: tuple[str, ...] = ()) -> Turnout:
    """Return the team with some away for a day and some suspended."""
    return Turnout(
        team=TEAM,
        away={f"{name.lower()}@team.example": later(NOW, DAY) for name in away},
        suspended={f"{name.lower()}@team.example" for name in suspended},
    )


def told(audience: Audience, owner: str, found: Turnout) -> list[str]:
    """Return the names of those who are told."""
    return [each.name for each in addressed(audience, owner, found, NOW)]


@pytest.mark.parametrize(
    ("owner", "away", "suspended", "expected"),
    [
        ("Sam", (), (), ["Sam"]),
        ("", (), (), ["Wei"]),
        ("Nobody", (), (), ["Wei"]),
        ("Sam", ("Sam",), (), ["Wei"]),
        ("Sam", (), ("Sam",), ["Wei"]),
        ("Sam", ("Sam", "Wei"), (), ["Andrea"]),
        ("", ("Wei",), (), ["Andrea", "Sam"]),
        ("Sam", ("Sam", "Wei", "Andrea"), (), ["Sam"]),
        ("Sam", ("Andrea", "Wei"), ("Sam",), ["Wei"]),
    ],
)
def test_the_owner_then_those_on_call_then_everybody_who_is_there(
    owner: str, away: tuple[str, ...], suspended: tuple[str, ...], expected: list[str]
) -> None:
    assert expected == told(Audience.OWNER, owner, turnout(away=away, suspended=suspended))


def test_the_team_are_those_who_are_there() -> None:
    assert ["Andrea", "Wei", "Sam"] == told(Audience.TEAM, "Sam", turnout())
    assert ["Andrea"] == told(Audience.TEAM, "Sam", turnout(away=("Sam",), suspended=("Wei",)))
    everybody = turnout(away=("Andrea", "Wei", "Sam"))
    assert ["Andrea", "Wei", "Sam"] == told(Audience.TEAM, "", everybody)
    assert [] == told(Audience.TEAM, "", turnout(suspended=NAMES))


def test_who_is_away_until_then_is_there_then() -> None:
    found = turnout(away=("Sam",))
    assert ["Andrea", "Wei"] == [each.name for each in found.there(later(NOW, DAY - 1))]
    assert 3 == len(found.there(later(NOW, DAY)))


@pytest.mark.parametrize(
    ("away", "suspended", "why"),
    [
        ((), (), ""),
        (("Andrea",), (), ""),
        (("Andrea", "Wei"), (), "only Sam is there"),
        (("Andrea", "Wei", "Sam"), (), "nobody is there"),
        (("Sam",), (), "all who are there are employed by Example: Andrea, Wei"),
        ((), ("Sam",), ""),
        ((), NAMES, "nobody is there"),
    ],
)
def test_whether_those_who_are_there_can_approve(
    away: tuple[str, ...], suspended: tuple[str, ...], why: str
) -> None:
    assert why == too_few(NOW, turnout(away=away, suspended=suspended), APPROVALS)
