"""A missing peer is skipped with a visible reason, or fails where nothing may be skipped."""

from pathlib import Path

import pytest

import dev
from tests import peers

ABSENT = "no-such-peer"


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> str:
    """A peer that no machine has."""
    monkeypatch.setitem(dev.PEERS, ABSENT, ("no-such-package", "that nothing is there"))
    return ABSENT


def test_a_missing_peer_is_skipped_with_its_remedy(
    absent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(peers.REQUIRE_VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        peers.require(absent)
    reason = f"missing peer: {ABSENT} (that nothing is there); apt-get install no-such-package"
    assert reason == str(skipped.value)


def test_a_missing_peer_fails_where_nothing_may_be_skipped(
    absent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(peers.REQUIRE_VARIABLE, "1")
    with pytest.raises(pytest.fail.Exception, match="missing peer: no-such-peer"):
        peers.require(absent)


def test_a_peer_that_is_there_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("one", "two"):
        monkeypatch.setitem(dev.PEERS, name, (name, name))
        tmp_path.joinpath(name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {"one": tmp_path / "one", "two": tmp_path / "two"} == peers.require("one", "two")


def test_a_name_that_is_no_peer_is_a_mistake() -> None:
    """A misspelt name must not pass for a peer that this machine lacks."""
    with pytest.raises(KeyError):
        peers.require("postfx")
