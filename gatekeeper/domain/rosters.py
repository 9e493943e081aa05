"""The team that a governed content stands for, read from its tree (05, "Configuration")."""

from collections.abc import Mapping
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.governed import Content, Kind, Tree
from gatekeeper.domain.identity import fingerprint
from gatekeeper.domain.team import Person, Role, Team

_BROKEN: Final = "not the content of a team"


def team_of(content: Content) -> Team:
    """Return the people of a team's content, whose file was found sound; else ValueError."""
    people = content.tree.get("people")
    if content.kind is not Kind.TEAM or not isinstance(people, list):
        raise ValueError(_BROKEN)
    return Team(people=tuple(_person(each) for each in people))


def _person(value: Tree) -> Person:
    if not isinstance(value, dict):
        raise ValueError(_BROKEN)  # noqa: TRY004 - a broken content, whatever is broken in it
    return Person(
        name=_text(value, "name"),
        address=Address.parse(_text(value, "address")),
        employer=_text(value, "employer"),
        keys=tuple(fingerprint(each) for each in _list(value, "keys")),
        roles=frozenset(Role(each) for each in _list(value, "roles")),
    )


def _text(value: Mapping[str, Tree], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise ValueError(_BROKEN)  # noqa: TRY004 - as above
    return found


def _list(value: Mapping[str, Tree], name: str) -> tuple[str, ...]:
    found = value.get(name, [])
    if not isinstance(found, list):
        raise ValueError(_BROKEN)  # noqa: TRY004 - as above
    return tuple(str(each) for each in found)
