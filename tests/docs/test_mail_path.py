"""docs/mail-path.md says what the modules say, and names every commit on the path."""

import re

from tests.architecture.sources import python_files, read
from tests.docs.printing import path_table, printed_parts, stages

DOCUMENT = "docs/mail-path.md"
PLACES = ("inbound", "issues", "outbound", "service.py")


def test_the_table_is_what_the_docstrings_say() -> None:
    assert path_table() == printed_parts(read(DOCUMENT))["stages"]


def test_every_stage_is_there_once() -> None:
    assert list(range(1, 10)) == list(stages())


def test_the_command_in_the_text_finds_the_same() -> None:
    """`grep` as printed: the first lines of the docstrings, in the order of their numbers."""
    assert "grep -rhoE '^" + '"' * 3 in read(DOCUMENT)
    pattern = re.compile(r'^"""([0-9])\. (.*)', re.MULTILINE)
    found = [
        (int(number), said.removesuffix('"""'))
        for path in python_files("gatekeeper")
        for number, said in pattern.findall(read(path))
    ]
    assert sorted(found) == [(number, said) for number, (said, _) in stages().items()]


def test_every_module_that_commits_on_the_path_is_named() -> None:
    """Whoever opens a write transaction outside the commands stands in the document."""
    writers = {
        path.removeprefix("gatekeeper/")
        for path in python_files(*(f"gatekeeper/{place}" for place in PLACES))
        if "store.write(" in read(path)
    }
    text = read(DOCUMENT)
    named = {path for path in writers if path in text or dotted(path) in text}
    assert {"inbound/intake.py", "inbound/worker.py", "outbound/seal.py"} <= writers
    assert writers == named


def dotted(path: str) -> str:
    """Return a module's path as its name in the documents."""
    return path.removesuffix(".py").replace("/", ".")


def test_the_threads_are_called_so() -> None:
    """Each thread in the table is started under that name."""
    started = read("gatekeeper/service.py") + read("gatekeeper/inbound/intake.py")
    for name in re.findall(r"the thread `(\w+)`", read(DOCUMENT)):
        assert f'"{name}"' in started


def test_every_worker_polls_as_often_as_is_said() -> None:
    assert "POLL: Final = 5 * SECOND" in read("gatekeeper/service.py")
    assert "every five seconds" in read(DOCUMENT)
