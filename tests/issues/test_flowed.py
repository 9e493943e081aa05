"""Text that was broken for the way is joined as it was typed, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.issues.flowed import unflowed


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("one \ntwo \nthree\nfour", "one two three\nfour"),
        ("one \n\ntwo", "one \ntwo"),
        ("  stuffed\n >not quoted\n From here", " stuffed\n>not quoted\nFrom here"),
        ("> a \n> b\n>> c \n> d", "> a b\n>> c \n> d"),
        ("text \n-- \nname", "text \n-- \nname"),
        ("-- \nname \nmore", "-- \nname more"),
        ("open \n", "open "),
        ("", ""),
    ],
)
def test_paragraphs_are_joined(sent: str, typed: str) -> None:
    assert typed == unflowed(sent, delsp=False)


def test_a_blank_that_was_added_is_taken_out() -> None:
    assert "4f1c22ab90d7" == unflowed("4f1c22 \nab90d7", delsp=True)
    assert "4f1c22 ab90d7" == unflowed("4f1c22 \nab90d7", delsp=False)


@given(st.text("ab >\n-", max_size=100), st.booleans())
def test_no_letter_is_lost_and_no_line_appears(text: str, delsp: bool) -> None:
    shown = unflowed(text, delsp=delsp)
    assert text.count("a") == shown.count("a")
    assert shown.count("\n") <= text.count("\n")


@given(st.lists(st.text("abc.", min_size=1, max_size=20), max_size=10))
def test_fixed_text_stays_as_it_is(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert text == unflowed(text, delsp=False)
