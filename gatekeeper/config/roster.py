"""team.yaml read as people, with everything that is wrong in it."""

from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.config.keyfiles import Use
from gatekeeper.config.models import PersonSection, TeamFile
from gatekeeper.config.positions import Document
from gatekeeper.config.problems import Problem
from gatekeeper.config.validation import validate
from gatekeeper.domain.address import OwnAddresses
from gatekeeper.domain.identity import fingerprint
from gatekeeper.domain.team import Person

EMPTY: Final = (
    "the team is empty, so nobody could read a report; "
    "add a person as the example in this file shows, with a key in keys/"
)


def people(document: Document) -> tuple[tuple[Person, ...], tuple[Problem, ...]]:
    """Return the people of the team and the problems; with problems the people do not count."""
    team, problems = validate(TeamFile, document)
    if team is None:
        return (), problems
    if not team.people:
        return (), (document.problem(("people",), EMPTY, at_key=True),)
    return tuple(map(_person, team.people)), ()


def uses(document: Document) -> tuple[Use, ...]:
    """Return every fingerprint that stands in the document, right people or not."""
    return tuple(_uses(document))


def addresses(document: Document, own: OwnAddresses | None) -> Iterator[Problem]:
    """Yield addresses that two people share, and our own, which would send mail in a circle."""
    first: dict[str, str] = {}
    for index, person in _sound(document):
        path = ("people", index, "address")
        owner = first.setdefault(person.address.key, person.name)
        if owner != person.name:
            text = f"is {owner}'s address already; an address belongs to one person only"
            yield document.problem(path, text)
        if own is not None and own.route(person.address) is not None:
            text = (
                "is an address of this service, mail would go in a circle; write the person's own"
            )
            yield document.problem(path, text)


def _sound(document: Document) -> Iterator[tuple[int, PersonSection]]:
    for index in range(len(_listed(document))):
        person, _ = validate(PersonSection, document, ("people", index))
        if person is not None:
            yield index, person


def _listed(document: Document) -> Sequence[object]:
    value = document.value
    listed = value.get("people") if isinstance(value, dict) else None
    return listed if isinstance(listed, list) else ()


def _uses(document: Document) -> Iterator[Use]:
    for index, person in enumerate(_listed(document)):
        if not isinstance(person, dict) or not isinstance(person.get("keys"), list):
            continue
        for place, text in enumerate(person["keys"]):
            try:
                key = fingerprint(str(text))
            except ValueError:
                continue
            yield Use(
                fingerprint=key,
                person=str(person.get("name") or f"people[{index}]"),
                path=("people", index, "keys", place),
            )


def _person(section: PersonSection) -> Person:
    return Person(
        name=section.name,
        address=section.address,
        employer=section.employer,
        keys=section.keys,
        roles=section.roles,
    )
