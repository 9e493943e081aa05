"""Values change, comments stay, and every value is read back as it was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.config.positions import read
from gatekeeper.config.problems import Path
from gatekeeper.config.rewriting import given as given_value
from gatekeeper.config.rewriting import listed_first, rewritten, scalar

_TEXT = "# head\na: 1  # one\nb:\n  - {c: old, d: x}\n  # between\ne:\n"


def test_only_the_value_changes() -> None:
    expected = '# head\na: new value  # one\nb:\n  - {c: "it\'s: #1", d: x}\n  # between\ne:\n'
    assert expected == rewritten(
        _TEXT, {("a",): "new value", ("b", 0, "c"): "it's: #1"}, file="x.yaml"
    )


def test_a_value_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="e has no value"):
        rewritten(_TEXT, {("e",): "x"}, file="x.yaml")
    with pytest.raises(ValueError, match=r"not sound YAML: x\.yaml:1:"):
        rewritten("a: [", {("a",): "x"}, file="x.yaml")
    with pytest.raises(ValueError, match=r"not sound YAML: x\.yaml:1:"):
        listed_first("a: [", ("a",), "x", file="x.yaml")
    with pytest.raises(ValueError, match=r"not sound YAML: x\.yaml:1:"):
        given_value("a: [", ("a",), "x", file="x.yaml")


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


def value_of(text: str) -> object:
    document, problems = read("x.yaml", text.encode())
    assert () == problems, text
    assert document is not None
    return document.value


FORMER: Path = ("alias", "former")
LISTS = {
    "empty": ("alias:\n  a: 1\n  former: []  # none\ngpg: x\n", "  former: [NEW]  # none\n"),
    "one": ("alias:\n  former: [OLD]\n", "  former: [NEW, OLD]\n"),
    "over lines": ("alias:\n  former: [\n    # oldest\n    OLD,\n  ]\n", "  former: [NEW, \n"),
    "dashes": (
        "alias:\n  former:\n    # first\n    - OLD  # second\n# third\ngpg: x\n",
        "    # first\n    - NEW\n    - OLD  # second\n# third\n",
    ),
    "dashes at the edge": ("alias:\n  former:\n  - OLD\n", "  former:\n  - NEW\n  - OLD\n"),
    "no value": ("alias:\n  former:  # none yet\n", "  former: [NEW]  # none yet\n"),
    "no value, at the end": ("alias:\n  former:", "  former: [NEW]"),
    "not there": (
        "alias:\n  a: 1  # one\n\n  # two\n\ngpg: x\n",
        "  a: 1  # one\n  former: [NEW]\n\n  # two\n",
    ),
    "not there, at the end": ("gpg: x\nalias:\n  a: 1", "  a: 1\n  former: [NEW]"),
    "not there, after a list": (
        "alias:\n  a:\n    - 1\n    - 2\n\n# next\ngpg: x\n",
        "    - 2\n  former: [NEW]\n\n# next\n",
    ),
    "not there, after a list over lines": (
        "alias:\n  a: [\n    1\n  ]\ngpg: x\n",
        "    1\n  ]\n  former: [NEW]\ngpg: x\n",
    ),
    "braces": ("alias: {a: 1}\n", "alias: {former: [NEW], a: 1}\n"),
    "braces with a list": ("alias: {a: 1, former: [OLD]}\n", "former: [NEW, OLD]}\n"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_value_is_put_first_into_a_list(name: str) -> None:
    """However the list is written, or not; every comment stays, and the old values behind it."""
    text, expected = LISTS[name]
    changed = listed_first(text, FORMER, "NEW", file="x.yaml")
    assert expected in changed
    assert text.count("#") == changed.count("#")
    value = value_of(changed)
    assert isinstance(value, dict)
    assert value["alias"]["former"] == (["NEW", "OLD"] if "OLD" in text else ["NEW"])
    before = value_of(text)
    assert isinstance(before, dict)
    rest = {k: v for k, v in value["alias"].items() if k != "former"}
    assert {k: v for k, v in before["alias"].items() if k != "former"} == rest
    assert before.get("gpg") == value.get("gpg")


def test_what_is_no_list_is_left_alone() -> None:
    with pytest.raises(ValueError, match=r"alias\.former is no list"):
        listed_first("alias:\n  former: x\n", FORMER, "NEW", file="x.yaml")
    for text in ("gpg: x\n", "alias: x\n", "alias: {}\n"):
        with pytest.raises(ValueError, match="alias is no group of settings"):
            listed_first(text, FORMER, "NEW", file="x.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alias:\n  a: 1\n  secret: old  # x\n", "alias:\n  a: 1\n  secret: n/w  # x\n"),
        ("alias:\n  secret:\n  a: 1\n", "alias:\n  secret: n/w\n  a: 1\n"),
        ("alias:\n  a: 1\n", "alias:\n  a: 1\n  secret: n/w\n"),
        ("alias: {secret: old}\n", "alias: {secret: n/w}\n"),
    ],
)
def test_a_value_is_given_where_there_was_one_or_none(text: str, expected: str) -> None:
    assert expected == given_value(text, ("alias", "secret"), "n/w", file="x.yaml")
