"""The configuration that travels with the program: every file an operator edits, commented."""

from pathlib import Path
from typing import Final

import gatekeeper

_PACKAGE: Final = Path(gatekeeper.__file__).parent

NAMES: Final = ("gatekeeper.yaml", "policy.yaml", "team.yaml", "keys/README")
"""The files of a configuration folder, beside presets and templates."""


def folder() -> Path:
    """Return the shipped folder: inside an installed package, else beside it in the sources."""
    packaged = _PACKAGE / "shipped" / "config"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "config"


def presets() -> tuple[str, ...]:
    """Return the names of the shipped presets, relative to the folder."""
    return tuple(sorted(f"presets/{path.name}" for path in (folder() / "presets").glob("*.yaml")))


def templates() -> tuple[str, ...]:
    """Return the names of the shipped templates, relative to the folder."""
    return tuple(
        sorted(f"templates/{path.name}" for path in (folder() / "templates").glob("*.txt"))
    )
