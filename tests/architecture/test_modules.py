"""Every module says what it is for, the path can be read from the stages, nothing is left open."""

import ast
import io
import re
import tokenize

import pytest

from tests.architecture.sources import all_files, problems, python_files, read

STAGES = {
    "gatekeeper/inbound/session.py": 1,
    "gatekeeper/inbound/intake.py": 2,
    "gatekeeper/inbound/decrypt.py": 3,
    "gatekeeper/inbound/classify.py": 4,
    "gatekeeper/issues/thread.py": 5,
    "gatekeeper/issues/handling.py": 6,
    "gatekeeper/outbound/seal.py": 7,
    "gatekeeper/outbound/outbox.py": 8,
    "gatekeeper/outbound/relay.py": 9,
}

# Names that say nothing, so that anything may end up there.
EMPTY_NAMES = frozenset("base common helper helpers manager managers misc util utils".split())

# Spelt in two, so that this file is not its own first finding.
OPEN_ENDS = re.compile(
    r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b"
)
REMARKS = (tokenize.COMMENT, tokenize.STRING)
PROSE = (".md", ".yaml", ".toml", ".j2", ".sh", ".txt")


def speechless(path: str, text: str) -> list[str]:
    """Find a module whose first line does not say what it is for, or a stage without its number."""
    docstring = ast.get_docstring(ast.parse(text))
    if docstring is None:
        return [f"{path}:1: no docstring"]
    first = docstring.splitlines()[0]
    found = []
    if len(first.split()) < 3 or not first.endswith("."):
        found.append(f"{path}:1: the first line is no sentence that says what this is for")
    number = re.match(r"(\d+)\. ", first)
    if (int(number[1]) if number else None) != STAGES.get(path):
        found.append(f"{path}:1: its number on the mail's path is {STAGES.get(path)}")
    return found


def nameless(path: str, _text: str) -> list[str]:
    """Find a module or folder with a name that says nothing."""
    parts = path.removesuffix(".py").split("/")
    return [f"{path}:1: {part} says nothing" for part in parts if part in EMPTY_NAMES]


def unfinished(path: str, text: str) -> list[str]:
    """Find what is left open: marks in the comments of Python and anywhere in prose."""
    if path.endswith(".py"):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        remarks = [(token.start[0], token.string) for token in tokens if token.type in REMARKS]
    else:
        remarks = list(enumerate(text.splitlines(), 1))
    return [f"{path}:{line}: left open" for line, remark in remarks if OPEN_ENDS.search(remark)]


def test_every_module_says_what_it_is_for() -> None:
    paths = python_files("gatekeeper", "tests", "migrations", "dev.py")
    assert [] == problems(speechless, paths)


def test_every_name_says_something() -> None:
    assert [] == problems(nameless, python_files("gatekeeper", "tests", "migrations"))


def test_nothing_is_left_open() -> None:
    prose = [path for path in all_files() if path.endswith(PROSE)]
    code = python_files("gatekeeper", "tests", "migrations", "dev.py")
    assert [] == problems(unfinished, prose + code)


def test_the_path_can_be_read_from_the_stages() -> None:
    """Nine modules, numbered in the order in which a mail goes through them."""
    firsts = [read(path).splitlines()[0] for path in STAGES]
    assert [f'"""{number}. ' for number in range(1, 10)] == [first[:6] for first in firsts]


@pytest.mark.parametrize(
    ("path", "sample"),
    [
        ("gatekeeper/a.py", ""),
        ("gatekeeper/a.py", "import os\n"),
        ("gatekeeper/a.py", '"""Things."""\n'),
        ("gatekeeper/a.py", '"""No full stop at the end"""\n'),
        ("gatekeeper/a.py", '"""3. Decrypt what is no stage."""\n'),
        ("gatekeeper/inbound/decrypt.py", '"""Decrypt and verify it all."""\n'),
        ("gatekeeper/inbound/decrypt.py", '"""4. Decrypt and verify it all."""\n'),
    ],
)
def test_a_module_that_does_not_say_it_is_seen(path: str, sample: str) -> None:
    assert 1 == len(speechless(path, sample))


def test_a_module_that_says_it_passes() -> None:
    assert [] == speechless("gatekeeper/a.py", '"""Says what it is for.\n\nAnd more.\n"""\n')
    assert [] == speechless("gatekeeper/inbound/decrypt.py", '"""3. Decrypt and verify."""\n')


@pytest.mark.parametrize("path", ["gatekeeper/utils.py", "gatekeeper/common/names.py"])
def test_an_empty_name_is_seen(path: str) -> None:
    assert 1 == len(nameless(path, ""))
    assert [] == nameless("gatekeeper/store/deliveries.py", "")


def test_an_open_end_is_seen() -> None:
    mark = "TO" + "DO"
    assert 1 == len(unfinished("a.py", f"x = 1  # {mark}: later\n"))
    assert 1 == len(unfinished("a.py", f'"""Says it.\n\n{mark}: later.\n"""\n'))
    assert 1 == len(unfinished("a.md", f"Fine.\n\n{mark} write this.\n"))
    assert [] == unfinished("a.py", f"x = 1  # {mark.lower()} is a word like any other\n")
