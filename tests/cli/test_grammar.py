"""Numbers on the command line: within bounds, or refused with a word that says which."""

import argparse

import pytest

from gatekeeper.cli.grammar import whole
from tests.cli.conftest import Shell
from tests.config.installation import Installation


def test_a_whole_number_within_its_bounds_is_read() -> None:
    read = whole(0, 100, "entries")
    assert [0, 7, 100] == [read(text) for text in ("0", "7", "100")]


@pytest.mark.parametrize("text", ["", "-1", "101", "1.5", "1_0", " 1", "\u0663", "9" * 5000])
def test_another_number_is_refused(text: str) -> None:
    with pytest.raises(
        argparse.ArgumentTypeError, match="is not a number of entries from 0 to 100"
    ):
        whole(0, 100, "entries")(text)


@pytest.mark.parametrize(
    "words", [("audit", "show", "--last"), ("key", "extend", "--days")], ids=" ".join
)
@pytest.mark.parametrize("number", ["99999999999999999999", "9" * 5000, "-1"])
def test_a_number_beyond_all_bounds_is_wrong_usage(
    words: tuple[str, ...], number: str, shell: Shell, site: Installation
) -> None:
    """No error of the database or of the program, and nothing is opened for it."""
    before = sorted(site.folder.rglob("*"))
    said = shell(*words[:-1], f"{words[-1]}={number}")
    assert (2, "") == (said.status, said.out)
    assert f"argument {words[-1]}: " in said.err
    assert "is not a number of" in said.err
    assert "unexpected" not in said.err
    assert before == sorted(site.folder.rglob("*"))
