"""Imports point down only: the contracts of pyproject.toml hold, and break when they should."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import dev

LINTER = Path(sys.executable).with_name("lint-imports")

MODULES = (
    *("__main__", "cli", "demo", "service", "workers", "start", "loops", "config"),
    *("inbound", "outbound", "clock", "memory", "metrics", "presence", "lead", "notify", "secrecy"),
    *("issues", "texts", "store", "pgp", "mail", "domain"),
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import rule over the package `gatekeeper` in a folder."""
    command = [str(LINTER), "--no-logo", "--no-cache", str(dev.ROOT / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)


def build(folder: Path, code: dict[str, str], absent: Iterable[str] = ()) -> None:
    """Make a package with the house's layers, of which some modules hold code."""
    package = folder / "gatekeeper"
    package.mkdir()
    for name in {"__init__", *MODULES, *code} - set(absent):
        package.joinpath(f"{name}.py").write_text(code.get(name, ""), encoding="utf-8")


def test_the_house_keeps_its_layers() -> None:
    done = lint(dev.ROOT)
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "code",
    [
        {},
        {"cli": "from gatekeeper import domain", "service": "from gatekeeper import inbound, pgp"},
        {"publication": "from gatekeeper import issues", "members": "from gatekeeper import store"},
        {"store": "import sqlalchemy", "domain": "import re"},
    ],
)
def test_a_house_in_order_passes(tmp_path: Path, code: dict[str, str]) -> None:
    build(tmp_path, code)
    done = lint(tmp_path)
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "code",
    [
        {"domain": "from gatekeeper import mail"},
        {"store": "import gatekeeper.pgp"},
        {"inbound": "from gatekeeper import outbound"},
        {"inbound": "def f() -> None:\n    from gatekeeper import config"},
        {"publication": "from gatekeeper import clock"},
        {"members": "from gatekeeper import issues"},
        {"cli": "from gatekeeper import demo"},
        {"domain": "import yaml"},
        {"mail": "import gnupg"},
        {"stray": ""},
    ],
    ids="-".join,
)
def test_a_house_out_of_order_is_seen(tmp_path: Path, code: dict[str, str]) -> None:
    """Upward and sideways imports, third-party packages below, a module without a layer."""
    build(tmp_path, code)
    assert 1 == lint(tmp_path).returncode


def test_a_missing_layer_is_seen(tmp_path: Path) -> None:
    build(tmp_path, {}, absent=["service"])
    assert 1 == lint(tmp_path).returncode
