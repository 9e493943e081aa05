"""A long mail at first sight: what was quoted is folded, the rest is cut once, and it says so."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli.folding import LINES_SHOWN, QUOTED_SHOWN, folded

LINES = st.lists(st.sampled_from(["", "a word", "> quoted", ">> twice"]), max_size=150)


def shown(text: str) -> list[str]:
    """Return what is shown, notes in brackets."""
    return [f"[{each.text}]" if each.note else each.text for each in folded(text)]


def test_a_short_mail_stays_as_it_is() -> None:
    text = "Hello\n\n> why?\nBecause."
    assert text == "\n".join(shown(text))


def test_a_long_quote_is_folded() -> None:
    quote = "\n".join(["> line"] * (QUOTED_SHOWN + 1))
    assert ["I agree", "[4 quoted lines; --full shows them]", "Robin"] == shown(
        f"I agree\n{quote}\nRobin"
    )


def test_a_long_mail_is_cut_once() -> None:
    text = "\n".join(f"line {number}" for number in range(LINES_SHOWN + 7))
    first, note = shown(text)
    assert text.startswith(first)
    assert LINES_SHOWN == len(first.split("\n"))
    assert "[7 more lines; --full shows them]" == note


@given(LINES)
def test_every_line_is_shown_or_counted(lines: list[str]) -> None:
    """Nothing is left out silently."""
    counted = 0
    for each in folded("\n".join(lines)):
        counted += int(each.text.split(" ")[0]) if each.note else each.text.count("\n") + 1
    assert max(len(lines), 1) == counted
