"""Every file of the corpus comes to what expected.json says of it, and nothing else is believed."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.reading import Reading
from tests.corpus.classes import Class
from tests.corpus.comparing import differences
from tests.corpus.expecting import CANARIES
from tests.corpus.judging import Judge, a_judge
from tests.corpus.making import EXPECTED, KEYS, MESSAGES, expected_json, files, make
from tests.corpus.people import FOLDER
from tests.sampling import SOAK

HERE: Final = Path(__file__).parent
ENTRIES: Final[Mapping[str, Any]] = json.loads((HERE / EXPECTED).read_text(encoding="utf-8"))
MAILS: Final = [path for path in ENTRIES if path.startswith(f"{MESSAGES}/")]
BLOCKS: Final = [path for path in ENTRIES if path.startswith(f"{KEYS}/")]
AT_MOST: Final = 3 * 1024 * 1024
"""Bytes of all files together: what is large is packed."""

EACH: Final = 1
"""Files of each module that are made anew in an ordinary run; a soak makes all."""


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with a_judge() as lent:
        yield lent


@pytest.fixture(scope="module")
def reading(judge: Judge) -> Callable[[str], Reading]:
    """What was read of each mail, once."""
    return cache(lambda path: judge.read((HERE / path).read_bytes()))


@pytest.mark.parametrize("path", MAILS)
def test_a_mail_comes_to_its_verdict(
    judge: Judge, reading: Callable[[str], Reading], path: str
) -> None:
    found = judge.message(reading(path))
    assert [] == differences(ENTRIES[path]["verdict"], found)


@pytest.mark.parametrize("path", BLOCKS)
def test_a_key_comes_to_its_verdict(judge: Judge, path: str) -> None:
    found = judge.certificate((HERE / path).read_bytes())
    assert [] == differences(ENTRIES[path]["verdict"], found)


def test_what_is_said_is_one_line_of_ours_and_quotes_nothing(
    judge: Judge, reading: Callable[[str], Reading]
) -> None:
    """Verdicts, problems and subjects are printable; of what was written only the subject is."""
    for path in MAILS:
        found = reading(path)
        said = judge.verdict(found)
        sentences = (said.encryption, said.signature, *said.parts, *found.problems)
        for line in (*sentences, found.subject):
            assert not line or is_printable_line(line), path
        assert not [word for word in CANARIES if any(word in line for line in sentences)], path
        assert "Andrea Example" not in " ".join(found.problems), path


def test_what_was_opened_apart_is_never_joined_with_the_rest(
    reading: Callable[[str], Reading],
) -> None:
    """EFAIL: no opened piece stands in what people see of the mail around it."""
    for path in MAILS:
        found = reading(path)
        for piece in found.pieces:
            inside = (piece.data or b"").strip()
            assert not inside or inside not in found.content.entity, path


def test_reading_leaves_no_file_in_the_home(judge: Judge) -> None:
    """Also where gpg is killed at its bound: the home lies in memory, and would grow."""

    def lying() -> set[str]:
        return {str(each.relative_to(judge.engine.home)) for each in judge.engine.home.rglob("*")}

    before = lying()
    for path in MAILS:
        if Class.BOMB.name in ENTRIES[path]["classes"]:
            judge.read((HERE / path).read_bytes())
    assert before == lying()


def test_there_are_enough_and_small_ones() -> None:
    assert len(MAILS) + len(BLOCKS) == len(ENTRIES) >= 80
    lying = [each for each in HERE.rglob("*") if each.is_file() and each.suffix != ".py"]
    assert sum(each.stat().st_size for each in lying) < AT_MOST


def test_files_and_entries_are_the_same() -> None:
    """No file without its entry, no entry without its file, none twice, and all as the code has."""
    lying = {
        f"{folder}/{each.name}" for folder in (MESSAGES, KEYS) for each in (HERE / folder).iterdir()
    }
    assert lying == set(ENTRIES)
    assert [] == [path for path, number in Counter(f.path for f in files()).items() if number > 1]
    assert (HERE / EXPECTED).read_text(encoding="utf-8") == expected_json()


def test_every_class_is_covered() -> None:
    covered = {name for entry in ENTRIES.values() for name in entry["classes"]}
    assert {each.name for each in Class} == covered


def test_every_entry_says_what_it_is() -> None:
    for path, entry in ENTRIES.items():
        assert entry["classes"], path
        assert entry["about"].endswith("."), path
    assert len(ENTRIES) == len({(e["about"], path[:4]) for path, e in ENTRIES.items()})


def test_the_script_makes_files_of_the_same_verdicts(tmp_path: Path) -> None:
    """Made anew, with other keys, each comes to what the committed one does."""
    seen: Counter[str] = Counter()
    wanted = []
    for each in files():
        module = each.case.make.__module__
        seen[module] += 1
        if SOAK or seen[module] <= EACH:
            wanted.append(each.path)
    make(tmp_path, only=wanted)
    with a_judge(tmp_path / FOLDER.name) as judge:
        for path in wanted:
            raw = (tmp_path / path).read_bytes()
            found = judge.message(judge.read(raw)) if path in MAILS else judge.certificate(raw)
            assert [] == differences(ENTRIES[path]["verdict"], found), path
