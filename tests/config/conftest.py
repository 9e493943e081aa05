"""A sound configuration for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.installation import Installation, installation


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """Lend a sound configuration that a test may break."""
    with installation(tmp_path) as made:
        yield made
