"""A house on each database, a relay that can fail, and a reporter to write to."""

from collections.abc import Iterator

import pytest

from gatekeeper.store.engine import Store
from tests.house import House, open_house
from tests.outbound.talking import Talk, begin
from tests.sinks import UnreliableRelay, unreliable_relay


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    with open_house(store) as opened:
        yield opened


@pytest.fixture
def peer() -> Iterator[UnreliableRelay]:
    with unreliable_relay() as running:
        yield running


@pytest.fixture
def talk(house: House) -> Talk:
    return begin(house)
