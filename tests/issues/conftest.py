"""A house on each database; and a talk on SQLite, for rules that no database takes part in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.domain.instants import HOUR
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from tests.house import House, open_house
from tests.issues.talk import Talk, a_talk, sqlite_house


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    with open_house(store) as opened:
        yield opened


@pytest.fixture(scope="module")
def long_talk(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, codec: Codec
) -> Iterator[Talk]:
    """One talk for all tests of a module, each with issues of its own."""
    folder = tmp_path_factory.mktemp("talk")
    with sqlite_house(sqlite_template, folder, codec) as house, a_talk(house) as talk:
        yield talk


@pytest.fixture
def talk(long_talk: Talk) -> Talk:
    """The talk of this module, in which nobody was answered within the last hour."""
    long_talk.house.pass_time(2 * HOUR)
    return long_talk
