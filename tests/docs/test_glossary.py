"""Words are spelt one way: what docs/glossary.md rules out stands in no docstring or document."""

import ast
import io
import re
import tokenize

import pytest

import dev
from tests.architecture.sources import python_files, read
from tests.docs.printing import documents

DOCUMENT = "docs/glossary.md"
PROSE = "CHANGELOG.md"


def rows() -> list[tuple[str, str, str, str]]:
    """Return word, meaning, place in the code, and the words ruled out."""
    found = []
    for line in read(DOCUMENT).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] not in {"word", "---"}:
            found.append((cells[0], cells[1], cells[2], cells[3]))
    return found


def ruled_out() -> list[str]:
    """Return the spellings that nobody uses."""
    return [word.strip() for *_, cell in rows() for word in cell.split(",") if word.strip()]


def remarks(path: str) -> list[tuple[int, str]]:
    """Return line and text of every docstring and comment of a module."""
    text = read(path)
    found = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    ]
    alone = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr)]
    docstrings = [
        (node.lineno, str(node.value.value))
        for node in alone
        if isinstance(node.value, ast.Constant)
    ]
    return found + docstrings


def strange(words: list[str], where: str, line: int, text: str) -> list[str]:
    """Find words that are ruled out, in any case, and also as plurals."""
    return [
        f"{where}:{line}: say it as the glossary does: {word}"
        for word in words
        if re.search(rf"\b{re.escape(word)}s?\b", text, re.IGNORECASE)
    ]


def test_docstrings_and_comments_use_the_words_of_the_glossary() -> None:
    words = ruled_out()
    found = [
        problem
        for path in python_files("gatekeeper", "migrations")
        for line, text in remarks(path)
        for problem in strange(words, path, line, text)
    ]
    assert [] == found


def test_documents_use_the_words_of_the_glossary() -> None:
    words = ruled_out()
    found = [
        problem
        for path in [*documents(), PROSE]
        if path != DOCUMENT
        for line, text in enumerate(read(path).splitlines(), 1)
        for problem in strange(words, path, line, re.sub(r"`[^`]*`", "", text))
    ]
    assert [] == found


def test_every_word_is_used() -> None:
    """A word that neither code nor configuration says does not belong here yet."""
    config = "".join(path.read_text() for path in dev.ROOT.joinpath("config").rglob("*.yaml"))
    said = config + "".join(read(path) for path in python_files("gatekeeper"))
    said = re.sub(r"[\s_-]+", " ", said).lower()
    for word, *_ in rows():
        for part in word.split(", "):
            assert re.search(rf"\b{part.removesuffix('y')}", said), part


def test_words_are_in_order_and_have_a_meaning() -> None:
    words = [word for word, *_ in rows()]
    assert sorted(words, key=str.lower) == words
    assert len(words) == len(set(words))
    for _, meaning, place, _ in rows():
        assert meaning
        assert place


@pytest.mark.parametrize(
    "text", ["opens a ticket", "Opens Tickets", "one e-mail each", "the audit log", "by email"]
)
def test_another_spelling_is_seen(text: str) -> None:
    assert 1 == len(strange(ruled_out(), "a.py", 1, text))


def test_the_right_spelling_passes() -> None:
    text = "the response team reads a letter in its issue; a delivery is one of its messages"
    assert [] == strange(ruled_out(), "a.py", 1, text)
