"""Values change, comments stay, and every value is read back as it was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.config.positions import read
from gatekeeper.config.rewriting import rewritten, scalar

_TEXT = "# head\na: 1  # one\nb:\n  - {c: old, d: x}\n  # between\ne:\n"


def test_only_the_value_changes() -> None:
    expected = '# head\na: new value  # one\nb:\n  - {c: "it\'s: #1", d: x}\n  # between\ne:\n'
    assert expected == rewritten(_TEXT, {("a",): "new value", ("b", 0, "c"): "it's: #1"})


def test_a_value_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="e has no value"):
        rewritten(_TEXT, {("e",): "x"})
    with pytest.raises(ValueError, match="not sound YAML"):
        rewritten("a: [", {("a",): "x"})


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1))
def test_a_printable_value_comes_back(text: str) -> None:
    """Whatever a name or path is made of, in a block and in a flow list."""
    for form in ("a: {}\n", "a: [{}, x]\n", "a: {{b: {}}}\n"):
        document, problems = read("x.yaml", form.format(scalar(text)).encode())
        assert () == problems
        assert document is not None
        value = document.value
        while not isinstance(value, str):
            assert value is not None
            value = value[0] if isinstance(value, list) else next(iter(value.values()))
        assert text == value
