"""Where the certificates that backups are encrypted to lie, each named after its fingerprint."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path("recovery")
"""Seen from the configuration's folder."""


def certificate(fingerprint: str) -> Path:
    """Return the file of a recovery key's certificate, seen from the configuration's folder."""
    return FOLDER / f"{fingerprint}.asc"
