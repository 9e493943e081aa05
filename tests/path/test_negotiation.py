"""A whole negotiation by mail, as docs/negotiation.md has it, whatever is killed in it."""

from multiprocessing.context import ForkServerContext

import pytest

from tests.architecture.sources import read
from tests.path.lives import living, make_nursery
from tests.path.negotiation import DOCUMENT, negotiated

FIRST = 6
"""A life makes fewer writes than this before it looks at its mail."""


@pytest.fixture(scope="module")
def nursery() -> ForkServerContext:
    """Where the lives come from."""
    return make_nursery()


@pytest.mark.timeout(300)  # a dozen lives, each with gpg on both sides
def test_the_document_is_what_comes_of_it(nursery: ForkServerContext, migrated_url: str) -> None:
    """`python -m tests.docs.printing` writes it anew, for somebody to read what changed."""
    with living(nursery, migrated_url) as lives:
        text, table = negotiated(lives)
    assert read(DOCUMENT) == text
    assert 0 == table.killed


@pytest.mark.timeout(600)  # twice as many
@pytest.mark.parametrize("step", [1, 3])
def test_killed_in_every_step_it_reads_the_same(
    nursery: ForkServerContext, migrated_url: str, step: int
) -> None:
    """Nobody gets another mail than without a kill, no decision is lost, none is made twice."""
    kills = [(FIRST + (step * turn) % 11, bool(turn % 2)) for turn in range(11)]
    with living(nursery, migrated_url) as lives:
        text, table = negotiated(lives, kills)
    assert read(DOCUMENT) == text
    assert len(kills) // 2 < table.killed
