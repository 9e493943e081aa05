"""An address or a key leads to one person of the team, or to nobody."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.team import NOT_IN_TEAM, WITHDRAWN, Person, Role, Team
from tests.domain.samples import FINGERPRINTS, TEAM, ascii_addresses, person


def test_every_key_leads_to_its_person() -> None:
    by_key = TEAM.by_key()
    assert {key for one in TEAM.people for key in one.keys} == set(by_key)
    for key, one in by_key.items():
        assert key in one.keys


def test_an_address_leads_to_its_person_in_any_case() -> None:
    for one in TEAM.people:
        assert one == TEAM.by_address(one.address)
        assert one == TEAM.by_address(Address.parse(str(one.address).upper()))


@given(address=ascii_addresses)
def test_no_other_address_leads_to_anyone(address: Address) -> None:
    known = {one.address.key for one in TEAM.people}
    assert (TEAM.by_address(address) is not None) == (address.key in known)


@given(numbers=st.lists(st.integers(0, 8), min_size=1, max_size=6))
def test_a_team_is_made_of_different_people(numbers: list[int]) -> None:
    people = tuple(person(number) for number in numbers)
    if len(set(numbers)) == len(numbers):
        assert people == Team(people=people).people
    else:
        with pytest.raises(ValueError, match="belongs to one person only"):
            Team(people=people)


def test_an_address_or_a_key_of_two_people_is_refused() -> None:
    same_key = (person(0), person(1, keys=(FINGERPRINTS[0],)))
    same_address = (
        person(0),
        Person(
            name="Person 9",
            address=Address.parse("PERSON0@team.example"),
            employer="Employer",
            keys=(FINGERPRINTS[7],),
        ),
    )
    for people in (same_key, same_address, (person(0, keys=(FINGERPRINTS[0],) * 2),)):
        with pytest.raises(ValueError, match="belongs to one person only"):
            Team(people=people)


def test_a_team_has_somebody() -> None:
    with pytest.raises(ValueError, match="at least one person"):
        Team(people=())


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "bell\a", "\u2028"])
def test_a_name_is_one_printable_line(name: str) -> None:
    with pytest.raises(ValueError, match="printable name"):
        Person(name=name, address=person(0).address, employer="Employer", keys=(FINGERPRINTS[0],))


@pytest.mark.parametrize("count", [0, 9])
def test_a_person_has_one_to_eight_keys(count: int) -> None:
    with pytest.raises(ValueError, match="one to eight keys"):
        person(0, keys=tuple(FINGERPRINTS[:count]))


@pytest.mark.parametrize("key", ["", "A" * 39, "a" * 40, "A" * 16, "AAAA " * 10])
def test_a_key_is_named_by_its_whole_fingerprint(key: str) -> None:
    with pytest.raises(ValueError, match="40"):
        person(0, keys=(FINGERPRINTS[0], key))


def test_nobody_is_admin_by_default() -> None:
    assert frozenset() == person(0).roles
    assert ["admin", "on_call"] == [str(role) for role in Role]


def employed(*employers: str, on_call: int | None = None) -> Team:
    """Return a team of people with those employers, one of them on call."""
    people = [replace(person(number), employer=name) for number, name in enumerate(employers)]
    if on_call is not None:
        people[on_call] = replace(people[on_call], roles=frozenset({Role.ON_CALL}))
    return Team(people=tuple(people))


def test_employers_are_listed_once_however_they_are_spelt() -> None:
    assert ("Cloud", "Linux") == employed("Cloud", "Linux", " cloud ").employers


def test_an_employer_of_more_than_half_is_warned_about() -> None:
    """The pressure of one employer is what diversity is for (T-11)."""
    assert "" == employed("Cloud", "Linux").weight_warning()
    assert "" == employed("Cloud", "Linux", "CLOUD", "North").weight_warning()
    assert "" == employed("Cloud").weight_warning()
    warning = employed("Linux", "Cloud", "CLOUD").weight_warning()
    assert "2 of 3 people of the team are employed by Cloud" == warning
    assert (
        "everybody of the team is employed by Cloud" == employed("Cloud", "cloud").weight_warning()
    )
    assert "" == employed("Linux", "Cloud", "CLOUD").weight_warning(67)


def test_who_is_on_call_is_known() -> None:
    assert () == employed("Cloud", "Linux").on_call
    team = employed("Cloud", "Linux", on_call=1)
    assert (team.people[1],) == team.on_call


def test_a_copy_goes_only_to_who_is_there_with_the_keys_it_was_sealed_to() -> None:
    """Whoever left gets nothing, nor does a key that was withdrawn; one of several may stay."""
    here = replace(TEAM.people[0], keys=("A" * 40, "B" * 40))
    team = Team(people=(here,))
    assert "" == team.objection(here.address, ["A" * 40])
    assert "" == team.objection(here.address, ["B" * 40, "A" * 40])
    assert WITHDRAWN == team.objection(here.address, ["A" * 40, "C" * 40])
    assert NOT_IN_TEAM == team.objection(Address.parse("gone@team.example"), ["A" * 40])
