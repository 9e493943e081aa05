"""Where the lives of installations that are killed come from."""

from multiprocessing.context import ForkServerContext

import pytest

from tests.path.lives import make_nursery


@pytest.fixture(scope="session")
def nursery() -> ForkServerContext:
    """A process that has imported everything."""
    return make_nursery()
