"""Fixtures for all tests, each plugin named, and what the ordinary run leaves to the soak.

The ordinary run (`python3 dev.py test`) is to end in some minutes. It shows every promise; where
cases are many it takes fewer of them, by the rules of tests/sampling.py, and the soak
(`python3 dev.py soak`, which sets GATEKEEPER_SOAK=1) takes all. Coverage is measured of the
packages in MEASURED, and while their own tests run: tracing the others would double their cost,
and a line that only a test of something else happens to reach is not shown by it.

No test passes or fails by how long it took. Where hostile input might cost more than its bytes,
`pytest.mark.timeout` ends what would take for ever; speed is measured by the benchmark.
"""

import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings

from tests import scratch
from tests.sampling import LONGER, SOAK

pytest_plugins = ["tests.databases"]

MEASURED = ("domain", "mail", "pgp")
"""Packages whose branches are counted (pyproject.toml names them too), each with its tests."""

# no deadline, because a busy machine is no defect of the program; the same examples in every
# ordinary run, others in every soak
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=100 * LONGER, print_blob=True)
settings.load_profile("soak" if SOAK else "house")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Count no lines while a test of another package runs, with its fixtures."""
    here = Path(__file__).parent
    counting = sys.gettrace(), threading.gettrace()
    if any(here / name in item.path.parents for name in MEASURED) or counting == (None, None):
        return (yield)
    # not the marker `no_cover`: in a worker of xdist it ends but one of two tracers
    sys.settrace(None)
    threading.settrace(cast("Any", None))
    try:
        return (yield)
    finally:
        sys.settrace(counting[0])
        threading.settrace(cast("Any", counting[1]))


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing_behind() -> Iterator[None]:
    with scratch.kept_apart():
        yield
