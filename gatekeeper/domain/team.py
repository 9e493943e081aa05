"""The response team: who handles issues, with which keys, from which employer."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import fingerprint

NOT_IN_TEAM: Final = "not a member of the response team any more"
WITHDRAWN: Final = "it was encrypted to a key that is not this person's any more"


class Role(StrEnum):
    """What a person of the team may do beyond handling issues."""

    ADMIN = "admin"
    ON_CALL = "on_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of the response team; `keys` are fingerprints of primary keys, one to eight."""

    name: str
    address: Address
    employer: str
    keys: tuple[str, ...]
    roles: frozenset[Role] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a person nobody could write to."""
        if not self.name.strip() or not self.name.isprintable():
            message = "a person needs a printable name"
            raise ValueError(message)
        if not 1 <= len(self.keys) <= 8:
            message = "a person has one to eight keys"
            raise ValueError(message)
        if any(key != fingerprint(key) for key in self.keys):
            message = "a key is named by its 40 upper-case hexadecimal digits"
            raise ValueError(message)


def _employer_key(name: str) -> str:
    """Return what two spellings of one employer have in common: case and blanks do not count."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The response team as one value.

    `roster_employers`: of so many employers the roster is, though those whose word counts now may
    be of fewer, because somebody was suspended lately.
    """

    people: tuple[Person, ...]
    roster_employers: int = 0
    _by_key: Mapping[str, Person] = field(init=False, repr=False, compare=False)
    _by_address: Mapping[str, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a team in which an address or a key leads to two people."""
        if not self.people:
            message = "a team needs at least one person"
            raise ValueError(message)
        keys = [(key, person) for person in self.people for key in person.keys]
        by_key, by_address = dict(keys), {person.address.key: person for person in self.people}
        if len(by_address) != len(self.people) or len(by_key) != len(keys):
            message = "an address or a key belongs to one person only"
            raise ValueError(message)
        # Each copy of a letter asks for its person: a search among all would cost N for each of N.
        object.__setattr__(self, "_by_key", MappingProxyType(by_key))
        object.__setattr__(self, "_by_address", MappingProxyType(by_address))

    def by_key(self) -> Mapping[str, Person]:
        """Return the person behind each primary fingerprint."""
        return self._by_key

    def by_address(self, address: Address) -> Person | None:
        """Return the person with this address; the address proves nothing by itself."""
        return self._by_address.get(address.key)

    @property
    def employers(self) -> tuple[str, ...]:
        """The employers of the people, each once, in the order of the people."""
        names: dict[str, str] = {}
        for person in self.people:
            names.setdefault(_employer_key(person.employer), person.employer)
        return tuple(names.values())

    @property
    def on_call(self) -> tuple[Person, ...]:
        """Who is called first when nobody looks after what is urgent."""
        return tuple(person for person in self.people if Role.ON_CALL in person.roles)

    def weight_warning(self, share: int = 50) -> str:
        """Say that one employer pays more than `share` percent of the team, "" if none does (T-11).

        Of a team of one person nothing is said.
        """
        keys = [_employer_key(person.employer) for person in self.people]
        key, many = Counter(keys).most_common(1)[0]
        if many * 100 <= len(keys) * share or len(keys) == 1:
            return ""
        name = next(each.employer for each in self.people if _employer_key(each.employer) == key)
        if many == len(keys):
            return f"everybody of the team is employed by {name}"
        return f"{many} of {len(keys)} people of the team are employed by {name}"

    def objection(self, recipient: Address, keys: Iterable[str]) -> str:
        """Return why a copy sealed to `keys` must not go to `recipient` now, "" when it may.

        Between sealing and sending people leave and keys are withdrawn (S-0, M-5).
        """
        person = self.by_address(recipient)
        if person is None:
            return NOT_IN_TEAM
        return "" if set(keys) <= set(person.keys) else WITHDRAWN
