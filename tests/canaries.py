"""Searches bytes for secrets in the forms in which secrets leak: plain, folded, encoded, hashed."""

import base64
import bz2
import hashlib
import quopri
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_ZLIB_STARTS = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|BZh[1-9]")
_WINDOW = 4 * 1024 * 1024


def forms(secret: str) -> dict[str, bytes]:
    """Return what to look for, by the name of the form; all are compared without case."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "utf-16": secret.encode("utf-16-le"),
        "hex": raw.hex().encode(),
        "quoted-printable": quopri.encodestring(raw, quotetabs=True),
        "reversed": raw[::-1],
    }
    for phase in range(3):
        encoded = base64.b64encode(b"\0" * phase + raw)
        # The letters at both ends also depend on the neighbours.
        found[f"base64 phase {phase}"] = encoded[4 if phase else 0 : -4]
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, raw, usedforsecurity=False).digest()
        found[name] = digest
        found[f"{name} in hex"] = digest.hex().encode()
    return {name: form.lower() for name, form in found.items()}


def leaks(haystack: bytes, secrets: Iterable[str]) -> list[str]:
    """Return which secrets lie in some bytes and in which form, compressed streams included."""
    found = []
    for layer in (haystack, *_decompressed(haystack)):
        lowered = layer.lower()
        # Base64 and quoted-printable break their lines anywhere.
        joined = lowered.replace(b"=\r\n", b"").replace(b"\r", b"").replace(b"\n", b"")
        for secret in secrets:
            found += [
                f"{secret} as {name}"
                for name, form in forms(secret).items()
                if form in lowered or form in joined
            ]
    return found


def leaks_in_files(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Return the same for every file below a folder, with the names of the files."""
    wanted = tuple(secrets)
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            where = path.relative_to(folder)
            found += [f"{where}: {leak}" for leak in leaks(path.read_bytes(), wanted)]
            found += [f"{where}: {leak} in its name" for leak in leaks(bytes(path), wanted)]
    return found


def _decompressed(haystack: bytes) -> Iterator[bytes]:
    for start in _ZLIB_STARTS.finditer(haystack):
        chunk = haystack[start.start() :]
        try:
            if chunk[:3] == b"BZh":
                yield bz2.BZ2Decompressor().decompress(chunk, _WINDOW)
            else:
                yield zlib.decompressobj(wbits=47).decompress(chunk, _WINDOW)
        except (zlib.error, OSError, EOFError):
            continue
