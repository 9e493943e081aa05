"""What the C library keeps of freed memory: little, and given back when there is nothing to do."""

import ctypes
from typing import Final

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of mallopt(3)."""

_ARENAS: Final = 2


def keep_little() -> None:
    """Let threads share two arenas; each further one keeps what its largest message once took."""
    if (mallopt := _named("mallopt")) is not None:
        mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return to the system what is free (malloc_trim(3)); a few milliseconds."""
    if (malloc_trim := _named("malloc_trim")) is not None:
        malloc_trim(0)


def _named(name: str) -> "ctypes._FuncPointer | None":
    """Return a function of the C library; only glibc has these."""
    try:
        found: ctypes._FuncPointer = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found
