"""Screens: labels of ours at the left, values in their column, lines that always fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli.screen import INDENT, MARGIN, ROOM_MIN, Screen, counted
from gatekeeper.cli.wrapping import columns


@given(st.text(), st.integers(0, 100))
def test_whatever_is_written_fits_and_stays_in_its_column(text: str, room: int) -> None:
    """No value, item or text of a mail reaches the left edge."""
    screen = Screen(room)
    screen.pair("Label", text)
    screen.item("Thu 2026-09-03 12:00:00Z", text)
    screen.text(text)
    screen.title("SEC-2026-0001", text)
    ours = ("Label", " " * INDENT, "SEC-2026-0001")
    lines = [line for line in screen.lines if line]
    assert all(columns(line) <= max(room, ROOM_MIN) for line in lines)
    assert all(line.isprintable() for line in lines)
    assert all(line.startswith(ours) for line in lines)


def test_values_stand_below_each_other() -> None:
    screen = Screen(40)
    screen.pair("To", "one", "two")
    screen.pair("Cc")
    screen.pair("Subject", "words that need more than one line here")
    assert [
        "To         one",
        "           two",
        "Subject    words that need more than one",
        "           line here",
    ] == screen.lines
    assert MARGIN == screen.lines[0].index("one")


def test_a_rule_reaches_across() -> None:
    screen = Screen(50)
    screen.rule("1", "Thu 2026-09-03 12:00:00Z", "report")
    assert ["── 1 ── Thu 2026-09-03 12:00:00Z ── report ───────"] == screen.lines


def test_a_rule_that_is_too_long_goes_on_below() -> None:
    screen = Screen(40)
    screen.rule("1", "Thu 2026-09-03 12:00:00Z", "our acknowledgement")
    first, second = screen.lines
    assert 40 == len(first)
    assert "   acknowledgement" == second


def test_gaps_are_single_and_never_first() -> None:
    screen = Screen(40)
    screen.gap()
    screen.say("one")
    screen.gap()
    screen.heading("two")
    assert ["one", "", "two"] == screen.lines


@pytest.mark.parametrize(("number", "expected"), [(0, "0 copies"), (1, "1 copy"), (2, "2 copies")])
def test_things_are_counted(number: int, expected: str) -> None:
    assert expected == counted(number, "copy", "copies")
    assert counted(2, "message") == "2 messages"
