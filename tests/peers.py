"""Finds the real programs that tests talk to, and says aloud when one is missing."""

import os
from pathlib import Path

import pytest

import dev

REQUIRE_VARIABLE = "GATEKEEPER_REQUIRE_PEERS"


def require(*names: str) -> dict[str, Path]:
    """Give the path of each named peer (a key of `dev.PEERS`) to a test that needs them all.

    Where one is missing the test is skipped, with what that leaves unshown and how to get it;
    where GATEKEEPER_REQUIRE_PEERS is 1, as in CI, the test fails instead.
    """
    found = {name: dev.find_peer(name) for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        shows = ", ".join(f"{name} ({dev.PEERS[name][1]})" for name in missing)
        packages = " ".join(dev.PEERS[name][0] for name in missing)
        reason = f"missing peer: {shows}; apt-get install {packages}"
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(f"{reason}; {REQUIRE_VARIABLE} forbids to skip", pytrace=False)
        pytest.skip(reason)
    return {name: path for name, path in found.items() if path is not None}
