"""A sender's words in a text of ours: one line, in quotes, and never left of their column."""

from unicodedata import east_asian_width

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.issues.column import INDENT, in_column, one_line, quoted

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=500)


def width(line: str) -> int:
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in line)


@given(ANY_TEXT, st.integers(2, 100))
def test_a_line_is_one_and_bounded(text: str, at_most: int) -> None:
    line = one_line(text, at_most)
    assert [line] == (line.splitlines() or [""])
    assert len(line) <= at_most
    assert line == one_line(line, at_most)


def test_what_is_cut_shows_that_it_was() -> None:
    assert "abc…" == one_line("abcdef", 4)
    assert "abcd" == one_line("abcd", 4)


@given(ANY_TEXT)
def test_quotes_end_only_where_the_words_do(text: str) -> None:
    assert 2 == quoted(text).count('"')
    assert '"' == quoted(text)[0] == quoted(text)[-1]


@given(ANY_TEXT)
def test_no_line_is_wider_than_the_page_or_begins_at_its_left(text: str) -> None:
    first, *others = in_column(one_line(text)).split("\n")
    assert all(line.startswith(" " * INDENT) for line in others)
    assert all(width(line) <= 78 for line in [" " * INDENT + first, *others])


@given(ANY_TEXT)
def test_breaking_loses_no_letter(text: str) -> None:
    line = one_line(text)
    assert line.replace(" ", "") == "".join(in_column(line).split())


def test_short_words_stay_together() -> None:
    assert "word " * 13 + "word" == in_column("word " * 14).partition("\n")[0] + " word"
