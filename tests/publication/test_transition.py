"""The statement of a changed key, word for word, and in letters that every system has."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.publication import transition
from gatekeeper.publication.transition import Change

GOLDEN = Path(__file__).parent.parent / "golden" / "publication"
ALIAS = Address.parse("security@example.org")
START = Instant(1_788_436_800_000_000)
OLD, NEW = "0123456789ABCDEF0123456789ABCDEF01234567", "89ABCDEF0123456789ABCDEF0123456789ABCDEF"


def change(*, old_signs: bool, address: Address = ALIAS) -> Change:
    return Change(address=address, old=OLD, new=NEW, at=START, old_signs=old_signs)


@pytest.mark.parametrize("old_signs", [True, False])
def test_the_statement_is_as_reviewed(old_signs: bool) -> None:
    """Signed by both keys, or by the new one alone: tests/golden/publication."""
    name = "transition-both" if old_signs else "transition-new-alone"
    assert (GOLDEN / f"{name}.txt").read_bytes() == transition.text(change(old_signs=old_signs))


def test_every_golden_text_is_tested() -> None:
    assert {"transition-both", "transition-new-alone"} == {p.stem for p in GOLDEN.iterdir()}


@given(st.sampled_from(["security@example.org", "psirt@bücher.example", "sécurité@example.org"]))
def test_it_is_lines_that_can_be_signed_as_text(address: str) -> None:
    """7-bit characters, no blanks at line ends, no line longer than 76."""
    text = transition.text(change(old_signs=True, address=Address.parse(address)))
    for line in text.decode("ascii").splitlines():
        assert line.isprintable()
        assert line == line.rstrip()
        assert len(line) <= 76
    assert text.endswith(b"\n")


def test_its_name_tells_the_change() -> None:
    assert f"transition-{OLD}-{NEW}.asc" == transition.name(OLD, NEW)
