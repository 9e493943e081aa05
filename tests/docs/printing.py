"""Print the parts of the documents that the code dictates, and put them where they belong.

.venv/bin/python -m tests.docs.printing    writes the printed parts of docs/ anew

docs/conversation.md and docs/negotiation.md are printed as a whole, by playing them; the first
needs Postfix.
"""

import ast
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import dev
from gatekeeper.domain.delivery import (
    GIVE_UP_AFTER,
    RETRY_AFTER,
    RETRY_THEN,
    TRANSITIONS,
    URGENT_RETRY_AFTER,
)
from gatekeeper.domain.instants import DAY, MINUTE, SECOND
from gatekeeper.store import schema
from gatekeeper.store.seal import Codec, MasterKey
from tests import scratch
from tests.architecture.sources import python_files, read
from tests.docs.clear_columns import clear_table
from tests.docs.date_printing import (
    agreement_table,
    ceiling_table,
    date_diagram,
    wishes_when_agreed,
    wishes_when_proposed,
)
from tests.docs.policy_printing import example_table, preset_table, wording_table
from tests.docs.process_printing import (
    approval_table,
    issue_diagram,
    no_embargo_table,
    rejection_table,
    step_table,
    track_table,
)
from tests.path import negotiation
from tests.path.conversation import DOCUMENT, played
from tests.path.lives import living, make_nursery

_STAGE: Final = re.compile(r"(\d)\. (.+)")
_PRINTED: Final = re.compile(r"<!-- printed: ([a-z ]+) -->\n(.*?)<!-- end -->", re.DOTALL)


def stages() -> dict[int, tuple[str, str]]:
    """Return for each stage's number what its module says of itself, and the module's path."""
    found: dict[int, tuple[str, str]] = {}
    for path in python_files("gatekeeper"):
        said = (ast.get_docstring(ast.parse(read(path))) or "").partition("\n")[0]
        stage = _STAGE.fullmatch(said)
        if stage:
            found[int(stage[1])] = (stage[2], path)
    return dict(sorted(found.items()))


def path_table() -> str:
    """Return the stages as a table."""
    rows = [
        f"| {number} | {said} | [`{path.removeprefix('gatekeeper/')}`](../{path}) |"
        for number, (said, path) in stages().items()
    ]
    return "\n".join(["| | what happens | where |", "| --- | --- | --- |", *rows])


def diagram(moves: Iterable[tuple[str, str, str]]) -> str:
    """Return moves (state, event, state) as a Mermaid diagram, in their order."""
    lines = [f"    {before} --> {then}: {event}" for before, event, then in moves]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def delivery_diagram() -> str:
    """Return the transition table of deliveries as a diagram."""
    return diagram(
        (str(state), str(event), str(then))
        for state, events in TRANSITIONS.items()
        for event, then in events.items()
    )


def retry_schedule() -> str:
    """Return the retry schedule in a sentence."""
    first = [str(wait // MINUTE) for wait in RETRY_AFTER]
    urgent = [str(wait // SECOND) for wait in URGENT_RETRY_AFTER]
    return (
        f"Waits in minutes: {', '.join(first)}, then {RETRY_THEN // MINUTE} each; of what is "
        f"urgent in seconds: {', '.join(urgent)}, then {RETRY_THEN // SECOND} each. "
        f"The first temporary answer {GIVE_UP_AFTER // DAY} days or more after the delivery was "
        "due is the last."
    )


PRINTED: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "stages": path_table,
        "delivery diagram": delivery_diagram,
        "retry schedule": retry_schedule,
        "issue diagram": issue_diagram,
        "steps": step_table,
        "track changes": track_table,
        "approvals": approval_table,
        "rejections": rejection_table,
        "no embargo": no_embargo_table,
        "clear columns": clear_table,
        "date diagram": date_diagram,
        "reporter and team": agreement_table,
        "two ceilings": ceiling_table,
        "wishes while proposed": wishes_when_proposed,
        "wishes once agreed": wishes_when_agreed,
        "presets": preset_table,
        "preset examples": example_table,
        "wordings": wording_table,
    }
)
"""What stands between `<!-- printed: NAME -->` and `<!-- end -->` in a document."""


def printed_parts(text: str) -> dict[str, str]:
    """Return the printed parts of a document by name, without the line end before their end."""
    return {found[1]: found[2].removesuffix("\n") for found in _PRINTED.finditer(text)}


def reprinted(text: str) -> str:
    """Return a document with its printed parts as the code has them now."""

    def part(found: re.Match[str]) -> str:
        return f"<!-- printed: {found[1]} -->\n{PRINTED[found[1]]()}\n<!-- end -->"

    return _PRINTED.sub(part, text)


def documents() -> list[str]:
    """List the documents that these tests hold against the code."""
    paths = sorted(dev.ROOT.joinpath("docs").glob("*.md"))
    return [path.relative_to(dev.ROOT).as_posix() for path in paths]


def conversation() -> str:
    """Return docs/conversation.md as it comes of the play; without Postfix, as it stands."""
    if dev.find_peer("postfix") is None:
        sys.stdout.write(f"{DOCUMENT} was not played: there is no Postfix here\n")
        return read(DOCUMENT)
    with tempfile.TemporaryDirectory(prefix="gk-play-") as folder:
        return played(Path(folder))


def agreed() -> str:
    """Return docs/negotiation.md as it comes of the play."""
    with tempfile.TemporaryDirectory(prefix="gk-play-") as folder:
        url = f"sqlite:///{folder}/gatekeeper.sqlite3"
        schema.upgrade(url, Codec(MasterKey.of(bytes(range(32)))))
        with living(make_nursery(), url) as lives:
            return negotiation.negotiated(lives)[0]


def main() -> int:
    """Write the printed parts anew, saying which documents changed."""
    printed = {path: reprinted(read(path)) for path in documents()}
    with scratch.kept_apart():
        printed |= {DOCUMENT: conversation(), negotiation.DOCUMENT: agreed()}
    for path, after in printed.items():
        if read(path) != after:
            dev.ROOT.joinpath(path).write_text(after, encoding="utf-8")
            sys.stdout.write(f"{path} printed anew\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
