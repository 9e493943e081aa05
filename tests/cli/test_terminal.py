"""What is stored cannot steer a terminal; tables fit it; pipes and programs get plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli.terminal import emit_table, progress, safe, safe_lines
from tests.cli.terminals import on_a_terminal

_WIDE = "この問題は長い件名を持っています" * 4
_TABLE = (
    "from gatekeeper.cli.terminal import emit_table;"
    f"emit_table(('ID', 'SUBJECT'), [('SEC-2026-0001', 'x' * 200), ('SEC-2026-0002', '{_WIDE}'),"
    "('SEC-2026-0003', 'short')])"
)


@given(st.text())
def test_nothing_that_steers_is_left(text: str) -> None:
    assert safe(text).isprintable()
    assert all(line.isprintable() for line in safe_lines(text).split("\n"))


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" ")))
def test_printable_text_stays(text: str) -> None:
    assert text == safe(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\x9b31m", "\\x9b31m"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("a\u2028b", "a\\u2028b"),
        ("a\u00a0b", "a b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_steers_is_shown(text: str, expected: str) -> None:
    assert expected == safe(text)


def test_lines_and_tabs_stay_lines_and_columns() -> None:
    assert "a       b\nc\n\\x1bd" == safe_lines("a\tb\r\nc\n\x1bd")


def test_a_pipe_gets_whole_cells_and_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    emit_table(("ID", "SUBJECT"), [("1", "x" * 200), ("2", "a\tb\x1b")])
    assert f"ID\tSUBJECT\n1\t{'x' * 200}\n2\ta\\x09b\\x1b\n" == capsys.readouterr().out


def test_a_terminal_gets_a_table_of_its_width() -> None:
    """Columns aligned, the long one cut, wide letters counted twice, the head bold."""
    head, *rows = on_a_terminal(["-c", _TABLE]).splitlines()
    assert head.startswith("\x1b[1mID")
    widths = [len(row) + sum(ord(c) > 0x3000 for c in row) for row in rows]
    assert 60 == widths[0]
    assert widths[1] in {59, 60}
    assert all(row.startswith("SEC-2026-000") for row in rows)
    assert ["…", "…", "t"] == [row[-1] for row in rows]


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_are_left_out_where_they_are_not_wanted(environment: dict[str, str]) -> None:
    assert "\x1b" not in on_a_terminal(["-c", _TABLE], **environment)


def test_progress_is_told_to_people_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error while the output goes elsewhere; a log or a pipe gets none of it."""
    assert [1, 2] == list(progress([1, 2]))
    assert "" == capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert [1, 2] == list(progress([1, 2]))
    assert "\r1 of 2\r2 of 2\r\x1b[K" == capsys.readouterr().err
