"""Lines that fit by what a screen shows of them: nothing is lost, nothing is wider."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli.wrapping import all_wrapped, columns, fitted, wrapped

TEXT = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" >"))
ROOM = st.integers(2, 100)


@given(TEXT, ROOM)
def test_every_line_fits(text: str, room: int) -> None:
    """Whatever the letters; a wide one takes two columns, so there are two at least."""
    assert all(columns(line) <= room for line in wrapped(text, room))


@given(TEXT, ROOM)
def test_no_letter_is_lost(text: str, room: int) -> None:
    """All that is added are blanks and the marks that begin a quoted line."""
    joined = "".join(wrapped(text, room))
    assert text.replace(" ", "").replace(">", "") == joined.replace(" ", "").replace(">", "")


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" \n")))
def test_without_a_width_lines_stay(text: str) -> None:
    assert [line.rstrip(" ") for line in text.split("\n")] == all_wrapped(text, None)


@given(TEXT, ROOM)
def test_a_cell_has_its_width(text: str, width: int) -> None:
    shown = fitted(text, width)
    assert width - 1 <= columns(shown) <= width
    assert shown.rstrip(" ") == text.rstrip(" ") or "…" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("abc", 3),
        ("この", 4),
        ("e\u0301", 1),
        ("\u05e9\u05dc\u05d5\u05dd", 4),
        ("\uff21", 2),
        ("\u0915\u094d\u0937", 2),
    ],
    ids=["nothing", "Latin", "Japanese", "combining", "Hebrew", "full width", "Devanagari"],
)
def test_columns_are_counted(text: str, expected: int) -> None:
    assert expected == columns(text)


@pytest.mark.parametrize(
    ("line", "room", "expected"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("> one two three", 9, ["> one two", "> three"]),
        ("> > one two", 8, ["> > one", "> > two"]),
        ("    - one two", 9, ["    - one", "    two"]),
        ("abcdefgh ij", 3, ["abc", "def", "gh", "ij"]),
        ("この問題は", 5, ["この", "問題", "は"]),
        (" " * 30 + "one two", 7, ["one two"]),
        ("one  two", 80, ["one  two"]),
        ("one   ", 80, ["one"]),
    ],
)
def test_where_lines_are_broken(line: str, room: int, expected: list[str]) -> None:
    """At blanks, inside words that are too wide; quote marks and indentation go on."""
    assert expected == wrapped(line, room)


@pytest.mark.timeout(20)
def test_a_line_without_end_costs_no_more_than_its_length() -> None:
    """A mail may be one line; words and letters without number are cut in one pass."""
    assert 25_000 == len(wrapped("x" * 1_000_000, 40))
    assert 25_000 == len(wrapped("x " * 500_000, 40))
