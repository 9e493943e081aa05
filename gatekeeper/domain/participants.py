"""People outside of one issue: as what each takes part, and how they are named in public."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

LINE_MAX: Final = 200
"""Characters of a credit."""


class Part(StrEnum):
    """As what somebody outside takes part in one issue (design 01, "participant")."""

    REPORTER = "reporter"
    SECOND_REPORTER = "second-reporter"
    UPSTREAM = "upstream"
    VENDOR = "vendor"
    CERT = "cert"

    @property
    def is_finder(self) -> bool:
        """Say whether they found the vulnerability, and so are credited for it (T-12)."""
        return self in {Part.REPORTER, Part.SECOND_REPORTER}

    @property
    def meaning(self) -> str:
        """Say in words, to the person and to the team, what they are in the issue."""
        return _MEANS[self]


_MEANS: Final[Mapping[Part, str]] = MappingProxyType(
    {
        Part.REPORTER: "who reported it",
        Part.SECOND_REPORTER: "somebody who found it as well",
        Part.UPSTREAM: "a maintainer of the software that it is in",
        Part.VENDOR: "a vendor who ships the software that it is in",
        Part.CERT: "a coordinator",
    }
)

INVITABLE: Final = (Part.UPSTREAM, Part.VENDOR, Part.CERT, Part.SECOND_REPORTER)
"""As what somebody can be invited; a reporter comes by their report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """How a finder wants to be named once the issue is public: by `line`, or not at all.

    `line` is one line of people's text, name and perhaps affiliation; "" for who wants no credit.
    """

    line: str

    def __post_init__(self) -> None:
        """Refuse more than one line, and what no advisory has room for."""
        if self.line != self.line.strip() or not all(map(str.isprintable, self.line)):
            message = "a credit is one line of printable text"
            raise ValueError(message)
        if len(self.line) > LINE_MAX:
            message = f"a credit has at most {LINE_MAX} characters"
            raise ValueError(message)

    @property
    def named(self) -> bool:
        """Say whether they are named at all."""
        return bool(self.line)


NO_CREDIT: Final = Credit(line="")
