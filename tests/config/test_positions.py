"""Any bytes are read or told; every value keeps its place and its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.config.positions import Document, read


def _read(text: str) -> Document:
    document, problems = read("x.yaml", text.encode())
    assert () == problems
    assert document is not None
    return document


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_told(raw: bytes) -> None:
    """Never an exception; what cannot be read has a place inside the file."""
    document, problems = read("x.yaml", raw)
    assert document is not None or problems
    lines = raw.count(b"\n") + raw.count(b"\r") + 4 * len(raw)
    assert all(0 <= problem.line <= lines + 1 for problem in problems)


@given(
    st.text(alphabet="abc[]{}:,-?!&*#|>'\"%@` \n\t~.0", max_size=80).map(lambda text: text.encode())
)
def test_any_yaml_is_read_or_told(raw: bytes) -> None:
    document, problems = read("x.yaml", raw)
    assert document is not None or problems


def test_every_scalar_is_text() -> None:
    """No yes that is true, no 0644 that is 420, no date that is one."""
    text = "a: yes\nb: 0644\nc: 2026-03-02\nd: 1.0\ne: 12:30\nf: on\n"
    expected = {"a": "yes", "b": "0644", "c": "2026-03-02", "d": "1.0", "e": "12:30", "f": "on"}
    assert expected == _read(text).value


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_nothing_is_none(nothing: str) -> None:
    assert {"a": None} == _read(f"a: {nothing}\n").value
    assert {"a": nothing} == _read(f"a: '{nothing}'\n").value


@pytest.mark.parametrize("empty", ["", "# only a comment\n", "\n\n"])
def test_an_empty_file_is_an_empty_mapping(empty: str) -> None:
    assert {} == _read(empty).value


def test_places_count_from_one_and_spans_cut_the_value_out() -> None:
    text = "# ü\na:\n  - b: 'cd'\n    e: [f,  g]\n"
    document = _read(text)
    span = document.values["a", 0, "b"]
    assert (3, 8) == (span.line, span.column)
    assert "'cd'" == text[span.start : span.end]
    inner = document.values["a", 0, "e", 1]
    assert (4, 13) == (inner.line, inner.column)
    assert (4, 5) == (document.keys["a", 0, "e"].line, document.keys["a", 0, "e"].column)


def test_a_byte_order_mark_is_passed_over() -> None:
    document, problems = read("x.yaml", b"\xef\xbb\xbfa: 1\n")
    assert () == problems
    assert document is not None
    assert {"a": "1"} == document.value


def test_a_problem_stands_at_the_nearest_thing_there_is() -> None:
    document = _read("a:\n  b: 1\n")
    assert (1, 1) == (document.problem(("a", "c"), "x").line, document.problem((), "x").column)
    assert 2 == document.problem(("a", "b"), "x").line
    assert (1, 1) == (document.problem(("z",), "x").line, document.problem(("z",), "x").column)
