"""Problems of a configuration: where, what, what to do; gathered, sorted and raised all at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gatekeeper.domain.errors import Misconfigured

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

_QUOTE_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right (or, as a warning, to look at).

    `file` is named relative to the configuration folder where it lies there; `line` and
    `column` count from 1 and are 0 where a problem has no place in a text; `path` is the
    setting, such as `listen[0].port`; `text` says what is wrong and, after a semicolon, what to do.
    """

    file: str
    text: str
    path: str = ""
    line: int = 0
    column: int = 0
    warning: bool = False

    def __str__(self) -> str:
        """Return `file:line:column: path: what; what to do`."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.text) if part)


class BadConfiguration(Misconfigured):
    """A configuration that may not be used; holds every problem found, errors only."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order in which people should read them."""
        self.problems = tuple(problems)
        super().__init__("the configuration cannot be used", reason=f"{len(self.problems)} errors")

    def diagnostics(self) -> str:
        """Return one line for each problem, so that editors find the places."""
        return "\n".join(map(str, self.problems))


def dotted(path: Path) -> str:
    """Return a path as people write it: `listen[0].port`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def quoted(value: object) -> str:
    """Return a value for a message: in quotes, printable, bounded."""
    text = str(value)
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[:_QUOTE_MAX])
    return f"'{shown}…'" if len(text) > _QUOTE_MAX else f"'{shown}'"
