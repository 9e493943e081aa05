"""A house on each database."""

from collections.abc import Iterator

import pytest

from gatekeeper.store.engine import Store
from tests.house import House, open_house


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    with open_house(store) as opened:
        yield opened
