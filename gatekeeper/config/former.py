"""Where the files of the alias's keys of before lie, each named after its fingerprint."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path("alias/former")
"""Seen from the configuration's folder."""


def certificate(fingerprint: str) -> Path:
    """Return the file of a former key's certificate, seen from the configuration's folder."""
    return FOLDER / f"{fingerprint}.asc"


def secret(fingerprint: str) -> Path:
    """Return the file of a former key's wrapped secret, seen from the configuration's folder."""
    return FOLDER / f"{fingerprint}.sealed"
