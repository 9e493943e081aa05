"""Names that a file of a stranger may have in a folder of ours, and on a colleague's machine."""

import re
import unicodedata
from typing import Final

NAME_MAX: Final = 100
"""Bytes of a name, far below any file system's limit, so that a number fits before it."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SLASHES: Final = re.compile(r"[/\\]")
_OTHER: Final = re.compile(r"[^A-Za-z0-9._-]")
_EXTENSION: Final = re.compile(r"(?:\.tar)?\.[A-Za-z0-9_-]{1,16}")
_DEVICE: Final = re.compile(r"^(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?=\.|$)", re.IGNORECASE)
"""Names that Windows takes for devices, whatever extension follows."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def file_name(text: str, *, fallback: str) -> str:
    """Return the name to keep a file under whose sender calls it `text`.

    The result matches `[A-Za-z0-9][A-Za-z0-9._-]*` (design: process, A-6), has at most NAME_MAX
    bytes with its extension kept, no trailing dot, and is no device name of Windows: it is the
    last component of a path, without characters that cannot be seen; any other becomes `_`. Where
    nothing is left, of the name or of what stands before its extension, `fallback` is used, which
    must be such a name itself (ValueError).
    """
    if not _NAME.fullmatch(fallback) or fallback != _cleaned(fallback):
        message = "the fallback is not a safe file name"
        raise ValueError(message)
    name = _plain(text)
    stem, dot, extension = name.rpartition(".")
    if dot and stem.strip(".") and not stem.strip("._-") and extension.strip("_-"):
        name = f"{fallback}.{extension}"
    return _cleaned(name) or fallback


def _plain(text: str) -> str:
    """Return the last component of a path in the letters that a name may have."""
    last = _SLASHES.split(text.rstrip("/\\"))[-1]
    composed = unicodedata.normalize("NFC", last)
    seen = "".join(c for c in composed if unicodedata.category(c) not in _UNSEEN)
    return _OTHER.sub("_", seen.strip(" "))


def _cleaned(text: str) -> str:
    """Return a name of such letters with a legal start, end and length; perhaps empty."""
    name = text.lstrip("._-").rstrip(".")
    return _shortened(_DEVICE.sub(r"\g<0>_", name))


def _shortened(name: str) -> str:
    if len(name) <= NAME_MAX:
        return name
    found = _extension(name)
    return (name[: NAME_MAX - len(found)] + found).rstrip(".")


def _extension(name: str) -> str:
    start = name.rfind(".")
    if start < 0:
        return ""
    if name[:start].endswith(".tar"):
        start -= len(".tar")
    found = name[start:]
    return found if _EXTENSION.fullmatch(found) else ""
