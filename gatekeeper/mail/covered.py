"""Tell again what a signature covers, however its lines end."""

import hashlib
import io


def digest(covered: bytes) -> bytes:
    """Return the SHA-256 of what a signature covers, by line and without blanks at line ends.

    A signature of text stays good when line ends change on the way, and blanks before them in one
    that is signed in clear, so a copy must not look like another message for it.
    """
    hashed = hashlib.sha256()
    for line in io.BytesIO(covered):
        hashed.update(line.rstrip(b" \t\r\n") + b"\n")
    return hashed.digest()
