"""One line of `doctor`: what was looked at, and how it was found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How one thing was found."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `doctor`: what was looked at, how it is, and what to do if it is not well."""

    name: str
    state: State
    text: str
    remedy: str = ""
