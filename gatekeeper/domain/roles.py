"""The parts of the work that a process may take on, so that several hosts can share it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from gatekeeper.domain.errors import Misconfigured


class Role(StrEnum):
    """A part of the path that processes of their own can do."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    PUBLICATION = "publication"
    CLOCK = "clock"

    @property
    def does(self) -> str:
        """Say what a process of this role does, for people."""
        return _DOES[self]

    @property
    def opens_secrets(self) -> bool:
        """Say whether it decrypts or signs, for which the alias's secret key has to be opened."""
        return self in {Role.INBOUND, Role.OUTBOUND}


_DOES: Final = {
    Role.INBOUND: "takes mail and handles it",
    Role.OUTBOUND: "encrypts letters and hands them to the relay",
    Role.PUBLICATION: "publishes advisories; this version has nothing to publish",
    Role.CLOCK: "watches keys and does what is to be done at its time, one process at a time",
}

ALL: Final = frozenset(Role)
"""What a process does that is told nothing else."""


def parse(words: Iterable[str]) -> frozenset[Role]:
    """Return the roles that `words` name, each one or several with commas; Misconfigured if none.

    >>> sorted(parse(["inbound,clock", "inbound"]))
    [<Role.CLOCK: 'clock'>, <Role.INBOUND: 'inbound'>]
    """
    names = [name.strip() for word in words for name in word.split(",")]
    known = ", ".join(Role)
    for name in names:
        if name not in {str(role) for role in Role}:
            raise Misconfigured(f"there is no role {name!r}", remedy=f"roles are: {known}")
    if not names:
        raise Misconfigured("no role is named", remedy=f"roles are: {known}")
    return frozenset(Role(name) for name in names)
